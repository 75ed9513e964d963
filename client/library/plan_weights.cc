#include <memory>

#include "client/library/folder_text.h"
#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/inference/architecture.h"
#include "plumb/inference/smoke.h"
#include "plumb/weights/weight_set.h"

namespace plumb {
namespace {

absl::Status Refused(const absl::Status& status, std::string_view path) {
  if (status.ok()) return status;
  absl::Status annotated = Annotate(status, path);
  return ErrorClassOf(status) == ErrorClass::kNone ? WithErrorClass(annotated, ErrorClass::kPolicy) : annotated;
}

absl::Status PlanContainer(const Directory& folder, PlannedFile* file) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder.OpenFile(file->path));
  absl::StatusOr<SafetensorsHeader> header = SafetensorsHeader::Read(fd.get(), file->path);
  if (!header.ok()) return Refused(header.status(), file->path);
  for (const TensorInfo& info : header->tensors()) {
    v1::Tensor tensor;
    tensor.set_name(info.name);
    tensor.set_dtype(std::string(DTypeName(info.dtype)));
    tensor.mutable_shape()->Assign(info.shape.begin(), info.shape.end());
    tensor.set_begin(info.begin);
    tensor.set_end(info.end);
    file->tensors.push_back(std::move(tensor));
  }
  return absl::OkStatus();
}

// Compares the weights of one case with what its configuration implies.
absl::Status CheckAgainstConfig(const Directory& folder, const SmokeCase& smoke, const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(std::string config, ReadText(folder, smoke.config_path, limits::kConfigBytesMax));
  absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(config);
  if (absl::IsUnimplemented(model.status())) {
    operation.Warn(
        fmt::format("{}: {}; its tensors were not compared with it", smoke.config_path, Message(model.status())));
    return absl::OkStatus();
  }
  if (!model.ok()) return Refused(model.status(), smoke.config_path);
  absl::StatusOr<WeightSet> weights = WeightSet::Open(folder, smoke.weights_path);
  if (!weights.ok()) return Refused(weights.status(), smoke.weights_path);
  return Refused(BindTensors(**model, weights->tensors()).status(),
                 fmt::format("{} does not agree with {}", smoke.weights_path, smoke.config_path));
}

}  // namespace

absl::Status PlanWeights(const Directory& folder, const Operation& operation, PublishPlan* plan) {
  for (PlannedFile& file : plan->files) {
    PLUMB_RETURN_IF_ERROR(operation.Check());
    operation.Report({.phase = "check", .item = file.path, .done_bytes = 0, .total_bytes = 0});
    if (file.path.ends_with(".safetensors")) PLUMB_RETURN_IF_ERROR(PlanContainer(folder, &file));
    if (file.path.ends_with(".safetensors.index.json")) {
      absl::StatusOr<WeightSet> weights = WeightSet::Open(folder, file.path);
      if (!weights.ok()) return Refused(weights.status(), file.path);
    }
  }
  for (const SmokeCase& smoke : DiscoverSmokeCases(plan->Paths())) {
    PLUMB_RETURN_IF_ERROR(CheckAgainstConfig(folder, smoke, operation));
  }
  return absl::OkStatus();
}

}  // namespace plumb
