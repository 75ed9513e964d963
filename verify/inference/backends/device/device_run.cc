#include "verify/inference/backends/device/device_run.h"

#include <algorithm>
#include <new>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/device/device_plan.h"
#include "verify/inference/backends/run_inputs.h"

namespace plumb::device {

DeviceRun::DeviceRun(Device& device, const HostPlan& plan, const RunInputs& inputs, DeviceWeights& weights,
                     HostWeights& host_weights, MemoryMeter& meter)
    : device_(device),
      plan_(plan),
      inputs_(inputs),
      weights_(weights),
      host_weights_(host_weights),
      meter_(meter),
      values_(plan.graph.nodes().size()) {}

DeviceRun::~DeviceRun() { device_.Finish().IgnoreError(); }

absl::Status DeviceRun::Step(const HostStep& step) {
  const Node& node = plan_.graph.node(step.node);
  if (inputs_.cancelled != nullptr && inputs_.cancelled->load()) return absl::CancelledError("cancelled");
  if (step.computes()) {
    absl::Status status;
    if (!RunsOnDevice(step)) {
      status = ComputeOnHost(node, step.node);
    } else if (ReadsRows(plan_.graph, node)) {
      status = ReadRows(node, step.node);
    } else {
      status = ComputeOnDevice(node, step.node);
    }
    PLUMB_RETURN_IF_ERROR(status);
  }
  if (inputs_.observer) PLUMB_RETURN_IF_ERROR(Observe(node, step.node));
  for (ValueId id : step.freed_after) {
    values_[id].host.Free();
    values_[id].device.Free();
  }
  return absl::OkStatus();
}

absl::StatusOr<RunResult> DeviceRun::Finish() {
  RunResult result;
  for (ValueId id : plan_.graph.outputs()) {
    const Node& node = plan_.graph.node(id);
    TensorValue value = {node.type, node.shape, {}};
    PLUMB_RETURN_IF_ERROR(CopyOut(node, id, value.bytes));
    meter_.Add(value.bytes.size());
    result.outputs.push_back(std::move(value));
  }
  result.peak_bytes = meter_.peak_bytes();
  for (const TensorValue& output : result.outputs) meter_.Remove(output.bytes.size());
  return result;
}

absl::Status DeviceRun::Allocate(const Node& node, CountedMemory& memory) {
  absl::StatusOr<std::unique_ptr<Memory>> allocated = device_.Allocate(ResultBytes(node));
  if (absl::IsResourceExhausted(allocated.status())) return NoMemory(node);
  PLUMB_RETURN_IF_ERROR(allocated.status());
  memory = CountedMemory(std::move(*allocated), meter_);
  return absl::OkStatus();
}

absl::Status DeviceRun::ComputeOnDevice(const Node& node, ValueId id) {
  std::vector<DeviceWeight> held;  // Freed on return: brought for this operator alone.
  std::vector<Operand> operands;
  for (ValueId input : node.inputs) {
    PLUMB_ASSIGN_OR_RETURN(const Memory* memory, OnDevice(input, held));
    const Node& operand = plan_.graph.node(input);
    operands.push_back({&operand.shape, operand.type, memory});
  }
  PLUMB_RETURN_IF_ERROR(Allocate(node, values_[id].device));
  absl::Status status = Compute(device_, node, operands, {&node.shape, node.type, values_[id].device.get()});
  if (!status.ok()) return Annotate(status, fmt::format("{} \"{}\"", OpName(node.op), node.name));
  // Otherwise the next weights would be decoded while these wait to be used, and memory would hold them all.
  const bool streams = std::any_of(held.begin(), held.end(), [](const DeviceWeight& w) { return w.kept == nullptr; });
  return streams ? device_.Finish() : absl::OkStatus();
}

// Rows of a weight are decoded straight from its file; the device gets them as the result.
absl::Status DeviceRun::ReadRows(const Node& node, ValueId id) {
  std::vector<LoadedWeight> held;
  PLUMB_ASSIGN_OR_RETURN(HostTensor ids, OnHost(node.inputs[1], held));
  HostBuffer rows(ResultBytes(node), meter_);
  if (rows.data() == nullptr) return NoMemory(node);
  absl::Status status = host_weights_.LoadRows(plan_.graph.node(node.inputs[0]), ids, node, rows.floats());
  if (!status.ok()) return Annotate(status, fmt::format("{} \"{}\"", OpName(node.op), node.name));
  PLUMB_RETURN_IF_ERROR(Allocate(node, values_[id].device));
  return device_.Upload(*values_[id].device.get(), rows.bytes());
}

absl::Status DeviceRun::ComputeOnHost(const Node& node, ValueId id) {
  std::vector<LoadedWeight> held;
  std::vector<HostTensor> operands;
  for (ValueId input : node.inputs) {
    PLUMB_ASSIGN_OR_RETURN(HostTensor operand, OnHost(input, held));
    operands.push_back(operand);
  }
  HostBuffer& out = values_[id].host;
  out = HostBuffer(ResultBytes(node), meter_);
  if (out.data() == nullptr) return NoMemory(node);
  absl::Status status = ReferenceKernels().Compute(node, operands, HostOutput::Of(node.shape, node.type, out.bytes()));
  return status.ok() ? status : Annotate(status, fmt::format("{} \"{}\"", OpName(node.op), node.name));
}

absl::StatusOr<const Memory*> DeviceRun::OnDevice(ValueId id, std::vector<DeviceWeight>& held) {
  const Node& node = plan_.graph.node(id);
  if (node.op == OpKind::kWeight) {
    PLUMB_ASSIGN_OR_RETURN(DeviceWeight weight, weights_.Load(node));
    held.push_back(std::move(weight));
    return &held.back().memory();
  }
  if (IsLeaf(node)) {
    CountedMemory& leaf = leaves_[id];
    if (leaf.get() != nullptr) return leaf.get();
    std::vector<LoadedWeight> none;
    PLUMB_ASSIGN_OR_RETURN(HostTensor value, LeafOnHost(node, none));
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Memory> memory, device_.Allocate(value.view.bytes.size()));
    PLUMB_RETURN_IF_ERROR(device_.Upload(*memory, value.view.bytes));
    leaf = CountedMemory(std::move(memory));
    return leaf.get();
  }
  Value& value = values_[plan_.storage[id]];
  if (value.device.get() == nullptr) {
    PLUMB_RETURN_IF_ERROR(Allocate(node, value.device));
    PLUMB_RETURN_IF_ERROR(device_.Upload(*value.device.get(), value.host.bytes()));
  }
  return value.device.get();
}

