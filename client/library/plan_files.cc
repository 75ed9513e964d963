#include <algorithm>

#include "client/library/folder_text.h"
#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "plumb/base/ignore_rules.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/publish_limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr char kIgnoreFile[] = ".plumbignore";

// The defaults, the folder's own rules and the call's, the later ones winning.
absl::StatusOr<IgnoreRules> RulesFor(const Directory& folder, const PublishOptions& options) {
  IgnoreRules rules = LeftOutByDefault();
  absl::StatusOr<std::string> text = ReadText(folder, kIgnoreFile, limits::kIgnoreFileBytesMax);
  if (!text.ok() && !absl::IsNotFound(text.status())) return text.status();
  if (text.ok()) PLUMB_RETURN_IF_ERROR(WithErrorClass(rules.Add(*text, kIgnoreFile), ErrorClass::kPolicy));
  for (const std::string& glob : options.exclude) {
    PLUMB_RETURN_IF_ERROR(WithErrorClass(rules.Add(glob, "--exclude"), ErrorClass::kUsage));
  }
  return rules;
}

bool IsIncluded(const PublishOptions& options, const std::string& path) {
  return options.include.empty() || std::any_of(options.include.begin(), options.include.end(),
                                                [&](const std::string& glob) { return GlobMatches(glob, path); });
}

// What every folder may hold and nobody needs to be told of.
bool GoesWithoutSaying(const std::string& path) { return path == ".git" || path == ".plumb" || path == kIgnoreFile; }

}  // namespace

absl::Status PlanFiles(const Directory& folder, const PublishOptions& options, PublishPlan* plan) {
  PLUMB_ASSIGN_OR_RETURN(IgnoreRules rules, RulesFor(folder, options));
  auto leaves_out = [&](const std::string& path, bool is_folder) {
    // A pulled folder's own record is never part of a release.
    const bool out = path == ".plumb" || rules.LeavesOut(path, is_folder);
    if (out && !GoesWithoutSaying(path)) plan->left_out.push_back(path + (is_folder ? "/" : ""));
    return out;
  };
  PLUMB_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> entries, ListFolder(folder, leaves_out));
  std::sort(plan->left_out.begin(), plan->left_out.end());
  for (DirectoryEntry& entry : entries) {
    if (!IsIncluded(options, entry.path)) continue;
    plan->files.push_back({.path = std::move(entry.path),
                           .size_bytes = entry.size_bytes,
                           .generated = {},
                           .tensors = {},
                           .big_endian = {}});
  }
  if (plan->files.empty()) {
    return InvalidArgument(fmt::format("{} holds no files{}", folder.path(),
                                       entries.empty() && plan->left_out.empty() ? "" : " that are not left out"));
  }
  if (plan->files.size() > limits::kFilesPerReleaseMax) {
    return OutOfRange(fmt::format("{} holds {} files, a release has at most {}", folder.path(), plan->files.size(),
                                  limits::kFilesPerReleaseMax));
  }
  return WithErrorClass(Annotate(ValidatePathSet(plan->Paths()), folder.path()), ErrorClass::kPolicy);
}

}  // namespace plumb
