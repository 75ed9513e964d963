// Protobuf's wire format, read field by field.
#ifndef PLUMB_PROTOWIRE_WIRE_READER_H_
#define PLUMB_PROTOWIRE_WIRE_READER_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "absl/status/status.h"

namespace plumb {

enum class Wire : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// One field of a message.
struct WireField {
  uint32_t number = 0;
  Wire wire = Wire::kVarint;
  uint64_t value = 0;              // Of a varint or fixed field.
  std::span<const uint8_t> bytes;  // Of every field: its value as it stands.
};

// Takes one varint of at most 10 bytes from the front of `bytes`; nullopt when it is cut off or too long.
std::optional<uint64_t> TakeVarint(std::span<const uint8_t>& bytes);

// Walks the fields of one message.
class WireReader {
 public:
  explicit WireReader(std::span<const uint8_t> bytes) : rest_(bytes) {}

  // Reads the next field. False at the end and after an error.
  bool Next(WireField& field);
  // OK, or what is wrong with the bytes; empty when nothing is.
  std::string_view error() const { return error_; }

 private:
  bool Fail(std::string_view error);
  bool Take(uint64_t count, WireField& field);

  std::span<const uint8_t> rest_;
  std::string_view error_;
};

}  // namespace plumb

#endif  // PLUMB_PROTOWIRE_WIRE_READER_H_
