#include "plumb/client/smoke.h"

#include "client/library/folder_record.h"
#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "plumb/client/release_folder.h"
#include "plumb/tokenizer/tokenizer.h"

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

SmokeOptions OptionsFor(const SmokeRequest& request, const Operation& operation) {
  SmokeOptions options;
  options.backends = request.backends;
  options.positions = request.positions;
  options.prompt = request.prompt;
  options.open_tokenizer = &OpenTokenizer;
  options.progress = [&operation](std::string_view name, std::string_view backend) {
    operation.Report(
        {.phase = "smoke", .item = fmt::format("{} on {}", name, backend), .done_bytes = 0, .total_bytes = 0});
  };
  if (operation.cancellation != nullptr) options.cancelled = &operation.cancellation->flag();
  return options;
}

}  // namespace

absl::StatusOr<SmokeReport> SmokeFolder(const std::string& path, const SmokeRequest& request,
                                        const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(Directory folder, Directory::Open(path));
  PLUMB_ASSIGN_OR_RETURN(std::vector<SmokeCase> cases, FindCases(path, folder));
  return RunSmokeCheck(folder, cases, OptionsFor(request, operation));
}

absl::StatusOr<std::vector<RecordedGolden>> RecordGoldens(const std::string& path, const SmokeRequest& request,
                                                          bool replace, const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(Directory folder, Directory::Open(path));
  PLUMB_ASSIGN_OR_RETURN(std::vector<SmokeCase> cases, FindCases(path, folder));
  std::vector<RecordedGolden> recorded;
  for (const SmokeCase& smoke : cases) {
    if (!smoke.golden_path.empty() && !replace) continue;
    operation.Report({.phase = "smoke", .item = smoke.name, .done_bytes = 0, .total_bytes = 0});
    absl::StatusOr<std::string> golden =
        ComputeGolden(folder, smoke.config_path, smoke.weights_path, std::nullopt, OptionsFor(request, operation));
    if (!golden.ok()) return Annotate(golden.status(), smoke.weights_path);
    const std::string golden_path = GoldenPathFor(smoke.weights_path);
    PLUMB_RETURN_IF_ERROR(WriteFileAtomically(path + "/" + golden_path, *golden));
    recorded.push_back({smoke.weights_path, golden_path, golden->size()});
  }
  return recorded;
}

}  // namespace plumb
