// The end of a message as FIPS 180-4 section 5.1.1 pads it, and the digest that a last state is.
#ifndef PLUMB_FORMATS_CONTENT_SHA256_TAIL_H_
#define PLUMB_FORMATS_CONTENT_SHA256_TAIL_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "formats/content/sha256_kernel.h"
#include "plumb/content/digest.h"

namespace plumb::sha256 {

// One or two blocks.
struct Tail {
  std::array<uint8_t, 2 * kBlockBytes> bytes;
  size_t blocks = 0;
};

// The tail of a message of `message_bytes`, of which `rest` is what follows its last whole block.
// REQUIRES: `rest` is shorter than a block.
inline void MakeTail(std::span<const uint8_t> rest, uint64_t message_bytes, Tail* tail) {
  constexpr size_t kLengthBytes = 8;
  tail->blocks = rest.size() + 1 + kLengthBytes <= kBlockBytes ? 1 : 2;
  auto end = std::copy(rest.begin(), rest.end(), tail->bytes.begin());
  *end++ = 0x80;
  std::fill(end, tail->bytes.end(), 0);
  const uint64_t bits = 8 * message_bytes;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    tail->bytes[tail->blocks * kBlockBytes - 1 - i] = static_cast<uint8_t>(bits >> (8 * i));
  }
}

inline Digest ToDigest(const State& state) {
  Digest digest;
  for (size_t i = 0; i < digest.bytes.size(); ++i)
    digest.bytes[i] = static_cast<uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

}  // namespace plumb::sha256

#endif  // PLUMB_FORMATS_CONTENT_SHA256_TAIL_H_
