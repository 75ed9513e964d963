#include "formats/gguf/key_values.h"

#include <algorithm>
#include <bit>
#include <type_traits>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/gguf/gguf_type.h"

namespace plumb::gguf {
namespace {

// Numbers of an array that are read at a time.
constexpr uint64_t kPieceBytes = 64u << 10;

template <typename Number>
Number Load(const uint8_t* bytes, bool big_endian) {
  if constexpr (std::is_same_v<Number, float>) {
    return std::bit_cast<float>(LoadNumber<uint32_t>(bytes, big_endian));
  } else if constexpr (std::is_same_v<Number, double>) {
    return std::bit_cast<double>(LoadNumber<uint64_t>(bytes, big_endian));
  } else {
    return static_cast<Number>(LoadNumber<std::make_unsigned_t<Number>>(bytes, big_endian));
  }
}

absl::StatusOr<bool> LoadBool(uint8_t byte) {
  if (byte > 1) return InvalidArgument(fmt::format("a bool is {}, expected 0 or 1", byte));
  return byte == 1;
}

// Numbers stored as `Stored` in a vector of `Wide`.
template <typename Stored, typename Wide>
absl::StatusOr<MetadataValue> ReadNumbers(Cursor& cursor, uint64_t count) {
  std::vector<Wide> values;
  values.reserve(count);
  while (count > 0) {
    const uint64_t piece = std::min<uint64_t>(count, kPieceBytes / sizeof(Stored));
    PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, cursor.Bytes(piece * sizeof(Stored), "its array"));
    for (uint64_t i = 0; i < piece; ++i) {
      values.push_back(static_cast<Wide>(Load<Stored>(bytes.data() + i * sizeof(Stored), cursor.big_endian())));
    }
    count -= piece;
  }
  return MetadataValue(std::move(values));
}

template <typename Stored, typename Wide>
absl::StatusOr<MetadataValue> ReadNumber(Cursor& cursor) {
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, cursor.Bytes(sizeof(Stored), "its value"));
  return MetadataValue(static_cast<Wide>(Load<Stored>(bytes.data(), cursor.big_endian())));
}

absl::StatusOr<MetadataValue> ReadBools(Cursor& cursor, uint64_t count) {
  std::vector<bool> values;
  values.reserve(count);
  while (values.size() < count) {
    const uint64_t piece = std::min<uint64_t>(count - values.size(), kPieceBytes);
    PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, cursor.Bytes(piece, "its array"));
    for (uint8_t byte : bytes) {
      PLUMB_ASSIGN_OR_RETURN(bool value, LoadBool(byte));
      values.push_back(value);
    }
  }
  return MetadataValue(std::move(values));
}

absl::StatusOr<MetadataValue> ReadStrings(Cursor& cursor, uint64_t count) {
  std::vector<std::string> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    PLUMB_ASSIGN_OR_RETURN(std::string value, cursor.String(limits::kGgufStringBytesMax, "a string of its array"));
    values.push_back(std::move(value));
  }
  return MetadataValue(std::move(values));
}

absl::StatusOr<MetadataValue> ReadArray(Cursor& cursor, ValueType type, uint64_t count) {
  switch (type) {
    case ValueType::kU8:
      return ReadNumbers<uint8_t, uint64_t>(cursor, count);
    case ValueType::kI8:
      return ReadNumbers<int8_t, int64_t>(cursor, count);
    case ValueType::kU16:
      return ReadNumbers<uint16_t, uint64_t>(cursor, count);
    case ValueType::kI16:
      return ReadNumbers<int16_t, int64_t>(cursor, count);
    case ValueType::kU32:
      return ReadNumbers<uint32_t, uint64_t>(cursor, count);
    case ValueType::kI32:
      return ReadNumbers<int32_t, int64_t>(cursor, count);
    case ValueType::kU64:
      return ReadNumbers<uint64_t, uint64_t>(cursor, count);
    case ValueType::kI64:
      return ReadNumbers<int64_t, int64_t>(cursor, count);
    case ValueType::kF32:
      return ReadNumbers<float, double>(cursor, count);
    case ValueType::kF64:
      return ReadNumbers<double, double>(cursor, count);
    case ValueType::kBool:
      return ReadBools(cursor, count);
    case ValueType::kString:
      return ReadStrings(cursor, count);
    case ValueType::kArray:
      break;
  }
  return InvalidArgument("an array of arrays is not allowed");
}

