#include "verify/inference/onnx/emitter.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::onnx {
namespace {

// What is known stays known up to this size; larger results are nodes of the graph.
constexpr uint64_t kFoldedBytesMax = 1u << 20;

}  // namespace

uint64_t Value::count() const { return ElementCount(shape).value_or(0); }

void Emitter::SetName(std::string name) {
  name_ = std::move(name);
  names_ = 0;
}

std::string Emitter::NextName() {
  ++names_;
  return names_ == 1 ? name_ : fmt::format("{}/{}", name_, names_);
}

absl::Status Emitter::status() const { return status_.ok() ? builder_.status() : status_; }

Value Emitter::Placeholder() const {
  Value value;
  value.present = true;
  value.known = std::make_shared<TensorValue>(TensorValue{ElementType::kF32, {}, std::vector<uint8_t>(4)});
  return value;
}

void Emitter::SetStatus(absl::Status status) {
  if (ok() && !status.ok()) status_ = Annotate(status, name_);
}

Value Emitter::Fail(std::string_view why) {
  SetStatus(InvalidArgument(std::string(why)));
  return Placeholder();
}

Value Emitter::Unsupported(std::string_view why) {
  SetStatus(absl::UnimplementedError(std::string(why)));
  return Placeholder();
}

Value Emitter::Input(const std::string& name, ElementType type, const Shape& shape) {
  const ValueId id = builder_.Input(name, type, shape);
  Keep(id, {.op = OpKind::kInput, .name = name, .shape = shape, .type = type});
  return {.present = true, .type = type, .shape = shape, .id = id};
}

Value Emitter::Weight(const std::string& name, const Shape& shape) {
  const ValueId id = builder_.Weight(name, shape);
  Keep(id, {.op = OpKind::kWeight, .name = name, .shape = shape});
  return {.present = true, .type = ElementType::kF32, .shape = shape, .id = id};
}

Value Emitter::Constant(Known value) {
  return {.present = true, .type = value->type, .shape = value->shape, .known = std::move(value)};
}

Value Emitter::Constant(TensorValue value) {
  const std::optional<uint64_t> count = ElementCount(value.shape);
  if (!count || *count * ElementBytes(value.type) != value.bytes.size())
    return Fail("a constant does not fit its shape");
  if (!Charge(value.bytes.size(), static_cast<double>(*count))) return Placeholder();
  return Constant(std::make_shared<const TensorValue>(std::move(value)));
}

void Emitter::Keep(ValueId id, Node node) {
  if (!ok()) return;
  if (id >= nodes_.size()) nodes_.resize(id + 1);
  nodes_[id] = std::move(node);
}

Value Emitter::Scalar(ElementType type, double number) { return Table(type, {number}, {}); }

Value Emitter::Table(ElementType type, const std::vector<double>& values, Shape shape) {
  return Cast(type, List<double>(values, std::move(shape)));
}

ValueId Emitter::IdOf(const Value& value) {
  if (value.id != Value::kNone || !value.known) return value.id;
  auto [found, added] = constants_.try_emplace(value.known.get(), Value::kNone);
  if (!added) return found->second;
  const ConstantAttributes constant = {value.known};
  found->second = builder_.Constant(NextName() + ".constant", constant);
  Keep(found->second, {.op = OpKind::kConstant, .attributes = constant, .shape = value.shape, .type = value.type});
  return found->second;
}

Value Emitter::Append(OpKind op, const std::vector<Value>& operands, Attributes attributes) {
  if (!ok()) return Placeholder();
  if (std::holds_alternative<std::monostate>(attributes)) attributes = DefaultAttributes(op);
  std::vector<Node> nodes;
  bool known = true;
  for (const Value& operand : operands) {
    if (!operand.present || operand.sequence) return Fail("an operand is no tensor, or is left out");
    nodes.push_back({.shape = operand.shape, .type = operand.type});
    known = known && operand.known;
  }
  std::vector<const Node*> pointers;
  for (const Node& node : nodes) pointers.push_back(&node);
  absl::StatusOr<Shape> shape = InferShape(op, attributes, pointers);
  if (!shape.ok()) return Fail(fmt::format("{}: {}", OpName(op), Message(shape.status())));
  absl::StatusOr<ElementType> type = InferType(op, attributes, pointers);
  if (!type.ok()) return Fail(fmt::format("{}: {}", OpName(op), Message(type.status())));
  const std::optional<uint64_t> count = ElementCount(*shape);
  if (!count) return Fail(fmt::format("{}: a result of shape {} is too large", OpName(op), ShapeText(*shape)));
  Value result = {.present = true, .type = *type, .shape = *std::move(shape)};
  Node node = {.op = op, .attributes = std::move(attributes), .shape = result.shape, .type = result.type};
  if (known && *count * ElementBytes(*type) <= kFoldedBytesMax) {
    std::vector<Known> values;
    for (const Value& operand : operands) values.push_back(operand.known);
    result.known = Compute(node, values);
    return result.known ? result : Placeholder();
  }
  for (const Value& operand : operands) node.inputs.push_back(IdOf(operand));
  result.id = builder_.Append(op, NextName(), node.inputs, node.attributes);
  Keep(result.id, std::move(node));
  return ok() ? result : Placeholder();
}

