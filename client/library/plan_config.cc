#include <memory>
#include <string>

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

// Compares the weights of one case with what its configuration implies.
absl::Status CheckAgainstConfig(const Directory& folder, const SmokeCase& smoke, const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(std::string config, ReadText(folder, smoke.config_path, limits::kConfigBytesMax));
  absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(config);
  if (absl::IsUnimplemented(model.status())) {
    operation.Warn(
        fmt::format("{}: {}; its tensors were not compared with it", smoke.config_path, Message(model.status())));
    return absl::OkStatus();
  }
  if (!model.ok()) return AsRefusal(model.status(), smoke.config_path);
  absl::StatusOr<WeightSet> weights = WeightSet::Open(folder, smoke.weights_path);
  if (!weights.ok()) return AsRefusal(weights.status(), smoke.weights_path);
  return AsRefusal(BindTensors(**model, weights->tensors()).status(),
                   fmt::format("{} does not agree with {}", smoke.weights_path, smoke.config_path));
}

}  // namespace

absl::Status PlanConfigs(const Directory& folder, const Operation& operation, PublishPlan* plan) {
  for (const SmokeCase& smoke : DiscoverSmokeCases(plan->Paths())) {
    PLUMB_RETURN_IF_ERROR(operation.Check());
    if (smoke.config_path == smoke.weights_path) continue;  // Both are one, and were read with the weights.
    PLUMB_RETURN_IF_ERROR(CheckAgainstConfig(folder, smoke, operation));
  }
  return absl::OkStatus();
}

}  // namespace plumb