absl::StatusOr<MetadataValue> ReadSingle(Cursor& cursor, ValueType type) {
  switch (type) {
    case ValueType::kU8:
      return ReadNumber<uint8_t, uint64_t>(cursor);
    case ValueType::kI8:
      return ReadNumber<int8_t, int64_t>(cursor);
    case ValueType::kU16:
      return ReadNumber<uint16_t, uint64_t>(cursor);
    case ValueType::kI16:
      return ReadNumber<int16_t, int64_t>(cursor);
    case ValueType::kU32:
      return ReadNumber<uint32_t, uint64_t>(cursor);
    case ValueType::kI32:
      return ReadNumber<int32_t, int64_t>(cursor);
    case ValueType::kU64:
      return ReadNumber<uint64_t, uint64_t>(cursor);
    case ValueType::kI64:
      return ReadNumber<int64_t, int64_t>(cursor);
    case ValueType::kF32:
      return ReadNumber<float, double>(cursor);
    case ValueType::kF64:
      return ReadNumber<double, double>(cursor);
    case ValueType::kBool: {
      PLUMB_ASSIGN_OR_RETURN(uint8_t byte, cursor.Read<uint8_t>("its value"));
      PLUMB_ASSIGN_OR_RETURN(bool value, LoadBool(byte));
      return MetadataValue(value);
    }
    case ValueType::kString: {
      PLUMB_ASSIGN_OR_RETURN(std::string value, cursor.String(limits::kGgufStringBytesMax, "its value"));
      return MetadataValue(std::move(value));
    }
    case ValueType::kArray:
      break;
  }
  return Internal("an array is no single value");
}

absl::StatusOr<ValueType> ReadType(Cursor& cursor, std::string_view what) {
  PLUMB_ASSIGN_OR_RETURN(uint32_t number, cursor.Read<uint32_t>(what));
  if (number > static_cast<uint32_t>(ValueType::kF64)) {
    return InvalidArgument(fmt::format("{} is {}, expected 0 to 12", what, number));
  }
  return static_cast<ValueType>(number);
}

absl::Status ReadValue(Cursor& cursor, MetadataEntry* entry) {
  PLUMB_ASSIGN_OR_RETURN(ValueType type, ReadType(cursor, "its type"));
  if (type != ValueType::kArray) {
    entry->stored_as = StoredTypeName({type, false});
    PLUMB_ASSIGN_OR_RETURN(entry->value, ReadSingle(cursor, type));
    return absl::OkStatus();
  }
  PLUMB_ASSIGN_OR_RETURN(type, ReadType(cursor, "its element type"));
  PLUMB_ASSIGN_OR_RETURN(uint64_t count, cursor.Read<uint64_t>("its length"));
  if (count > limits::kGgufArrayElementsMax) {
    return InvalidArgument(
        fmt::format("its array is said to have {} elements, at most {}", count, limits::kGgufArrayElementsMax));
  }
  // A string takes eight bytes at least; so might a nested array, which is refused below.
  const uint64_t element_bytes = ValueBytes(type) == 0 ? 8 : ValueBytes(type);
  if (count > cursor.remaining() / element_bytes) {
    return InvalidArgument(
        fmt::format("its array is said to have {} elements, only {} bytes follow", count, cursor.remaining()));
  }
  entry->stored_as = StoredTypeName({type, true});
  PLUMB_ASSIGN_OR_RETURN(entry->value, ReadArray(cursor, type, count));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<MetadataEntry>> ReadKeyValues(Cursor& cursor, uint64_t count) {
  std::vector<MetadataEntry> entries;
  entries.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    MetadataEntry entry;
    absl::StatusOr<std::string> key = cursor.String(limits::kGgufKeyBytesMax, "the key");
    if (!key.ok()) return Annotate(key.status(), fmt::format("key-value {}", i));
    if (key->empty()) return InvalidArgument(fmt::format("key-value {}: the key is empty", i));
    entry.key = *std::move(key);
    absl::Status status = ReadValue(cursor, &entry);
    if (!status.ok()) return Annotate(status, fmt::format("key {}", QuoteForMessage(entry.key)));
    entries.push_back(std::move(entry));
  }
  if (std::optional<std::string> twin = Metadata::FindDuplicate(entries)) {
    return InvalidArgument(fmt::format("key {} occurs twice", QuoteForMessage(*twin)));
  }
  return entries;
}

}  // namespace plumb::gguf
