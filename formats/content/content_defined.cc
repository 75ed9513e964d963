#include "plumb/content/content_defined.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "plumb/base/limits.h"

namespace plumb {
namespace {

constexpr size_t kMinBytes = 64u << 10;
// Chunks shorter than this end at rarer places than longer ones, which keeps lengths near it.
constexpr size_t kNormalBytes = 256u << 10;
constexpr int kBitsBelowNormal = 20;
constexpr int kBitsAboveNormal = 16;
// Each byte shifts the hash by one bit, so that it knows the last 64 bytes only.
constexpr size_t kWindowBytes = 64;

// Outputs 1 to 256 of SplitMix64 with seed 0.
constexpr std::array<uint64_t, 256> MakeGear() {
  std::array<uint64_t, 256> gear{};
  uint64_t state = 0;
  for (uint64_t& entry : gear) {
    state += 0x9e3779b97f4a7c15;
    uint64_t mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    entry = mixed ^ (mixed >> 31);
  }
  return gear;
}

constexpr std::array<uint64_t, 256> kGear = MakeGear();
static_assert(kGear[0] == 0xe220a8397b1dcdaf);

// Goes on from *length to the first length at which the hash has `kBits` leading zeros; false when there is none up
// to `end`.
template <int kBits>
bool FindCut(const uint8_t* bytes, size_t end, size_t* length, uint64_t* hash) {
  uint64_t value = *hash;
  size_t at = *length;
  bool found = false;
  while (at < end && !found) {
    value = (value << 1) + kGear[bytes[at++]];
    found = value >> (64 - kBits) == 0;
  }
  *hash = value;
  *length = at;
  return found;
}

}  // namespace

uint32_t CutContentDefined(std::span<const uint8_t> bytes) {
  const size_t size = std::min<size_t>(bytes.size(), limits::kChunkBytes);
  if (size <= kMinBytes) return static_cast<uint32_t>(size);
  uint64_t hash = 0;
  for (size_t at = kMinBytes - kWindowBytes; at < kMinBytes; ++at) hash = (hash << 1) + kGear[bytes[at]];
  size_t length = kMinBytes;
  if (!FindCut<kBitsBelowNormal>(bytes.data(), std::min(size, kNormalBytes), &length, &hash)) {
    FindCut<kBitsAboveNormal>(bytes.data(), size, &length, &hash);
  }
  return static_cast<uint32_t>(length);
}

}  // namespace plumb
