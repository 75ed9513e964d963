#include "plumb/client/smoke.h"

#include <memory>
#include <set>
#include <string_view>
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

// The cases that a pulled folder's manifest records.
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

std::string_view FolderOf(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

// Whether the file may hold some of a case's weights: a shard, or the data beside an ONNX file.
bool IsPartOf(const SmokeCase& smoke, std::string_view path) {
  const std::string_view weights = smoke.weights_path;
  const std::string_view folder = FolderOf(weights);
  if (FolderOf(path) != folder) return false;
  const std::string_view name = path.substr(folder.size());
  if (weights.ends_with(".onnx")) return name.starts_with(weights.substr(folder.size())) || name.ends_with("data");
  const bool sharded = weights.ends_with(".index.json") || weights.find("-of-") != std::string_view::npos;
  const std::string_view ending = weights.ends_with(".gguf") ? ".gguf" : ".safetensors";
  return sharded && name.find("-of-") != std::string_view::npos && name.ends_with(ending);
}

// Names what was left out of a pull of each case: one of the files that it names, or one that weights of that name
// consist of (shards, external data).
void FindLeftOut(const v1::Manifest& manifest, const std::set<std::string>& present, std::vector<SmokeCase>& cases) {
  for (SmokeCase& smoke : cases) {
    for (const v1::File& file : manifest.files()) {
      const std::string& path = file.path();
      if (present.contains(path) || !smoke.left_out.empty()) continue;
      const bool named = path == smoke.config_path || path == smoke.weights_path || path == smoke.golden_path;
      if (named || IsPartOf(smoke, path)) smoke.left_out = path;
    }
  }
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
  if (released) {
    FindLeftOut(release->manifest().manifest, std::set<std::string>(paths.begin(), paths.end()), cases);
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
    if (!smoke.left_out.empty()) {
      operation.Warn(fmt::format("nothing recorded for {}: {} was not pulled", smoke.name, smoke.left_out));
      continue;
    }
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
