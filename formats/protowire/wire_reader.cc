#include "plumb/protowire/wire_reader.h"

namespace plumb {

std::optional<uint64_t> TakeVarint(std::span<const uint8_t>& bytes) {
  constexpr size_t kBytesMax = 10;
  uint64_t value = 0;
  for (size_t i = 0; i < kBytesMax && i < bytes.size(); ++i) {
    value |= static_cast<uint64_t>(bytes[i] & 0x7f) << (7 * i);
    if ((bytes[i] & 0x80) == 0) {
      if (i == kBytesMax - 1 && bytes[i] > 1) return std::nullopt;  // Past 64 bits.
      bytes = bytes.subspan(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

bool WireReader::Fail(std::string_view error) {
  if (error_.empty()) error_ = error;
  rest_ = {};
  return false;
}

bool WireReader::Take(uint64_t count, WireField& field) {
  if (count > rest_.size()) return Fail("a field is longer than what is left of its message");
  field.bytes = rest_.first(count);
  rest_ = rest_.subspan(count);
  return true;
}

bool WireReader::Next(WireField& field) {
  if (rest_.empty()) return false;
  std::optional<uint64_t> tag = TakeVarint(rest_);
  if (!tag) return Fail("a field's tag is cut off or too long");
  if (*tag >> 3 == 0 || *tag >> 3 >= (1u << 29)) return Fail("a field has a number that protobuf does not allow");
  field = {.number = static_cast<uint32_t>(*tag >> 3), .wire = static_cast<Wire>(*tag & 7)};
  switch (field.wire) {
    case Wire::kVarint: {
      const std::span<const uint8_t> before = rest_;
      std::optional<uint64_t> value = TakeVarint(rest_);
      if (!value) return Fail("a number is cut off or too long");
      field.value = *value;
      field.bytes = before.first(before.size() - rest_.size());
      return true;
    }
    case Wire::kBytes: {
      std::optional<uint64_t> length = TakeVarint(rest_);
      if (!length) return Fail("a length is cut off or too long");
      return Take(*length, field);
    }
    case Wire::kFixed64:
    case Wire::kFixed32: {
      if (!Take(field.wire == Wire::kFixed64 ? 8 : 4, field)) return false;
      for (size_t i = 0; i < field.bytes.size(); ++i) field.value |= static_cast<uint64_t>(field.bytes[i]) << (8 * i);
      return true;
    }
    default:
      return Fail("a field has a wire type of groups, which are no longer written");
  }
}

}  // namespace plumb
