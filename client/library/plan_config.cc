#include <set>
#include <string>

#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/inference/smoke.h"

namespace plumb {

// What is not understood is no contradiction: it is named, once for all weights of a configuration, and published.
absl::Status PlanConfigs(const Directory& folder, const Operation& operation, PublishPlan* plan) {
  std::set<std::string> named;
  for (const SmokeCase& smoke : DiscoverSmokeCases(plan->Paths())) {
    PLUMB_RETURN_IF_ERROR(operation.Check());
    if (smoke.config_path == smoke.weights_path) continue;  // Both are one, and were read with the weights.
    const absl::Status checked = CheckCanRun(folder, smoke);
    if (checked.ok()) continue;
    if (absl::IsNotFound(checked)) {
      plan->incomplete.push_back({smoke.config_path, fmt::format("needs what is not there: {}", Message(checked)),
                                  "download or save it too"});
      continue;
    }
    if (!absl::IsUnimplemented(checked)) {
      return ErrorClassOf(checked) == ErrorClass::kNone ? WithErrorClass(checked, ErrorClass::kPolicy) : checked;
    }
    plan->not_understood.insert(smoke.weights_path);
    if (!named.insert(std::string(Message(checked))).second) continue;
    operation.Warn(
        fmt::format("not understood: {}; published without comparing the weights with it, and without a smoke check",
                    Message(checked)));
  }
  return absl::OkStatus();
}

}  // namespace plumb
