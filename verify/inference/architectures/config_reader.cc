#include "verify/inference/architectures/config_reader.h"

#include <cmath>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using Json = nlohmann::json;

// A value as a message quotes it, cut to a readable length.
std::string Quoted(const Json& value) {
  constexpr size_t kBytesMax = 60;
  std::string text = value.is_structured() ? (value.is_array() ? "a list" : "an object")
                                           : value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kBytesMax) text = text.substr(0, kBytesMax) + "...";
  return text;
}

}  // namespace

const Json* ConfigReader::Find(const std::string& key) {
  seen_.insert(key);
  auto found = config_.find(key);
  return found == config_.end() || found->is_null() ? nullptr : &*found;
}

const Json* ConfigReader::Need(const std::string& key, std::string_view expected) {
  const Json* value = Find(key);
  if (value == nullptr) Refuse(key, fmt::format("is missing, expected {}", expected));
  return value;
}

void ConfigReader::Refuse(const std::string& key, std::string_view why) {
  if (error_.empty()) error_ = fmt::format("config key \"{}\" {}", key, why);
}

uint64_t ConfigReader::Size(const std::string& key, uint64_t most) {
  std::string expected = fmt::format("a whole number from 1 to {}", most);
  const Json* value = Need(key, expected);
  if (value == nullptr) return 1;
  if (!value->is_number_unsigned() || value->get<uint64_t>() < 1 || value->get<uint64_t>() > most) {
    Refuse(key, fmt::format("is {}, expected {}", Quoted(*value), expected));
    return 1;
  }
  return value->get<uint64_t>();
}

uint64_t ConfigReader::SizeOr(const std::string& key, uint64_t most, uint64_t absent) {
  return Find(key) == nullptr ? absent : Size(key, most);
}

double ConfigReader::Positive(const std::string& key) {
  const Json* value = Need(key, "a number above zero");
  if (value == nullptr) return 1;
  double number = value->is_number() ? value->get<double>() : 0;
  if (!(number > 0) || !std::isfinite(number)) {
    Refuse(key, fmt::format("is {}, expected a number above zero", Quoted(*value)));
    return 1;
  }
  return number;
}

std::string ConfigReader::Text(const std::string& key) {
  const Json* value = Need(key, "a text");
  if (value == nullptr) return "";
  if (!value->is_string()) {
    Refuse(key, fmt::format("is {}, expected a text", Quoted(*value)));
    return "";
  }
  return value->get<std::string>();
}

bool ConfigReader::FlagOr(const std::string& key, bool absent) {
  seen_.insert(key);
  auto value = config_.find(key);
  if (value == config_.end()) return absent;
  if (!value->is_boolean()) {
    Refuse(key, fmt::format("is {}, expected true or false", Quoted(*value)));
    return absent;
  }
  return value->get<bool>();
}

std::vector<std::string> ConfigReader::TextsOr(const std::string& key) {
  std::vector<std::string> texts;
  const Json* value = Find(key);
  if (value == nullptr) return texts;
  if (!value->is_array()) Refuse(key, fmt::format("is {}, expected a list of texts", Quoted(*value)));
  for (const Json& item : *value) {
    if (!item.is_string()) {
      Refuse(key, "is not a list of texts");
      break;
    }
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

void ConfigReader::Only(const std::string& key, const Json& only) {
  const Json* value = Find(key);
  if (value != nullptr && *value != only) {
    Refuse(key, fmt::format("is {}, of which only {} is supported", Quoted(*value), Quoted(only)));
  }
}

void ConfigReader::Irrelevant(std::initializer_list<const char*> keys) {
  for (const char* key : keys) seen_.insert(key);
}

absl::Status ConfigReader::Finish() const {
  if (!error_.empty()) return WithErrorClass(InvalidArgument(error_), ErrorClass::kPolicy);
  constexpr size_t kNamedMax = 10;
  std::vector<std::string> unknown;
  for (const auto& [key, value] : config_.items()) {
    if (!seen_.contains(key) && unknown.size() < kNamedMax) unknown.push_back(fmt::format("\"{}\"", key.substr(0, 64)));
  }
  if (unknown.empty()) return absl::OkStatus();
  return WithErrorClass(
      InvalidArgument(fmt::format("config has keys of unknown meaning: {}", fmt::join(unknown, ", "))),
      ErrorClass::kPolicy);
}

}  // namespace plumb
