// GGUF files put together byte by byte, so that any of them can be wrong.
#ifndef PLUMB_TESTS_UNIT_GGUF_GGUF_TESTING_H_
#define PLUMB_TESTS_UNIT_GGUF_GGUF_TESTING_H_

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/base/byte_source.h"
#include "plumb/gguf/gguf.h"

namespace plumb::gguf {

// Numbers and strings one after another, in either byte order.
class GgufBytes {
 public:
  explicit GgufBytes(bool big_endian = false) : big_endian_(big_endian) {}
  template <std::integral Number>
  GgufBytes& Add(Number value) {
    std::string bytes(sizeof value, '\0');
    for (size_t i = 0; i < sizeof value; ++i) bytes[i] = static_cast<char>(static_cast<uint64_t>(value) >> 8 * i);
    if (big_endian_) std::reverse(bytes.begin(), bytes.end());
    text_ += bytes;
    return *this;
  }
  GgufBytes& Add(float value) { return Add(std::bit_cast<uint32_t>(value)); }
  GgufBytes& Raw(std::string_view bytes) {
    text_ += bytes;
    return *this;
  }
  GgufBytes& String(std::string_view text) { return Add(static_cast<uint64_t>(text.size())).Raw(text); }
  GgufBytes& Header(uint64_t tensors, uint64_t key_values, uint32_t version = 3) {
    return Raw("GGUF").Add(version).Add(tensors).Add(key_values);
  }
  GgufBytes& KeyU32(std::string_view key, uint32_t value) { return String(key).Add(4u).Add(value); }
  GgufBytes& Tensor(std::string_view name, const std::vector<int64_t>& ne, uint32_t type, uint64_t offset) {
    String(name).Add(static_cast<uint32_t>(ne.size()));
    for (int64_t each : ne) Add(each);
    return Add(type).Add(offset);
  }
  GgufBytes& Pad(size_t alignment) {
    return Raw(std::string((alignment - text_.size() % alignment) % alignment, '\0'));
  }
  GgufBytes& Zeros(size_t count) { return Raw(std::string(count, '\0')); }

  const std::string& text() const { return text_; }

 private:
  bool big_endian_;
  std::string text_;
};

inline absl::StatusOr<GgufHeader> ReadGguf(std::string_view file) {
  return GgufHeader::Read(*MemoryByteSource(std::string(file)), "file");
}

}  // namespace plumb::gguf

#endif  // PLUMB_TESTS_UNIT_GGUF_GGUF_TESTING_H_