absl::StatusOr<Graph> Emitter::Build(const std::vector<Value>& outputs) {
  std::vector<ValueId> ids;
  for (const Value& output : outputs) ids.push_back(IdOf(output));
  PLUMB_RETURN_IF_ERROR(status());
  return builder_.Build(std::move(ids));
}

Value Emitter::Unary(UnaryFunction function, const Value& x, double alpha, double beta) {
  return Append(OpKind::kUnary, {x}, UnaryAttributes{function, alpha, beta});
}

Value Emitter::Binary(BinaryFunction function, const Value& a, const Value& b) {
  return Append(OpKind::kBinary, {a, b}, BinaryAttributes{function});
}

Value Emitter::Where(const Value& condition, const Value& x, const Value& y) {
  return Append(OpKind::kWhere, {condition, x, y});
}

Value Emitter::Cast(ElementType type, const Value& x) {
  return x.type == type && x.present && !x.sequence ? x : Append(OpKind::kCast, {x}, CastAttributes{type});
}

Value Emitter::Reshape(const Value& x, Shape shape) {
  return x.shape == shape ? x : Append(OpKind::kReshape, {x}, ReshapeAttributes{std::move(shape)});
}

Value Emitter::Transpose(const Value& x, Axes permutation) {
  if (std::is_sorted(permutation.begin(), permutation.end()) && permutation.size() == x.rank() &&
      (permutation.empty() || permutation.back() + 1 == x.rank())) {
    return x;
  }
  return Append(OpKind::kTranspose, {x}, TransposeAttributes{std::move(permutation)});
}

Value Emitter::Swap(const Value& x, uint32_t a, uint32_t b) {
  if (a >= x.rank() || b >= x.rank()) return Fail("there is no such dimension");
  Axes permutation(x.rank());
  std::iota(permutation.begin(), permutation.end(), 0);
  std::swap(permutation[a], permutation[b]);
  return Transpose(x, std::move(permutation));
}

Value Emitter::Slice(const Value& x, uint32_t axis, int64_t begin, int64_t end, int64_t step) {
  if (begin == 0 && step == 1 && axis < x.rank() && static_cast<uint64_t>(end) == x.shape[axis]) return x;
  return Append(OpKind::kSlice, {x}, SliceAttributes{axis, begin, end, step});
}

Value Emitter::At(const Value& x, uint32_t axis, int64_t at) {
  Value part = Slice(x, axis, at, at + 1);
  if (axis >= part.rank()) return Placeholder();
  Shape shape = part.shape;
  shape.erase(shape.begin() + axis);
  return Reshape(part, std::move(shape));
}

Value Emitter::Concat(uint32_t axis, const std::vector<Value>& parts) {
  return parts.size() == 1 ? parts.front() : Append(OpKind::kConcat, parts, AxisAttributes{axis});
}

Value Emitter::Expand(const Value& x, Shape shape) {
  return x.shape == shape ? x : Append(OpKind::kExpand, {x}, ReshapeAttributes{std::move(shape)});
}

Value Emitter::Pad(const Value& x, PadAttributes pad, const Value& fill) {
  std::vector<Value> operands = {x};
  if (fill.present) operands.push_back(fill);
  return Append(OpKind::kPad, operands, std::move(pad));
}

Value Emitter::Gather(const Value& x, const Value& ids, uint32_t axis, bool wrap) {
  return Append(OpKind::kGather, {x, ids}, GatherAttributes{axis, wrap});
}

Value Emitter::Reduce(ReduceFunction function, const Value& x, Axes axes, bool keep) {
  std::sort(axes.begin(), axes.end());
  return Append(OpKind::kReduce, {x}, ReduceAttributes{function, std::move(axes), keep});
}

Value Emitter::MatMul(Value a, Value b) {
  if (a.rank() == 0 || b.rank() == 0) return Fail("matmul: an operand is a scalar");
  const bool row = a.rank() == 1;
  const bool column = b.rank() == 1;
  if (row) a = Reshape(a, {1, a.shape[0]});
  if (column) b = Reshape(b, {b.shape[0], 1});
  if (a.rank() < 2 || b.rank() < 2) return Placeholder();
  if (b.rank() > 2 && !(a.rank() == b.rank() && std::equal(a.shape.begin(), a.shape.end() - 2, b.shape.begin()))) {
    const Node outer_a = {.shape = {a.shape.begin(), a.shape.end() - 2}};
    const Node outer_b = {.shape = {b.shape.begin(), b.shape.end() - 2}};
    const Node* pair[] = {&outer_a, &outer_b};
    absl::StatusOr<Shape> outer = InferShape(OpKind::kBinary, BinaryAttributes{}, pair);
    if (!outer.ok()) return Fail(fmt::format("matmul: {}", Message(outer.status())));
    Shape shape_a = *outer;
    Shape shape_b = *outer;
    shape_a.insert(shape_a.end(), a.shape.end() - 2, a.shape.end());
    shape_b.insert(shape_b.end(), b.shape.end() - 2, b.shape.end());
    a = Expand(a, shape_a);
    b = Expand(b, shape_b);
  }
  Value product = Append(OpKind::kMatMul, {a, b}, MatMulAttributes{});
  if (!ok()) return Placeholder();
  Shape shape = product.shape;
  if (column) shape.pop_back();
  if (row) shape.erase(shape.end() - (column ? 1 : 2));
  return Reshape(product, std::move(shape));
}

}  // namespace plumb::onnx
