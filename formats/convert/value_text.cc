#include "formats/convert/value_text.h"

#include <charconv>
#include <type_traits>
#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/json.h"
#include "plumb/base/path.h"
#include "plumb/gguf/gguf_type.h"

namespace plumb {
namespace {

using gguf::StoredType;
using gguf::ValueType;

template <typename T>
inline constexpr bool kIsList = false;
template <typename T>
inline constexpr bool kIsList<std::vector<T>> = true;

// A f32 has been widened; its own digits are fewer.
std::string Text(double value, bool narrow) {
  return narrow ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
}
std::string Text(bool value, bool) { return value ? "true" : "false"; }
std::string Text(int64_t value, bool) { return fmt::to_string(value); }
std::string Text(uint64_t value, bool) { return fmt::to_string(value); }

template <typename List>
std::optional<std::string> ListText(const List& list, bool narrow) {
  std::string text = "[";
  for (const typename List::value_type& each : list) {
    if (text.size() > 1) text += ',';
    if constexpr (std::is_same_v<typename List::value_type, std::string>) {
      if (!IsValidUtf8(each)) return std::nullopt;
      text += nlohmann::json(each).dump();
    } else {
      text += Text(each, narrow);
    }
  }
  return text + ']';
}

template <typename Number>
bool Parse(std::string_view text, Number* number) {
  if constexpr (std::is_same_v<Number, bool>) {
    *number = text == "true";
    return *number || text == "false";
  } else {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
    return error == std::errc() && end == text.data() + text.size();
  }
}

// A f32's digits mean the float that they were printed of.
bool ParseReal(std::string_view text, bool narrow, double* number) {
  if (!narrow) return Parse(text, number);
  float value = 0;
  if (!Parse(text, &value)) return false;
  *number = value;
  return true;
}

bool Fits(uint64_t number, ValueType type) {
  const uint32_t bits = 8 * gguf::ValueBytes(type);
  return bits == 64 || number >> bits == 0;
}
bool Fits(int64_t number, ValueType type) {
  const uint32_t bits = 8 * gguf::ValueBytes(type);
  // All bits above the sign are as the sign.
  return number >> (bits - 1) == 0 || number >> (bits - 1) == -1;
}
bool Fits(bool, ValueType) { return true; }

template <typename Number>
std::optional<MetadataValue> ParseNumbers(std::string_view text, StoredType type) {
  auto parse = [&](std::string_view each, Number* number) {
    if constexpr (std::is_same_v<Number, double>) {
      return ParseReal(each, type.type == ValueType::kF32, number);
    } else {
      return Parse(each, number) && Fits(*number, type.type);
    }
  };
  Number number{};
  if (!type.array) return parse(text, &number) ? std::optional<MetadataValue>(number) : std::nullopt;
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::vector<Number> list;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (!parse(text.substr(0, comma), &number)) return std::nullopt;
    list.push_back(number);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return list;
}

std::optional<MetadataValue> ParseTexts(std::string_view text, StoredType type) {
  if (!type.array) return std::string(text);
  absl::StatusOr<nlohmann::json> json = ParseJson(text, "list");
  if (!json.ok() || !json->is_array()) return std::nullopt;
  std::vector<std::string> list;
  for (const nlohmann::json& each : *json) {
    if (!each.is_string()) return std::nullopt;
    list.push_back(each.get<std::string>());
  }
  return list;
}

std::optional<MetadataValue> ParseValue(std::string_view text, StoredType type) {
  switch (type.type) {
    case ValueType::kU8:
    case ValueType::kU16:
    case ValueType::kU32:
    case ValueType::kU64:
      return ParseNumbers<uint64_t>(text, type);
    case ValueType::kI8:
    case ValueType::kI16:
    case ValueType::kI32:
    case ValueType::kI64:
      return ParseNumbers<int64_t>(text, type);
    case ValueType::kF32:
    case ValueType::kF64:
      return ParseNumbers<double>(text, type);
    case ValueType::kBool:
      return ParseNumbers<bool>(text, type);
    case ValueType::kString:
      return ParseTexts(text, type);
    case ValueType::kArray:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> ValueAsText(const MetadataEntry& entry) {
  const bool narrow = entry.stored_as == "f32" || entry.stored_as == "[f32]";
  return std::visit(
      [&](const auto& value) -> std::optional<std::string> {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::string>) {
          return IsValidUtf8(value) ? std::optional(value) : std::nullopt;
        } else if constexpr (kIsList<Value>) {
          return ListText(value, narrow);
        } else {
          return Text(value, narrow);
        }
      },
      entry.value);
}

std::optional<MetadataEntry> ValueOfText(std::string key, std::string_view text, std::string_view stored_as) {
  const std::optional<StoredType> type = gguf::ParseStoredType(stored_as);
  if (!type) return std::nullopt;
  std::optional<MetadataValue> value = ParseValue(text, *type);
  if (!value) return std::nullopt;
  return MetadataEntry{std::move(key), *std::move(value), gguf::StoredTypeName(*type)};
}

}  // namespace plumb