absl::StatusOr<HostTensor> DeviceRun::OnHost(ValueId id, std::vector<LoadedWeight>& held) {
  const Node& node = plan_.graph.node(id);
  if (IsLeaf(node)) return LeafOnHost(node, held);
  Value& value = values_[plan_.storage[id]];
  if (value.host.data() == nullptr) {
    value.host = HostBuffer(ResultBytes(node), meter_);
    if (value.host.data() == nullptr) return NoMemory(node);
    PLUMB_RETURN_IF_ERROR(device_.Download(*value.device.get(), value.host.bytes()));
  }
  return HostTensor::Of(node.shape, {node.type, value.host.bytes()});
}

absl::StatusOr<HostTensor> DeviceRun::LeafOnHost(const Node& node, std::vector<LoadedWeight>& held) {
  if (node.op == OpKind::kInput) return FindInput(inputs_, node);
  if (node.op == OpKind::kConstant) {
    return HostTensor::Of(node.shape, std::get<ConstantAttributes>(node.attributes).value->view());
  }
  PLUMB_ASSIGN_OR_RETURN(LoadedWeight weight, host_weights_.Load(node, {}, nullptr, 0));
  held.push_back(std::move(weight));
  return HostTensor::Of(node.shape, held.back().view());
}

absl::Status DeviceRun::Observe(const Node& node, ValueId id) {
  const Value& value = values_[plan_.storage[id]];
  if (value.host.data() != nullptr) {
    inputs_.observer(node, {node.type, value.host.bytes()});
    return absl::OkStatus();
  }
  std::vector<uint8_t> bytes;
  PLUMB_RETURN_IF_ERROR(CopyOut(node, id, bytes));
  inputs_.observer(node, {node.type, bytes});
  return absl::OkStatus();
}

absl::Status DeviceRun::CopyOut(const Node& node, ValueId id, std::vector<uint8_t>& bytes) {
  const Value& value = values_[plan_.storage[id]];
  try {
    if (IsLeaf(node)) {
      std::vector<LoadedWeight> held;
      PLUMB_ASSIGN_OR_RETURN(HostTensor leaf, LeafOnHost(node, held));
      bytes.assign(leaf.view.bytes.begin(), leaf.view.bytes.end());
      return absl::OkStatus();
    }
    if (value.host.data() != nullptr) {
      bytes.assign(value.host.bytes().begin(), value.host.bytes().end());
      return absl::OkStatus();
    }
    bytes.resize(ResultBytes(node));
  } catch (const std::bad_alloc&) {
    return NoMemory(node);
  }
  return device_.Download(*value.device.get(), bytes);
}

}  // namespace plumb::device
