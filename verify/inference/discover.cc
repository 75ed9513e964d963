#include <map>
#include <set>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/inference/smoke.h"

namespace plumb {
namespace {

constexpr std::string_view kWeights = ".safetensors";
constexpr std::string_view kIndex = ".safetensors.index.json";
constexpr std::string_view kGguf = ".gguf";
constexpr std::string_view kOnnx = ".onnx";
// Where goldens lay before they had a folder that no loader of weights looks into.
constexpr std::string_view kGoldenBeside = "golden.safetensors";

using Exists = std::function<bool(const std::string&)>;

// `a/b/` of `a/b/c`; empty at the top.
std::string_view FolderOf(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

// What a weights file's name ends with; empty for other files.
std::string_view SuffixOf(std::string_view path) {
  for (std::string_view suffix : {kIndex, kWeights, kGguf, kOnnx}) {
    if (path.ends_with(suffix)) return suffix;
  }
  return "";
}

// True for files that hold their own description.
bool IsWhole(std::string_view suffix) { return suffix == kGguf || suffix == kOnnx; }

// `model-bf16` of `a/model-bf16.safetensors` and of its index; empty for other files.
std::string_view StemOf(std::string_view path) {
  const std::string_view suffix = SuffixOf(path);
  if (suffix.empty()) return "";
  std::string_view name = path.substr(FolderOf(path).size());
  return name.substr(0, name.size() - suffix.size());
}

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Where `-00001-of-00005` begins in a stem; npos when it does not end so.
size_t ShardAt(std::string_view stem) {
  const size_t of = stem.rfind("-of-");
  if (of == std::string_view::npos || !IsDigits(stem.substr(of + 4))) return std::string_view::npos;
  const size_t number = stem.substr(0, of).rfind('-');
  if (number == std::string_view::npos) return std::string_view::npos;
  return IsDigits(stem.substr(number + 1, of - number - 1)) ? number : std::string_view::npos;
}

bool IsShard(std::string_view stem) { return ShardAt(stem) != std::string_view::npos; }

// True for `x-00001-of-00005`.
bool IsFirstShard(std::string_view stem) {
  const std::string_view end = stem.substr(ShardAt(stem) + 1);
  const std::string_view number = end.substr(0, end.find('-'));
  return number.ends_with('1') && number.find_first_not_of('0') == number.size() - 1;
}

// `x` of `x-00001-of-00005`; any other stem itself.
std::string_view WithoutShard(std::string_view stem) { return stem.substr(0, ShardAt(stem)); }

// Files that a model's weights stand beside and that are none: a picture encoder for one, statistics of activations.
bool IsCompanion(std::string_view stem) {
  return stem.find("mmproj") != std::string_view::npos || stem.find("imatrix") != std::string_view::npos;
}

bool IsModel(std::string_view suffix, std::string_view stem) {
  if (stem.empty()) return false;
  if (suffix == kGguf) return !IsCompanion(stem) && (!IsShard(stem) || IsFirstShard(stem));
  if (suffix == kOnnx) return true;
  bool named = stem == "model" || stem.starts_with("model-") || stem.starts_with("model.");
  return named && !stem.ends_with(".golden");
}

// True for `2_Dense/` beside a modules.json: what lies there is a part of the model above.
bool IsModule(const std::string& folder, const std::set<std::string, std::less<>>& present) {
  if (folder.empty()) return false;
  const std::string_view parent = FolderOf(std::string_view(folder).substr(0, folder.size() - 1));
  return present.contains(std::string(parent).append("modules.json"));
}

// A weights file's path without its ending, and without the number of a first part.
std::string BaseOf(std::string_view path) { return fmt::format("{}{}", FolderOf(path), WithoutShard(StemOf(path))); }

// True for a shard of a set that its index, or the whole in one file, stands for.
bool IsStoodFor(std::string_view path, const Exists& exists) {
  if (SuffixOf(path) != kWeights || !IsShard(StemOf(path))) return false;
  const std::string base = BaseOf(path);
  return exists(fmt::format("{}{}", base, kIndex)) || exists(fmt::format("{}{}", base, kWeights));
}

// The golden beside a file that no other of that name stands beside.
std::string PlainGoldenBeside(std::string_view path) {
  if (!IsWhole(SuffixOf(path)) && StemOf(path) == "model") return fmt::format("{}{}", FolderOf(path), kGoldenBeside);
  return fmt::format("{}.{}", BaseOf(path), kGoldenBeside);
}

// The golden beside a file, as it was named before goldens had a folder.
std::string GoldenBeside(std::string_view path, const Exists& exists) {
  const std::string plain = PlainGoldenBeside(path);
  const std::string_view suffix = SuffixOf(path);
  if (!IsWhole(suffix)) return plain;
  const std::string base = BaseOf(path);
  for (std::string_view other : {kIndex, kWeights, kGguf, kOnnx}) {
    const std::string twin = fmt::format("{}{}", base, other);
    if (other == suffix || !exists(twin) || PlainGoldenBeside(twin) != plain) continue;
    return fmt::format("{}{}.{}", base, suffix, kGoldenBeside);
  }
  return plain;
}

// What a case is called: a description of its own makes the file's whole name part of it, so that the same model in
// several formats gives cases of several names.
std::string NameOf(const std::string& path) {
  const std::string_view suffix = SuffixOf(path);
  return fmt::format("{}{}", BaseOf(path), IsWhole(suffix) ? suffix : "");
}

SmokeCase MakeCase(const std::string& path, const Exists& exists) {
  SmokeCase made = {.name = NameOf(path), .config_path = path, .weights_path = path, .golden_path = {}};
  if (!IsWhole(SuffixOf(path))) made.config_path = std::string(FolderOf(path)).append("config.json");
  for (std::string golden : {GoldenPathFor(path), GoldenBeside(path, exists)}) {
    if (made.golden_path.empty() && exists(golden)) made.golden_path = std::move(golden);
  }
  return made;
}

}  // namespace

std::string GoldenPathFor(std::string_view weights_path) {
  const std::string name = NameOf(std::string(weights_path));
  const size_t folder = FolderOf(weights_path).size();
  return fmt::format("{}smoke/{}.golden", name.substr(0, folder), name.substr(folder));
}

std::vector<SmokeCase> DiscoverSmokeCases(const std::vector<std::string>& paths) {
  const std::set<std::string, std::less<>> present(paths.begin(), paths.end());
  const Exists exists = [&](const std::string& path) { return present.contains(path); };
  std::map<std::string, SmokeCase> cases;  // By name.
  for (const std::string& path : present) {
    if (!IsModel(SuffixOf(path), StemOf(path)) || IsModule(std::string(FolderOf(path)), present)) continue;
    if (IsStoodFor(path, exists)) continue;
    SmokeCase found = MakeCase(path, exists);
    // In the order of `present`, a single file comes before its index, and the first shard before others, and stays.
    if (present.contains(found.config_path)) cases.emplace(found.name, found);
  }
  std::vector<SmokeCase> sorted;
  for (auto& [name, found] : cases) sorted.push_back(std::move(found));
  return sorted;
}

absl::StatusOr<SmokeCase> SmokeCaseOf(const std::string& path, const Exists& exists) {
  const std::string_view suffix = SuffixOf(path);
  const std::string_view stem = StemOf(path);
  if (stem.empty()) {
    return InvalidArgument(
        fmt::format("{} is no model's file: expected a name that ends in .safetensors, .safetensors.index.json, .gguf "
                    "or .onnx",
                    path));
  }
  const bool later = suffix == kGguf && IsShard(stem) && !IsFirstShard(stem);
  if (later || IsStoodFor(path, exists)) {
    return InvalidArgument(fmt::format("{} is one of several files: name {} instead", path,
                                       later ? "the first, -00001-of-..." : "their .safetensors.index.json"));
  }
  SmokeCase found = MakeCase(path, exists);
  if (found.config_path == path || exists(found.config_path)) return found;
  return NotFound(fmt::format("{} needs {} beside it", path, found.config_path));
}

}  // namespace plumb
