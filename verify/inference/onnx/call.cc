#include "verify/inference/onnx/call.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/onnx_limits.h"

namespace plumb::onnx {
namespace {

std::string KeyOf(std::string_view domain, std::string_view name) { return fmt::format("{}:{}", domain, name); }

std::unordered_map<std::string, Handler> MakeTable() {
  std::unordered_map<std::string, Handler> table;
  using Group = std::span<const OpEntry> (*)();
  constexpr Group kGroups[] = {
      ElementwiseOps, LogicOps,         CastOps,     ReductionOps,   ShapeOps,     SliceOps,           IndexOps,
      GeneratorOps,   ProductOps,       EinsumOps,   ConvolutionOps, PoolOps,      QuantizedOps,       ResizeOps,
      SamplingOps,    NormalizationOps, SoftmaxOps,  LossOps,        RecurrentOps, SignalOps,          SelectionOps,
      ControlOps,     SequenceOps,      TrainingOps, ContribOps,     AttentionOps, QuantizedContribOps};
  for (Group group : kGroups) {
    for (const OpEntry& entry : group()) table.emplace(KeyOf(entry.domain, entry.name), entry.handler);
  }
  return table;
}

const Value& Absent() {
  static const Value kAbsent;
  return kAbsent;
}

}  // namespace

const Value* Scope::Find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
    auto found = scope->values.find(name);
    if (found != scope->values.end()) return &found->second;
  }
  return nullptr;
}

Handler FindHandler(std::string_view domain, std::string_view name) {
  static const std::unordered_map<std::string, Handler> kTable = MakeTable();
  auto found = kTable.find(KeyOf(domain, name));
  return found == kTable.end() ? nullptr : found->second;
}

Axes AllAxes(size_t count) {
  Axes axes(count);
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

uint64_t Product(const Shape& shape, size_t begin, size_t end) {
  const size_t last = std::min(end, shape.size());
  if (begin >= last) return 1;
  const Shape part(shape.begin() + static_cast<int64_t>(begin), shape.begin() + static_cast<int64_t>(last));
  return ElementCount(part).value_or(limits::kTensorElementsMax);
}

std::optional<ElementType> ElementTypeFor(OnnxType type) {
  switch (type) {
    case OnnxType::kFloat:
      return ElementType::kF32;
    case OnnxType::kUint8:
    case OnnxType::kUint4:
    case OnnxType::kUint2:
      return ElementType::kU8;
    case OnnxType::kInt8:
    case OnnxType::kInt4:
    case OnnxType::kInt2:
      return ElementType::kI8;
    case OnnxType::kUint16:
      return ElementType::kU16;
    case OnnxType::kInt16:
      return ElementType::kI16;
    case OnnxType::kInt32:
      return ElementType::kI32;
    case OnnxType::kInt64:
      return ElementType::kI64;
    case OnnxType::kBool:
      return ElementType::kBool;
    case OnnxType::kFloat16:
      return ElementType::kF16;
    case OnnxType::kDouble:
      return ElementType::kF64;
    case OnnxType::kUint32:
      return ElementType::kU32;
    case OnnxType::kUint64:
      return ElementType::kU64;
    case OnnxType::kBfloat16:
      return ElementType::kBF16;
    default:
      return std::nullopt;
  }
}

Call::Call(Emitter& emitter, BodyRunner& runner, const Frame& frame, const OnnxNode& call_node, int64_t opset)
    : e(emitter), bodies(runner), node(call_node), version(opset), outputs(call_node.outputs.size()), frame_(frame) {}

const Value& Call::in(size_t i) const { return i < inputs.size() ? inputs[i] : Absent(); }

void Call::Out(size_t i, Value value) {
  if (i < outputs.size()) outputs[i] = std::move(value);
}

const OnnxAttribute* Call::Attribute(std::string_view name) const {
  const OnnxAttribute* found = node.Find(name);
  const Frame* frame = &frame_;
  for (size_t depth = 0; found != nullptr && !found->reference.empty(); ++depth) {
    if (frame->caller == nullptr || depth > limits::kOnnxCallDepthMax) return nullptr;
    const std::string_view wanted = found->reference;
    found = frame->caller->Find(wanted);
    if (found == nullptr && frame->function != nullptr) {
      for (const OnnxAttribute& each : frame->function->defaults) {
        if (each.name == wanted) return &each;
      }
    }
    if (frame->outer == nullptr) break;
    frame = frame->outer;
  }
  return found;
}

int64_t Call::Int(std::string_view name, int64_t otherwise) const {
  const OnnxAttribute* found = Attribute(name);
  return found != nullptr ? found->i : otherwise;
}

double Call::Float(std::string_view name, double otherwise) const {
  const OnnxAttribute* found = Attribute(name);
  return found != nullptr ? found->f : otherwise;
}

std::string_view Call::Text(std::string_view name, std::string_view otherwise) const {
  const OnnxAttribute* found = Attribute(name);
  return found != nullptr ? found->s : otherwise;
}

std::vector<int64_t> Call::Ints(std::string_view name) const {
  const OnnxAttribute* found = Attribute(name);
  return found != nullptr ? found->ints : std::vector<int64_t>();
}

uint32_t Call::Axis(int64_t axis, size_t rank) const {
  const auto size = static_cast<int64_t>(rank);
  if (axis >= -size && axis < size) return static_cast<uint32_t>(axis < 0 ? axis + size : axis);
  e.Fail(fmt::format("there is no dimension {} of {}", axis, rank));
  return 0;
}

uint32_t Call::AxisOf(std::string_view name, int64_t otherwise, const Value& x) const {
  return Axis(Int(name, otherwise), x.rank());
}

Axes Call::AxesOf(const std::vector<int64_t>& axes, size_t rank) const {
  Axes result;
  for (int64_t axis : axes) result.push_back(Axis(axis, rank));
  Axes sorted = result;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) e.Fail("a dimension is named twice");
  return result;
}

bool Call::Need(size_t i, size_t rank) const {
  if (!has(i) || in(i).sequence) {
    e.Fail(fmt::format("operand {} is no tensor, or is left out", i));
  } else if (in(i).rank() < rank) {
    e.Fail(fmt::format("operand {} has shape {}, expected at least {} dimensions", i, ShapeText(in(i).shape), rank));
  }
  return e.ok();
}

}  // namespace plumb::onnx
