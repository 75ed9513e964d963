// Values of JSON that a strict reader has accepted before: what is missing or of another kind reads as nothing.
#ifndef PLUMB_VERIFY_TOKENIZER_JSON_VALUES_H_
#define PLUMB_VERIFY_TOKENIZER_JSON_VALUES_H_

#include <string>

#include "nlohmann/json.hpp"

namespace plumb::text {

// The value of a key; null when it is missing or `object` is no object.
inline const nlohmann::json& At(const nlohmann::json& object, const std::string& key) {
  static const nlohmann::json kNull;
  if (!object.is_object()) return kNull;
  auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

// A text; the empty one for anything else.
inline std::string TextOf(const nlohmann::json& json) { return json.is_string() ? json.get<std::string>() : ""; }

inline bool FlagOr(const nlohmann::json& json, bool absent) { return json.is_boolean() ? json.get<bool>() : absent; }

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_JSON_VALUES_H_
