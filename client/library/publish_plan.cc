#include "client/library/publish_plan.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"

namespace plumb {
std::vector<ByteRange> PlannedFile::TensorRanges() const {
  std::vector<ByteRange> ranges;
  for (const v1::Tensor& tensor : tensors) ranges.push_back({tensor.begin(), tensor.end()});
  return ranges;
}

std::vector<std::string> PublishPlan::Paths() const {
  std::vector<std::string> paths;
  for (const PlannedFile& file : files) paths.push_back(file.path);
  return paths;
}

bool PublishPlan::Has(std::string_view path) const {
  return std::any_of(files.begin(), files.end(), [&](const PlannedFile& file) { return file.path == path; });
}

absl::Status AsRefusal(const absl::Status& status, std::string_view path) {
  if (status.ok()) return status;
  absl::Status annotated = Annotate(status, path);
  return ErrorClassOf(status) == ErrorClass::kNone ? WithErrorClass(annotated, ErrorClass::kPolicy) : annotated;
}

absl::StatusOr<PublishPlan> PlanPublish(const Directory& folder, const PublishOptions& options,
                                        const Operation& operation) {
  PublishPlan plan;
  v1::Manifest& manifest = plan.manifest;
  manifest.set_schema_version(1);
  manifest.set_model(options.reference.model);
  manifest.set_version(options.reference.version);
  // What is cheap comes first, and everything before a byte is sent: a version is never spent on a mistake.
  PLUMB_RETURN_IF_ERROR(PlanFiles(folder, options, &plan));
  PLUMB_RETURN_IF_ERROR(PlanSecrets(folder, options, operation, &plan));
  PLUMB_RETURN_IF_ERROR(PlanDocuments(folder, options, operation, &plan));
  PLUMB_RETURN_IF_ERROR(PlanRecipe(folder, options, operation, &plan));
  PLUMB_RETURN_IF_ERROR(PlanStandIns(folder, operation, &plan));
  if (!options.allow_incomplete) PLUMB_RETURN_IF_ERROR(SettleIncomplete(options, operation, plan));
  PLUMB_RETURN_IF_ERROR(PlanWeights(folder, operation, &plan));
  PLUMB_RETURN_IF_ERROR(PlanTokenizers(folder, operation, &plan));
  PLUMB_RETURN_IF_ERROR(SettleIncomplete(options, operation, plan));
  PLUMB_RETURN_IF_ERROR(PlanKind(folder, options, operation, &plan));
  PLUMB_RETURN_IF_ERROR(PlanBaseModels(folder, &plan));
  // What is not all there is neither compared nor run.
  if (plan.incomplete.empty()) {
    PLUMB_RETURN_IF_ERROR(PlanConfigs(folder, operation, &plan));
    PLUMB_RETURN_IF_ERROR(SettleIncomplete(options, operation, plan));
    if (options.smoke && plan.incomplete.empty()) PLUMB_RETURN_IF_ERROR(PlanSmokeCases(folder, operation, &plan));
  }
  std::sort(plan.files.begin(), plan.files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return plan;
}

}  // namespace plumb
