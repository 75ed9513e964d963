// The parts of a frame that its writer and its reader share (docs/codecs.md). Numbers are little-endian.
#ifndef PLUMB_FORMATS_CODEC_FRAME_FORMAT_H_
#define PLUMB_FORMATS_CODEC_FRAME_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "formats/codec/rans.h"
#include "plumb/codec/frame.h"

namespace plumb {

// Codec and plain size; the digest of the base follows in a difference.
inline constexpr size_t kFrameFixedBytes = 5;
// What stands before the planes for each of them: its mode and its stored size.
inline constexpr size_t kPlaneHeaderBytes = 5;
// Bounds between classes of the base's exponent; the classes are contexts.
inline constexpr size_t kThresholdsMax = kRansContextsMax - 1;

inline void StoreNumber(uint32_t value, uint8_t* to) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
}

inline uint32_t LoadNumber(const uint8_t* from) {
  return uint32_t{from[0]} | uint32_t{from[1]} << 8 | uint32_t{from[2]} << 16 | uint32_t{from[3]} << 24;
}

// Makes `out` the fixed part of a frame's header.
inline void StartFrame(Codec codec, size_t plain_bytes, std::vector<uint8_t>* out) {
  out->resize(kFrameFixedBytes);
  (*out)[0] = static_cast<uint8_t>(codec);
  StoreNumber(static_cast<uint32_t>(plain_bytes), out->data() + 1);
}

}  // namespace plumb

#endif  // PLUMB_FORMATS_CODEC_FRAME_FORMAT_H_
