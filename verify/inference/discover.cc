#include <algorithm>
#include <map>
#include <set>

#include "plumb/inference/smoke.h"

namespace plumb {
namespace {

constexpr std::string_view kWeights = ".safetensors";
constexpr std::string_view kIndex = ".safetensors.index.json";
constexpr std::string_view kGolden = "golden.safetensors";

// `a/b/` of `a/b/c`; empty at the top.
std::string_view FolderOf(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

// `model-bf16` of `a/model-bf16.safetensors` and of its index; empty for other files.
std::string_view StemOf(std::string_view path) {
  std::string_view name = path.substr(FolderOf(path).size());
  for (std::string_view suffix : {kIndex, kWeights}) {
    if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
  }
  return "";
}

// True for `model-00001-of-00005`.
bool IsShard(std::string_view stem) {
  auto digits = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  const size_t of = stem.rfind("-of-");
  if (of == std::string_view::npos || !digits(stem.substr(of + 4))) return false;
  const size_t number = stem.substr(0, of).rfind('-');
  return number != std::string_view::npos && digits(stem.substr(number + 1, of - number - 1));
}

bool IsModel(std::string_view stem) {
  bool named = stem == "model" || stem.starts_with("model-") || stem.starts_with("model.");
  return named && !IsShard(stem) && !stem.ends_with(".golden");
}

// True for `2_Dense/` beside a modules.json: what lies there is a part of the model above.
bool IsModule(const std::string& folder, const std::set<std::string, std::less<>>& present) {
  if (folder.empty()) return false;
  const std::string_view parent = FolderOf(std::string_view(folder).substr(0, folder.size() - 1));
  return present.contains(std::string(parent).append("modules.json"));
}

}  // namespace

std::string GoldenPathFor(std::string_view weights_path) {
  const std::string_view stem = StemOf(weights_path);
  std::string folder(FolderOf(weights_path));
  return stem == "model" ? folder.append(kGolden) : folder.append(stem).append(".").append(kGolden);
}

std::vector<SmokeCase> DiscoverSmokeCases(const std::vector<std::string>& paths) {
  const std::set<std::string, std::less<>> present(paths.begin(), paths.end());
  std::map<std::string, SmokeCase> cases;  // By name.
  for (const std::string& path : present) {
    const std::string_view stem = StemOf(path);
    const std::string folder(FolderOf(path));
    const std::string config = folder + "config.json";
    if (!IsModel(stem) || !present.contains(config) || IsModule(folder, present)) continue;
    const std::string golden = GoldenPathFor(path);
    SmokeCase found = {folder + std::string(stem), config, path, present.contains(golden) ? golden : ""};
    // In the order of `present`, a single file comes before its index and stays.
    cases.emplace(found.name, found);
  }
  std::vector<SmokeCase> sorted;
  for (auto& [name, found] : cases) sorted.push_back(std::move(found));
  return sorted;
}

}  // namespace plumb
