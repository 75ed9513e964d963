#include "plumb/client/smoke.h"

#include "client/library/folder_record.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/release_folder.h"

namespace plumb {
namespace {

// The cases that a pulled folder's manifest records, as far as their files were selected.
std::vector<SmokeCase> RecordedCases(const v1::Manifest& manifest) {
  std::vector<SmokeCase> cases;
  for (const v1::SmokeCase& smoke : manifest.smoke_cases()) {
    cases.push_back({.name = smoke.name(),
                     .config_path = smoke.config_path(),
                     .weights_path = smoke.weights_path(),
                     .golden_path = smoke.golden_path()});
  }
  return cases;
}

absl::StatusOr<std::vector<SmokeCase>> FindCases(const std::string& path, const Directory& folder) {
  absl::StatusOr<ReleaseFolder> release = ReleaseFolder::Open(path);
  std::vector<SmokeCase> cases;
  if (release.ok()) {
    cases = RecordedCases(release->manifest().manifest);
  } else if (!absl::IsNotFound(release.status())) {
    return release.status();
  }
  if (cases.empty()) {
    PLUMB_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> entries, folder.List({kRecordFolder, ".git"}));
    std::vector<std::string> paths;
    for (const DirectoryEntry& entry : entries) paths.push_back(entry.path);
    cases = DiscoverSmokeCases(paths);
  }
  if (cases.empty()) {
    return NotFound(fmt::format("{} has nothing to run: expected config.json beside model.safetensors", path));
  }
  return cases;
}

}  // namespace

absl::StatusOr<SmokeReport> SmokeFolder(const std::string& path, const std::vector<std::string>& backends,
                                        const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(Directory folder, Directory::Open(path));
  PLUMB_ASSIGN_OR_RETURN(std::vector<SmokeCase> cases, FindCases(path, folder));
  SmokeOptions options;
  options.backends = backends;
  options.progress = [&operation](std::string_view name, std::string_view backend) {
    operation.Report(
        {.phase = "smoke", .item = fmt::format("{} on {}", name, backend), .done_bytes = 0, .total_bytes = 0});
  };
  if (operation.cancellation != nullptr) options.cancelled = &operation.cancellation->flag();
  return RunSmokeCheck(folder, cases, options);
}

}  // namespace plumb
