#include "verify/inference/backends/host_weights.h"

#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// The row that an id names, or a negative number when there is none.
int64_t RowOf(int64_t id, int64_t rows, bool wrap) {
  if (wrap && id < 0) id += rows;
  return id < rows ? id : -1;
}

}  // namespace

absl::Status NoMemory(const Node& node) {
  return absl::ResourceExhaustedError(
      fmt::format("no memory for \"{}\", a tensor of shape {}", node.name, ShapeText(node.shape)));
}

HostWeights::HostWeights(const HostPlan& plan, const PlanOptions& options, MemoryMeter& meter) : meter_(meter) {
  uint64_t total = 0;
  for (const Node& node : plan.graph.nodes()) {
    if (node.op == OpKind::kWeight) total += ResultBytes(node);
  }
  keep_ = total <= options.kept_weights_bytes_max;
}

void HostWeights::Begin(const WeightSource* source) {
  if (source != source_) kept_.clear();
  source_ = source;
}

absl::StatusOr<LoadedWeight> HostWeights::Load(const Node& weight) {
  if (source_ == nullptr) return InvalidArgument("the run was given no weights");
  if (auto kept = kept_.find(weight.name); kept != kept_.end()) return LoadedWeight(kept->second.floats());
  PLUMB_ASSIGN_OR_RETURN(std::span<const float> view, source_->View(weight.name));
  if (!view.empty() && view.size() == *ElementCount(weight.shape)) return LoadedWeight(view);
  HostBuffer buffer(ResultBytes(weight), meter_);
  if (buffer.data() == nullptr) return NoMemory(weight);
  PLUMB_RETURN_IF_ERROR(source_->Load(weight.name, buffer.floats()));
  if (!keep_) return LoadedWeight(std::move(buffer));
  return LoadedWeight(kept_.emplace(weight.name, std::move(buffer)).first->second.floats());
}

absl::StatusOr<LoadedWeight> HostWeights::LoadRows(const Node& weight, const HostTensor& ids, const Node& gather,
                                                   std::vector<int32_t>& row_ids) {
  if (source_ == nullptr) return InvalidArgument("the run was given no weights");
  const auto rows = static_cast<int64_t>(weight.shape[0]);
  const bool wrap = std::get<GatherAttributes>(gather.attributes).wrap;
  const uint64_t count = ids.view.count();
  const uint64_t width = count == 0 ? 0 : *ElementCount(gather.shape) / count;
  HostBuffer buffer(ResultBytes(gather), meter_);
  if (buffer.data() == nullptr) return NoMemory(gather);
  for (uint64_t i = 0; i < count; ++i) {
    const int64_t id = ids.view.type == ElementType::kI64 ? ids.view.As<int64_t>()[i] : ids.ids[i];
    const int64_t row = RowOf(id, rows, wrap);
    if (row < 0) {
      return Annotate(InvalidArgument(fmt::format("id {} at position {} lies outside a table of {} rows", id, i, rows)),
                      fmt::format("{} \"{}\"", OpName(gather.op), gather.name));
    }
    PLUMB_RETURN_IF_ERROR(
        source_->LoadPart(weight.name, static_cast<uint64_t>(row) * width, buffer.floats().subspan(i * width, width)));
    row_ids.push_back(static_cast<int32_t>(i));
  }
  return LoadedWeight(std::move(buffer));
}

}  // namespace plumb
