#include "plumb/client/config_diff.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/python_json.h"
#include "plumb/base/status.h"
#include "plumb/document/card.h"

namespace plumb {
namespace {

using Json = nlohmann::json;

constexpr const char* kCardPath = "README.md";

// Keys with their values, in order.
using Facts = std::vector<std::pair<std::string, std::string>>;

// The leaves of `json` under their paths. Depth is bounded by ParsePythonJson.
void Flatten(const Json& json, const std::string& prefix, Facts* facts) {
  if (!json.is_object() || (json.empty() && !prefix.empty())) {
    facts->emplace_back(prefix, json.dump(-1, ' ', false, Json::error_handler_t::replace));
    return;
  }
  for (const auto& [key, value] : json.items()) Flatten(value, prefix.empty() ? key : prefix + "." + key, facts);
}

absl::StatusOr<Facts> CardFacts(std::string_view text) {
  PLUMB_ASSIGN_OR_RETURN(ModelCard card, ParseModelCard(text, kCardPath));
  Json json = Json::object();
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  const auto add_list = [&](const char* key, const auto& values) {
    if (!values.empty()) json[key] = std::vector<std::string>(values.begin(), values.end());
  };
  add("license", card.license);
  add("license_name", card.license_name);
  add("pipeline_tag", card.card.pipeline());
  add("library_name", card.card.library());
  add("base_model", card.card.base_model());
  add_list("language", card.card.languages());
  add_list("tags", card.card.tags());
  add_list("datasets", card.datasets);
  Facts facts;
  Flatten(json, "", &facts);
  return facts;
}

absl::StatusOr<Facts> FactsOf(const std::string& path, std::string_view text) {
  if (path == kCardPath) return CardFacts(text);
  PLUMB_ASSIGN_OR_RETURN(Json json, ParsePythonJson(text, path));
  Facts facts;
  if (json.is_object()) {
    Flatten(json, "", &facts);
  } else {
    facts.emplace_back("", json.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return facts;
}

ConfigChange WholeFile(const std::string& path, std::string remark) {
  return {.path = path, .key = {}, .a = std::nullopt, .b = std::nullopt, .remark = std::move(remark)};
}

// A file that cannot be read (too large, a link that is not followed) is no reason not to compare the others.
bool EndsTheWork(const absl::Status& status) {
  return ErrorClassOf(status) == ErrorClass::kVerification || absl::IsCancelled(status) || absl::IsUnavailable(status);
}

}  // namespace

const std::vector<std::string>& ConfigPaths() {
  static const auto* paths = new std::vector<std::string>{"config.json",
                                                          "generation_config.json",
                                                          "tokenizer_config.json",
                                                          "special_tokens_map.json",
                                                          "adapter_config.json",
                                                          "preprocessor_config.json",
                                                          "processor_config.json",
                                                          "quantize_config.json",
                                                          "model_index.json",
                                                          "modules.json",
                                                          kCardPath};
  return *paths;
}

std::vector<ConfigChange> DiffConfigText(const std::string& path, std::string_view a, std::string_view b) {
  std::vector<ConfigChange> changes;
  if (a == b) return changes;
  const absl::StatusOr<Facts> left = FactsOf(path, a);
  const absl::StatusOr<Facts> right = FactsOf(path, b);
  for (const auto& [side, facts] : {std::pair("A", &left), std::pair("B", &right)}) {
    if (facts->ok()) continue;
    return {WholeFile(path, std::string("differs; that of ") + side +
                                " is not understood: " + std::string(Message(facts->status())))};
  }
  std::map<std::string_view, std::string_view> of_b(right->begin(), right->end());
  for (const auto& [key, value] : *left) {
    auto found = of_b.find(key);
    if (found == of_b.end()) {
      changes.push_back({.path = path, .key = key, .a = value, .b = std::nullopt, .remark = {}});
    } else {
      if (found->second != value) {
        changes.push_back({.path = path, .key = key, .a = value, .b = std::string(found->second), .remark = {}});
      }
      of_b.erase(found);
    }
  }
  for (const auto& [key, value] : *right) {
    if (of_b.contains(key)) changes.push_back({.path = path, .key = key, .a = std::nullopt, .b = value, .remark = {}});
  }
  return changes;
}

absl::StatusOr<std::vector<ConfigChange>> DiffConfigs(const TextReader& a, const TextReader& b) {
  std::vector<ConfigChange> changes;
  for (const std::string& path : ConfigPaths()) {
    const absl::StatusOr<std::string> left = a(path);
    const absl::StatusOr<std::string> right = b(path);
    std::string unread;
    for (const absl::Status& status : {left.status(), right.status()}) {
      if (status.ok() || absl::IsNotFound(status)) continue;
      if (EndsTheWork(status)) return status;
      unread = Message(status);
    }
    if (!unread.empty()) {
      changes.push_back(WholeFile(path, "not compared: " + unread));
    } else if (left.ok() && right.ok()) {
      std::vector<ConfigChange> found = DiffConfigText(path, *left, *right);
      std::move(found.begin(), found.end(), std::back_inserter(changes));
    } else if (left.ok() || right.ok()) {
      changes.push_back(WholeFile(path, left.ok() ? "only in A" : "only in B"));
    }
  }
  return changes;
}

absl::StatusOr<std::string> ReadFolderText(const Directory& folder, const std::string& path, uint64_t bytes_max) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder.OpenFile(path));
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd.get(), path));
  if (size > bytes_max) {
    return absl::ResourceExhaustedError(fmt::format("{} has {} bytes, expected at most {}", path, size, bytes_max));
  }
  std::string text(size, '\0');
  PLUMB_RETURN_IF_ERROR(PreadExactly(fd.get(), {reinterpret_cast<uint8_t*>(text.data()), text.size()}, 0, path));
  return text;
}

absl::StatusOr<TextReader> FolderTextReader(const std::string& folder) {
  PLUMB_ASSIGN_OR_RETURN(Directory opened, Directory::OpenFollowingLinks(folder));
  auto directory = std::make_shared<const Directory>(std::move(opened));
  return TextReader(
      [directory](const std::string& path) { return ReadFolderText(*directory, path, limits::kConfigBytesMax); });
}

}  // namespace plumb
