#include "formats/gguf/key_value_writer.h"

#include <bit>
#include <limits>
#include <type_traits>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/gguf/gguf_type.h"

namespace plumb::gguf {
namespace {

template <typename T>
inline constexpr bool kIsList = false;
template <typename T>
inline constexpr bool kIsList<std::vector<T>> = true;

// Without a name, the widest type that the value has.
StoredType NaturalType(const MetadataValue& value) {
  static constexpr ValueType kTypes[] = {ValueType::kBool, ValueType::kI64, ValueType::kU64, ValueType::kF64,
                                         ValueType::kString};
  return {kTypes[value.index() % 5], value.index() >= 5};
}

template <typename Stored>
absl::Status AppendInteger(int64_t value, std::string* out) {
  if (value < static_cast<int64_t>(std::numeric_limits<Stored>::min()) ||
      (value > 0 && static_cast<uint64_t>(value) > static_cast<uint64_t>(std::numeric_limits<Stored>::max()))) {
    return InvalidArgument(fmt::format("{} does not fit the type", value));
  }
  AppendNumber(static_cast<std::make_unsigned_t<Stored>>(value), out);
  return absl::OkStatus();
}

template <typename Stored>
absl::Status AppendInteger(uint64_t value, std::string* out) {
  if (value > static_cast<uint64_t>(std::numeric_limits<Stored>::max())) {
    return InvalidArgument(fmt::format("{} does not fit the type", value));
  }
  AppendNumber(static_cast<std::make_unsigned_t<Stored>>(value), out);
  return absl::OkStatus();
}

template <typename Integer>
absl::Status AppendIntegerAs(ValueType type, Integer value, std::string* out) {
  switch (type) {
    case ValueType::kU8:
      return AppendInteger<uint8_t>(value, out);
    case ValueType::kI8:
      return AppendInteger<int8_t>(value, out);
    case ValueType::kU16:
      return AppendInteger<uint16_t>(value, out);
    case ValueType::kI16:
      return AppendInteger<int16_t>(value, out);
    case ValueType::kU32:
      return AppendInteger<uint32_t>(value, out);
    case ValueType::kI32:
      return AppendInteger<int32_t>(value, out);
    case ValueType::kU64:
      return AppendInteger<uint64_t>(value, out);
    case ValueType::kI64:
      return AppendInteger<int64_t>(value, out);
    default:
      return InvalidArgument("a whole number is to be stored as another type");
  }
}

absl::Status AppendSingle(ValueType type, int64_t value, std::string* out) { return AppendIntegerAs(type, value, out); }

absl::Status AppendSingle(ValueType type, uint64_t value, std::string* out) {
  return AppendIntegerAs(type, value, out);
}

absl::Status AppendSingle(ValueType type, double value, std::string* out) {
  if (type == ValueType::kF32) {
    AppendNumber(std::bit_cast<uint32_t>(static_cast<float>(value)), out);
  } else if (type == ValueType::kF64) {
    AppendNumber(std::bit_cast<uint64_t>(value), out);
  } else {
    return InvalidArgument("a real number is to be stored as another type");
  }
  return absl::OkStatus();
}

absl::Status AppendSingle(ValueType type, bool value, std::string* out) {
  if (type != ValueType::kBool) return InvalidArgument("a bool is to be stored as another type");
  out->push_back(value ? 1 : 0);
  return absl::OkStatus();
}

absl::Status AppendSingle(ValueType type, const std::string& value, std::string* out) {
  if (type != ValueType::kString) return InvalidArgument("a string is to be stored as another type");
  if (value.size() > limits::kGgufStringBytesMax) {
    return InvalidArgument(fmt::format("a string has {} bytes, at most {}", value.size(), limits::kGgufStringBytesMax));
  }
  AppendString(value, out);
  return absl::OkStatus();
}

absl::Status AppendValue(const MetadataValue& value, StoredType type, std::string* out) {
  return std::visit(
      [&](const auto& held) -> absl::Status {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (kIsList<Held>) {
          if (!type.array) return InvalidArgument("a list is to be stored as a single value");
          if (held.size() > limits::kGgufArrayElementsMax) {
            return InvalidArgument(
                fmt::format("a list has {} elements, at most {}", held.size(), limits::kGgufArrayElementsMax));
          }
          AppendNumber(static_cast<uint32_t>(ValueType::kArray), out);
          AppendNumber(static_cast<uint32_t>(type.type), out);
          AppendNumber(static_cast<uint64_t>(held.size()), out);
          for (const typename Held::value_type& each : held) {
            PLUMB_RETURN_IF_ERROR(AppendSingle(type.type, each, out));
          }
          return absl::OkStatus();
        } else {
          if (type.array) return InvalidArgument("a single value is to be stored as a list");
          AppendNumber(static_cast<uint32_t>(type.type), out);
          return AppendSingle(type.type, held, out);
        }
      },
      value);
}

}  // namespace

void AppendString(std::string_view text, std::string* out) {
  AppendNumber(static_cast<uint64_t>(text.size()), out);
  out->append(text);
}

absl::Status AppendKeyValue(const MetadataEntry& entry, std::string* out) {
  auto refuse = [&](std::string_view rule) {
    return InvalidArgument(fmt::format("write key {}: {}", QuoteForMessage(entry.key), rule));
  };
  if (entry.key.empty() || entry.key.size() > limits::kGgufKeyBytesMax) {
    return refuse(fmt::format("it has {} bytes, expected 1 to {}", entry.key.size(), limits::kGgufKeyBytesMax));
  }
  std::optional<StoredType> type = NaturalType(entry.value);
  if (!entry.stored_as.empty()) type = ParseStoredType(entry.stored_as);
  if (!type) return refuse(fmt::format("GGUF has no type {}", entry.stored_as));
  AppendString(entry.key, out);
  absl::Status status = AppendValue(entry.value, *type, out);
  return status.ok() ? status : refuse(Message(status));
}

}  // namespace plumb::gguf
