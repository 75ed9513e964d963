// Reads the numbers and strings of a GGUF header, one after another, in either byte order.
#ifndef PLUMB_FORMATS_GGUF_CURSOR_H_
#define PLUMB_FORMATS_GGUF_CURSOR_H_

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"

namespace plumb::gguf {

// Loads a number from its bytes.
template <std::unsigned_integral Number>
Number LoadNumber(const uint8_t* bytes, bool big_endian) {
  Number value = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    const size_t shift = big_endian ? sizeof(Number) - 1 - i : i;
    value = static_cast<Number>(value | static_cast<Number>(static_cast<Number>(bytes[i]) << (8 * shift)));
  }
  return value;
}

// Not thread-safe. Errors say what was wanted and where the file ends.
class Cursor {
 public:
  // Borrows `source`.
  explicit Cursor(const ByteSource& source) : window_(source) {}

  uint64_t position() const { return position_; }
  uint64_t remaining() const { return window_.size() - position_; }
  bool big_endian() const { return big_endian_; }
  void set_big_endian(bool big_endian) { big_endian_ = big_endian; }

  // The next `count` bytes, valid until the next call. `what` names them in the error.
  absl::StatusOr<std::span<const uint8_t>> Bytes(uint64_t count, std::string_view what);

  template <std::unsigned_integral Number>
  absl::StatusOr<Number> Read(std::string_view what) {
    auto bytes = Bytes(sizeof(Number), what);
    if (!bytes.ok()) return bytes.status();
    return LoadNumber<Number>(bytes->data(), big_endian_);
  }

  // A length and as many bytes; INVALID_ARGUMENT when longer than `bytes_max` or than what remains.
  absl::StatusOr<std::string> String(uint64_t bytes_max, std::string_view what);

 private:
  ByteWindow window_;
  uint64_t position_ = 0;
  bool big_endian_ = false;
};

}  // namespace plumb::gguf

#endif  // PLUMB_FORMATS_GGUF_CURSOR_H_
