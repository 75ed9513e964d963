// Feeds values to a hash.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_FEEDER_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_FEEDER_H_

#include <bit>
#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "plumb/content/digest.h"

namespace plumb {

// No two different lists of values give the same bytes.
class Feeder {
 public:
  template <std::integral T>
  void Add(T value) {
    const auto wide = static_cast<uint64_t>(static_cast<int64_t>(value));
    uint8_t bytes[sizeof(wide)];
    for (size_t i = 0; i < sizeof(wide); ++i) bytes[i] = static_cast<uint8_t>(wide >> (8 * i));
    hash_.Update(bytes);
  }
  template <typename T>
  requires std::is_enum_v<T>
  void Add(T value) { Add(static_cast<int64_t>(value)); }
  // Minus zero computes as zero does.
  void Add(double value) { Add(std::bit_cast<int64_t>(value == 0 ? 0.0 : value)); }
  void Add(float value) { Add(double{value}); }
  void Add(std::string_view text) {
    Add(text.size());
    hash_.Update({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }
  void Add(const Digest& digest) { hash_.Update(digest.bytes); }
  template <typename T>
  void Add(const std::vector<T>& values) {
    Add(values.size());
    for (const T& value : values) Add(value);
  }
  void AddBytes(std::span<const uint8_t> bytes) {
    Add(bytes.size());
    hash_.Update(bytes);
  }
  Digest Finish() { return hash_.Finish(); }

 private:
  Sha256 hash_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_FEEDER_H_
