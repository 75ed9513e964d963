#include "plumb/naming/model_facts.h"

#include <charconv>
#include <initializer_list>

#include "plumb/base/python_json.h"

namespace plumb {
namespace {

uint64_t NumberUnder(const nlohmann::json& config, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    auto found = config.find(key);
    if (found != config.end() && found->is_number_unsigned()) return found->get<uint64_t>();
  }
  return 0;
}

bool IsTrue(const nlohmann::json& config, const char* key) {
  auto found = config.find(key);
  return found != config.end() && found->is_boolean() && found->get<bool>();
}

// A number, or, where a container has texts alone (safetensors), its digits.
uint64_t NumberIn(const Metadata& metadata, const std::string& key, uint64_t absent) {
  const auto* text = metadata.Get<std::string>(key);
  if (text == nullptr) return metadata.Unsigned(key).value_or(absent);
  uint64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, number);
  return error == std::errc() && stopped == end ? number : absent;
}

}  // namespace

ModelFacts ModelFacts::Or(const ModelFacts& other) const {
  ModelFacts facts = *this;
  if (facts.family.empty()) facts.family = other.family;
  if (facts.heads == 0) {
    facts.heads = other.heads;
    facts.key_heads = other.key_heads;
  }
  return facts;
}

ModelFacts FactsOfMetadata(const Metadata& metadata) {
  ModelFacts facts;
  const auto* family = metadata.Get<std::string>("general.architecture");
  if (family == nullptr) return facts;
  facts.family = *family;
  facts.heads = NumberIn(metadata, *family + ".attention.head_count", 0);
  facts.key_heads = NumberIn(metadata, *family + ".attention.head_count_kv", facts.heads);
  return facts;
}

ModelFacts FactsOfConfig(std::string_view json) {
  ModelFacts facts;
  absl::StatusOr<nlohmann::json> config = ParsePythonJson(json, "config.json");
  if (!config.ok() || !config->is_object()) return facts;
  auto type = config->find("model_type");
  if (type != config->end() && type->is_string()) facts.family = type->get<std::string>();
  facts.heads = NumberUnder(*config, {"num_attention_heads", "n_head", "n_heads", "num_heads"});
  facts.key_heads = NumberUnder(*config, {"num_key_value_heads"});
  if (facts.family == "falcon") {
    // Of Falcon's layouts only the new one reads num_kv_heads.
    const uint64_t stated = IsTrue(*config, "new_decoder_architecture") ? NumberUnder(*config, {"num_kv_heads"}) : 0;
    facts.key_heads = stated != 0 ? stated : IsTrue(*config, "multi_query") ? 1 : 0;
  }
  if (facts.key_heads == 0) facts.key_heads = facts.heads;
  return facts;
}

}  // namespace plumb
