#include "plumb/client/smoke.h"

#include <memory>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/ignore_rules.h"
#include "plumb/base/local_path.h"
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

// What a call named: a folder and what is to be run in it.
struct Subject {
  std::shared_ptr<const Directory> folder;
  std::vector<SmokeCase> cases;
  bool released = false;  // The cases are those of a release, with goldens where its manifest says.
};

absl::StatusOr<Subject> FindFile(LocalPath place) {
  auto folder = std::make_shared<const Directory>(std::move(place.folder));
  auto exists = [folder](const std::string& name) { return folder->OpenFile(name).ok(); };
  absl::StatusOr<SmokeCase> found = SmokeCaseOf(place.file, exists);
  if (absl::IsInvalidArgument(found.status())) return WithErrorClass(found.status(), ErrorClass::kUsage);
  PLUMB_RETURN_IF_ERROR(found.status());
  return Subject{folder, {*std::move(found)}};
}

absl::StatusOr<Subject> FindCases(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(LocalPath place, OpenLocalPath(path));
  if (!place.file.empty()) return FindFile(std::move(place));
  absl::StatusOr<ReleaseFolder> release = ReleaseFolder::Open(path);
  std::vector<SmokeCase> cases;
  if (release.ok()) {
    cases = RecordedCases(release->manifest().manifest);
  } else if (!absl::IsNotFound(release.status())) {
    return release.status();
  }
  PLUMB_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> entries, ListModelFolder(place.folder));
  std::vector<std::string> paths;
  for (const DirectoryEntry& entry : entries) paths.push_back(entry.path);
  const bool released = !cases.empty();
  if (!released) cases = DiscoverSmokeCases(paths);
  if (cases.empty()) {
    return NotFound(fmt::format(
        "{} has nothing to run: expected config.json beside model.safetensors, a .gguf or an .onnx file", path));
  }
  return Subject{std::make_shared<const Directory>(std::move(place.folder)), std::move(cases), released};
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
  PLUMB_ASSIGN_OR_RETURN(Subject subject, FindCases(path));
  return RunSmokeCheck(*subject.folder, subject.cases, OptionsFor(request, operation));
}

absl::StatusOr<std::vector<RecordedGolden>> RecordGoldens(const std::string& path, const SmokeRequest& request,
                                                          bool replace, const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(Subject subject, FindCases(path));
  std::vector<RecordedGolden> recorded;
  absl::Status unknown;
  for (const SmokeCase& smoke : subject.cases) {
    if (!smoke.golden_path.empty() && !replace) continue;
    operation.Report({.phase = "smoke", .item = smoke.name, .done_bytes = 0, .total_bytes = 0});
    absl::StatusOr<std::string> golden = ComputeGolden(*subject.folder, smoke.config_path, smoke.weights_path,
                                                       std::nullopt, OptionsFor(request, operation));
    if (absl::IsUnimplemented(golden.status())) {
      unknown = Annotate(golden.status(), smoke.weights_path);
      operation.Warn(fmt::format("nothing recorded for {}", Message(unknown)));
      continue;
    }
    if (!golden.ok()) return Annotate(golden.status(), smoke.weights_path);
    const bool in_place = subject.released && !smoke.golden_path.empty();
    const std::string golden_path = in_place ? smoke.golden_path : GoldenPathFor(smoke.weights_path);
    if (!in_place) PLUMB_RETURN_IF_ERROR(subject.folder->MakeDirectory(golden_path.substr(0, golden_path.rfind('/'))));
    PLUMB_RETURN_IF_ERROR(WriteFileAtomically(subject.folder->path() + "/" + golden_path, *golden));
    if (!smoke.golden_path.empty() && smoke.golden_path != golden_path) {
      operation.Warn(
          fmt::format("{} is no longer used: {} takes its place; remove it", smoke.golden_path, golden_path));
    }
    recorded.push_back({smoke.weights_path, golden_path, golden->size()});
  }
  if (recorded.empty() && !unknown.ok()) return unknown;
  return recorded;
}

}  // namespace plumb
