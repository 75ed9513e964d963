#include <algorithm>
#include <new>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/host_kernels.h"
#include "verify/inference/onnx/emitter.h"

namespace plumb::onnx {
namespace {

// Operations of one operator, roughly: what InferShape accepted can still be far too much.
double CostOf(const Node& node, const std::vector<Known>& operands) {
  const double results = static_cast<double>(ElementCount(node.shape).value_or(0));
  double cost = results;
  for (const Known& operand : operands) cost += static_cast<double>(ElementCount(operand->shape).value_or(0));
  const bool product = node.op == OpKind::kMatMul || node.op == OpKind::kConv || node.op == OpKind::kConvTranspose;
  if (product && !operands[1]->shape.empty()) {
    const Shape& b = operands[1]->shape;
    double width = 1;
    for (uint64_t size : b) width *= static_cast<double>(std::max<uint64_t>(size, 1));
    cost += results * width / static_cast<double>(std::max<uint64_t>(node.op == OpKind::kMatMul ? b.back() : b[0], 1));
  }
  if (const auto* pool = std::get_if<PoolAttributes>(&node.attributes)) {
    double window = 1;
    for (uint64_t size : pool->window.kernel) window *= static_cast<double>(size);
    cost += results * window;
  }
  if (node.op == OpKind::kResize) cost *= 64;
  return cost;
}

}  // namespace

bool Emitter::Charge(uint64_t bytes, double cost) {
  known_bytes_ += bytes;
  known_cost_ += cost;
  if (known_bytes_ <= options_.known_bytes_max && known_cost_ <= options_.known_cost_max) return true;
  SetStatus(absl::ResourceExhaustedError("too much would have to be computed to make the graph"));
  return false;
}

Known Emitter::Compute(const Node& node, const std::vector<Known>& operands) {
  const uint64_t bytes = ResultBytes(node);
  if (!Charge(bytes, CostOf(node, operands))) return nullptr;
  TensorValue result = {node.type, node.shape, {}};
  try {
    result.bytes.resize(bytes);
  } catch (const std::bad_alloc&) {
    SetStatus(absl::ResourceExhaustedError("no memory"));
    return nullptr;
  }
  std::vector<HostTensor> tensors;
  for (const Known& operand : operands) tensors.push_back(HostTensor::Of(operand->shape, operand->view()));
  if (node.op == OpKind::kReshape) {
    result.bytes = operands[0]->bytes;
  } else if (bytes > 0) {
    absl::Status status =
        ReferenceKernels().Compute(node, tensors, HostOutput::Of(node.shape, node.type, result.bytes));
    if (!status.ok()) {
      SetStatus(std::move(status));
      return nullptr;
    }
  }
  return std::make_shared<const TensorValue>(std::move(result));
}

Known Emitter::Leaf(const Node& node) {
  if (node.op == OpKind::kConstant) return std::get<ConstantAttributes>(node.attributes).value;
  if (node.op == OpKind::kInput) {
    specialised_on_.insert(node.name);
    auto found = inputs_.find(node.name);
    if (found != inputs_.end()) return std::make_shared<const TensorValue>(found->second);
    Fail(fmt::format("input \"{}\" is not there", node.name));
    return nullptr;
  }
  const uint64_t bytes = ResultBytes(node);
  if (!Charge(bytes, 0)) return nullptr;
  TensorValue value = {node.type, node.shape, std::vector<uint8_t>(bytes)};
  absl::Status status = weights_.Load(node.name, {reinterpret_cast<float*>(value.bytes.data()), bytes / sizeof(float)});
  SetStatus(std::move(status));
  return ok() ? std::make_shared<const TensorValue>(std::move(value)) : nullptr;
}

// Computes a node whose operands were computed. False after an error.
bool Emitter::EvaluateNode(ValueId id) {
  const Node& node = nodes_[id];
  Known value;
  if (node.inputs.empty()) {
    value = Leaf(node);
  } else {
    std::vector<Known> operands;
    for (ValueId input : node.inputs) operands.push_back(evaluated_.at(input));
    value = Compute(node, operands);
  }
  if (!value) return false;
  evaluated_[id] = std::move(value);
  return true;
}

Known Emitter::Evaluate(const Value& x) {
  if (!ok()) return nullptr;
  if (!x.present || x.sequence) {
    Fail("an operand is no tensor, or is left out");
    return nullptr;
  }
  if (x.known) return x.known;
  std::vector<ValueId> pending = {x.id};
  while (!pending.empty()) {
    const ValueId id = pending.back();
    if (evaluated_.contains(id)) {
      pending.pop_back();
      continue;
    }
    const size_t before = pending.size();
    for (ValueId input : nodes_[id].inputs) {
      if (!evaluated_.contains(input)) pending.push_back(input);
    }
    if (pending.size() != before) continue;
    if (!EvaluateNode(id)) return nullptr;
    pending.pop_back();
  }
  return evaluated_.at(x.id);
}

std::vector<int64_t> Emitter::Integers(const Value& x) {
  if (IsFloat(x.type)) {
    Fail("numbers that say where or how many are not integers");
    return {};
  }
  Known value = Evaluate(x);
  if (!value) return {};
  value = Evaluate(Cast(ElementType::kI64, Constant(value)));
  if (!value) return {};
  std::span<const int64_t> values = value->As<int64_t>();
  return {values.begin(), values.end()};
}

std::vector<double> Emitter::Numbers(const Value& x) {
  Known value = Evaluate(x);
  if (!value) return {};
  constexpr ElementType kWide = ElementType::kF64;
  const Node node = {.op = OpKind::kCast, .attributes = CastAttributes{kWide}, .shape = value->shape, .type = kWide};
  value = Compute(node, {value});
  if (!value) return {};
  std::span<const double> values = value->As<double>();
  return {values.begin(), values.end()};
}

}  // namespace plumb::onnx
