#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "plumb/base/refuse.h"

namespace plumb {
namespace {

// Files named in one message.
constexpr size_t kFilesMax = 3;

std::string Others(const std::vector<IncompleteFile>& files) {
  if (files.size() < 2) return "";
  std::string others = " (so ";
  for (size_t i = 1; i < files.size() && i <= kFilesMax; ++i) {
    others += fmt::format("{}{}", i == 1 ? "" : ", ", files[i].path);
  }
  if (files.size() > kFilesMax + 1) others += fmt::format(" and {} more", files.size() - kFilesMax - 1);
  return others + (files.size() == 2 ? " is not whole either)" : " are not whole either)");
}

}  // namespace

absl::Status SettleIncomplete(const PublishOptions& options, const Operation& operation, const PublishPlan& plan) {
  if (plan.incomplete.empty()) return absl::OkStatus();
  if (!options.allow_incomplete) {
    const IncompleteFile& first = plan.incomplete.front();
    return RefusedFile(fmt::format("{} {}{}; {}, or publish it as it is with --allow-incomplete", first.path,
                                   first.what, Others(plan.incomplete), first.mend));
  }
  for (const IncompleteFile& file : plan.incomplete) operation.Warn(fmt::format("{} {}", file.path, file.what));
  operation.Warn("published as it is: nothing was compared with config.json, and no smoke case is recorded");
  return absl::OkStatus();
}

}  // namespace plumb
