#include "verify/inference/backends/host_weights.h"

#include <optional>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// The row that an id names, or a negative number when there is none.
int64_t RowOf(int64_t id, int64_t rows, bool wrap) {
  if (wrap && id < 0) id += rows;
  return id < rows ? id : -1;
}

absl::Status NoWeights() { return InvalidArgument("the run was given no weights"); }

}  // namespace

absl::Status NoMemory(const Node& node) {
  return absl::ResourceExhaustedError(
      fmt::format("no memory for \"{}\", a tensor of shape {}", node.name, ShapeText(node.shape)));
}

void HostWeights::Begin(const WeightSource* source) {
  if (source != source_) kept_.clear();
  source_ = source;
}

absl::StatusOr<DecodedWeight> HostWeights::Decode(const Node& weight, const WeightForm& form) {
  if (decoder_ != nullptr) {
    std::optional<absl::StatusOr<DecodedWeight>> ahead = decoder_->Take(weight, form);
    if (ahead) return *std::move(ahead);
  }
  PLUMB_ASSIGN_OR_RETURN(DecodedWeight room, MakeRoom(*source_, weight, form, meter_));
  PLUMB_RETURN_IF_ERROR(FillRoom(*source_, weight, form, room));
  return room;
}

absl::StatusOr<LoadedWeight> HostWeights::Load(const Node& weight, const WeightForm& form, const PreparedOp* op,
                                               size_t index) {
  if (source_ == nullptr) return NoWeights();
  if (auto kept = kept_.find({weight.name, form}); kept != kept_.end()) {
    const uint64_t plain_bytes = *ElementCount(weight.shape) * ElementBytes(form.type);
    const TensorView view = {form.type,
                             form.packed_bytes > 0 ? kept->second.bytes() : kept->second.bytes().first(plain_bytes)};
    return LoadedWeight(HostBuffer(), view, source_, nullptr);
  }
  PLUMB_ASSIGN_OR_RETURN(DecodedWeight decoded, Decode(weight, form));
  if (keep_) return Keep(weight, form, std::move(decoded), op, index);
  const std::string* viewed = decoded.viewed() ? &weight.name : nullptr;
  const TensorView view = decoded.view;
  return LoadedWeight(std::move(decoded.buffer), view, source_, viewed);
}

absl::StatusOr<LoadedWeight> HostWeights::Keep(const Node& weight, const WeightForm& form, DecodedWeight decoded,
                                               const PreparedOp* op, size_t index) {
  TensorView view = decoded.view;
  if (form.packed_bytes > 0) {
    HostBuffer packed(form.packed_bytes, meter_);
    if (packed.data() == nullptr) return NoMemory(weight);
    PLUMB_RETURN_IF_ERROR(op->Pack(index, HostTensor::Of(weight.shape, view), packed.bytes()));
    if (decoded.viewed()) source_->Release(weight.name);
    decoded.buffer = std::move(packed);
    view = {form.type, decoded.buffer.bytes()};
  }
  if (!decoded.viewed()) kept_.emplace(Key(weight.name, form), std::move(decoded.buffer));
  return LoadedWeight(HostBuffer(), view, source_, nullptr);
}

absl::Status HostWeights::Prefetch(const Node& weight, const WeightForm& form) {
  if (source_ == nullptr) return NoWeights();
  if (decoder_ == nullptr) decoder_ = std::make_unique<WeightDecoder>(*source_);
  if (decoder_->Holds(weight, form)) return absl::OkStatus();
  PLUMB_ASSIGN_OR_RETURN(DecodedWeight room, MakeRoom(*source_, weight, form, meter_));
  decoder_->Add(weight, form, std::move(room));
  return absl::OkStatus();
}

absl::Status HostWeights::LoadRows(const Node& weight, const HostTensor& ids, const Node& gather,
                                   std::span<float> out) const {
  if (source_ == nullptr) return NoWeights();
  const auto rows = static_cast<int64_t>(weight.shape[0]);
  const bool wrap = std::get<GatherAttributes>(gather.attributes).wrap;
  const uint64_t count = ids.view.count();
  const uint64_t width = count == 0 ? 0 : out.size() / count;
  for (uint64_t i = 0; i < count; ++i) {
    const int64_t id = ids.view.type == ElementType::kI64 ? ids.view.As<int64_t>()[i] : ids.ids[i];
    const int64_t row = RowOf(id, rows, wrap);
    if (row < 0)
      return InvalidArgument(fmt::format("id {} at position {} lies outside a table of {} rows", id, i, rows));
    PLUMB_RETURN_IF_ERROR(
        source_->LoadPart(weight.name, static_cast<uint64_t>(row) * width, out.subspan(i * width, width)));
  }
  return absl::OkStatus();
}

}  // namespace plumb
