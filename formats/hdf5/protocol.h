// What the program that links libhdf5 and the library that starts it say to each other; docs/hdf5.md has the layout.
#ifndef PLUMB_FORMATS_HDF5_PROTOCOL_H_
#define PLUMB_FORMATS_HDF5_PROTOCOL_H_

#include <cstdint>

#include "plumb/base/limits.h"

namespace plumb::hdf5 {

inline constexpr uint32_t kProtocolVersion = 1;
// The child's end of the socket.
inline constexpr int kSocket = 0;
// A frame: u8 kind, u32 bytes of the payload, payload.
inline constexpr uint64_t kFrameHeaderBytes = 5;
inline constexpr uint64_t kFrameBytesMax = limits::kConfigBytesMax + (1u << 20);
inline constexpr uint32_t kReadBytesMax = 1u << 20;
inline constexpr uint64_t kInlineBytesMax = 64u << 10;  // HDF5's own limit of compact datasets.
inline constexpr uint32_t kRankMax = 32;                // HDF5's own.
inline constexpr uint64_t kChunkRowBytes = 24;          // u64 index, u64 offset, u32 bytes, u32 skipped filters.

// From the child.
enum class FrameKind : uint8_t {
  kHello = 'H',
  kRead = 'R',
  kGroup = 'G',
  kAttribute = 'A',
  kDataset = 'D',
  kChunks = 'C',
  kLeftOut = 'L',
  kRefused = 'X',
  kEnd = 'E',
};

enum class Element : uint8_t {
  kI8,
  kU8,
  kI16,
  kU16,
  kI32,
  kU32,
  kI64,
  kU64,
  kF16,
  kF32,
  kF64,
  kBool,
  kC64,
  kC128,
  kBF16,
};
inline constexpr uint8_t kElementCount = static_cast<uint8_t>(Element::kBF16) + 1;

enum class Layout : uint8_t {
  kContiguous,
  kInline,  // The bytes stand in the frame.
  kFill,    // Every element is the one in the frame.
  kChunked,
};

// HDF5's own numbers.
enum class Filter : uint8_t { kDeflate = 1, kShuffle = 2, kFletcher32 = 3 };

enum class ValueKind : uint8_t { kSigned, kUnsigned, kReal, kText };

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_PROTOCOL_H_
