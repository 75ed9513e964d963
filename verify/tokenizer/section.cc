#include "verify/tokenizer/section.h"

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb::text {
namespace {

const nlohmann::json& Null() {
  static const nlohmann::json* const kNull = new nlohmann::json();
  return *kNull;
}

const nlohmann::json& EmptyList() {
  static const nlohmann::json* const kEmpty = new nlohmann::json(nlohmann::json::array());
  return *kEmpty;
}

}  // namespace

absl::Status Refuse(std::string_view where, std::string_view why) {
  return WithErrorClass(InvalidArgument(fmt::format("tokenizer: {}: {}", where, why)), ErrorClass::kPolicy);
}

absl::Status NotKnown(std::string_view where, std::string_view why) {
  return WithErrorClass(absl::UnimplementedError(fmt::format("tokenizer: {}: {}", where, why)), ErrorClass::kPolicy);
}

Section::Section(const nlohmann::json& object, std::string_view where) : object_(object), where_(where) {
  if (!object.is_object()) error_ = Refuse(where_, fmt::format("found {}, expected an object", object.type_name()));
}

const nlohmann::json* Section::Find(const std::string& key) {
  if (failed()) return nullptr;
  seen_.insert(key);
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

const nlohmann::json& Section::Need(const std::string& key) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) RefuseKey(key, "missing");
  return value == nullptr ? Null() : *value;
}

std::string Section::Text(const std::string& key) {
  std::optional<std::string> value = TextIf(key);
  if (!value) RefuseKey(key, "missing, expected a text");
  return value.value_or("");
}

std::optional<std::string> Section::TextIf(const std::string& key) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    RefuseKey(key, fmt::format("found {}, expected a text", value->type_name()));
    return std::nullopt;
  }
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() > limits::kTokenBytesMax) {
    NotKnownKey(key, fmt::format("{} bytes, expected at most {}", text.size(), limits::kTokenBytesMax));
    return std::nullopt;
  }
  return text;
}

bool Section::Flag(const std::string& key) {
  const std::optional<bool> value = FlagIf(key);
  if (!value) RefuseKey(key, "missing, expected true or false");
  return value.value_or(false);
}

std::optional<bool> Section::FlagIf(const std::string& key) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) {
    RefuseKey(key, fmt::format("found {}, expected true or false", value->type_name()));
    return std::nullopt;
  }
  return value->get<bool>();
}

uint64_t Section::Number(const std::string& key, uint64_t most) {
  const std::optional<uint64_t> value = NumberIf(key, most);
  if (!value) RefuseKey(key, "missing, expected a number");
  return value.value_or(0);
}

std::optional<uint64_t> Section::NumberIf(const std::string& key, uint64_t most) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_unsigned() || value->get<uint64_t>() > most) {
    RefuseKey(key, fmt::format("expected a whole number from 0 to {}", most));
    return std::nullopt;
  }
  return value->get<uint64_t>();
}

const nlohmann::json& Section::List(const std::string& key) {
  const nlohmann::json& value = Need(key);
  if (value.is_array()) return value;
  RefuseKey(key, fmt::format("found {}, expected a list", value.type_name()));
  return EmptyList();
}

void Section::Irrelevant(std::initializer_list<const char*> keys) {
  for (const char* key : keys) seen_.insert(key);
}

void Section::RefuseKey(std::string_view key, std::string_view why) {
  if (!failed()) error_ = Refuse(fmt::format("{}.{}", where_, key), why);
}

void Section::NotKnownKey(std::string_view key, std::string_view why) {
  if (!failed()) error_ = NotKnown(fmt::format("{}.{}", where_, key), why);
}

absl::Status Section::Finish() const {
  if (failed()) return error_;
  std::string unknown;
  for (const auto& [key, value] : object_.items()) {
    if (seen_.contains(key)) continue;
    unknown += fmt::format("{}{}", unknown.empty() ? "" : ", ", key.substr(0, limits::kPathPartBytesMax));
    if (unknown.size() > limits::kReasonBytesMax) break;
  }
  if (unknown.empty()) return absl::OkStatus();
  return NotKnown(where_, fmt::format("keys that Plumb does not know and that may change ids: {}", unknown));
}

}  // namespace plumb::text
