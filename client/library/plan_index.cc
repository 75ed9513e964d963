#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/library/folder_text.h"
#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/limits.h"
#include "plumb/base/python_json.h"
#include "plumb/base/quote.h"

namespace plumb {
namespace {

// Tensors by the shard that an index places them in.
using Places = std::map<std::string, std::vector<std::string>>;

// `model.safetensors.index.json`, and with a variant `x.safetensors.index.fp16.json`.
bool IsIndexName(std::string_view path) {
  return path.ends_with(".json") && path.substr(path.rfind('/') + 1).find(".index.") != path.npos;
}

// Names as formats agree on them: Flax and Keras divide parts by slashes, TensorFlow adds a number.
std::string Plain(std::string name) {
  if (name.ends_with(":0")) name.resize(name.size() - 2);
  for (char& c : name) {
    if (c == '/') c = '.';
  }
  return name.starts_with('.') ? name.substr(1) : name;
}

absl::StatusOr<Places> ReadPlaces(const Directory& folder, const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(std::string text, ReadText(folder, path, limits::kShardIndexBytesMax));
  PLUMB_ASSIGN_OR_RETURN(nlohmann::json index, ParsePythonJson(text, path, RepeatedKeys::kRefused));
  Places places;
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) return places;
  const std::string parent = path.substr(0, path.rfind('/') + 1);
  for (const auto& [tensor, shard] : index["weight_map"].items()) {
    if (shard.is_string()) places[parent + shard.get<std::string>()].push_back(tensor);
  }
  return places;
}

// A tensor that the shard lacks. When most names are of another making, nothing can be said.
std::string LackingTensor(const std::vector<std::string>& named, const PlannedFile& shard) {
  std::set<std::string> held;
  for (const v1::Tensor& tensor : shard.tensors) held.insert(Plain(tensor.name()));
  std::string lacking;
  size_t found = 0;
  for (const std::string& name : named) {
    if (held.contains(Plain(name))) {
      ++found;
    } else {
      lacking = name;
    }
  }
  return 2 * found < named.size() ? "" : lacking;
}

// What is wrong with an index; empty when nothing is.
std::string Contradiction(const Places& places, const PublishPlan& plan) {
  std::map<std::string_view, const PlannedFile*> files;
  for (const PlannedFile& file : plan.files) files[file.path] = &file;
  std::vector<std::string> missing;
  for (const auto& [shard, tensors] : places) {
    if (!files.contains(shard)) missing.push_back(shard);
  }
  if (!missing.empty()) {
    return fmt::format("names {} {} not here: {}", missing.size(),
                       missing.size() == 1 ? "shard that is" : "shards that are", missing.front());
  }
  for (const auto& [shard, tensors] : places) {
    const PlannedFile& file = *files[shard];
    if (file.tensors.empty()) continue;
    const std::string lacking = LackingTensor(tensors, file);
    if (!lacking.empty()) return fmt::format("places {} in {}, which lacks it", QuoteForMessage(lacking), shard);
  }
  return "";
}

}  // namespace

void PlanIndexes(const Directory& folder, PublishPlan* plan) {
  std::set<std::string> known;
  for (const IncompleteFile& file : plan->incomplete) known.insert(file.path);
  for (const std::string& path : plan->Paths()) {
    if (!IsIndexName(path) || known.contains(path)) continue;
    absl::StatusOr<Places> places = ReadPlaces(folder, path);
    std::string what =
        places.ok() ? Contradiction(*places, *plan) : fmt::format("is no sound index: {}", Message(places.status()));
    if (!what.empty()) plan->incomplete.push_back({path, std::move(what), "mend it, download or save the rest too"});
  }
}

}  // namespace plumb
