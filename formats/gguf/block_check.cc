#include <bit>
#include <cmath>

#include "formats/gguf/block_functions.h"
#include "plumb/gguf/dequantise.h"

namespace plumb::gguf {
namespace {

// Halves at an offset of a block that scale it; half of the types have one, or two side by side.
struct Scales {
  DType dtype;
  uint16_t offset;
  uint8_t halves;
};

constexpr Scales kScales[] = {
    {DType::kQ4_0, 0, 1},   {DType::kQ4_1, 0, 2},   {DType::kQ5_0, 0, 1},    {DType::kQ5_1, 0, 2},
    {DType::kQ8_0, 0, 1},   {DType::kQ8_1, 0, 2},   {DType::kQ2_K, 80, 2},   {DType::kQ3_K, 108, 1},
    {DType::kQ4_K, 0, 2},   {DType::kQ5_K, 0, 2},   {DType::kQ6_K, 208, 1},  {DType::kIQ2_XXS, 0, 1},
    {DType::kIQ2_XS, 0, 1}, {DType::kIQ2_S, 0, 1},  {DType::kIQ3_XXS, 0, 1}, {DType::kIQ3_S, 0, 1},
    {DType::kIQ1_S, 0, 1},  {DType::kIQ4_NL, 0, 1}, {DType::kIQ4_XS, 0, 1},  {DType::kTQ1_0, 52, 1},
    {DType::kTQ2_0, 64, 1}, {DType::kQ1_0, 0, 1},   {DType::kQ2_0, 0, 1},
};

// All ones in the exponent: NaN or infinity.
bool IsBadHalf(uint16_t half) { return (half & 0x7c00) == 0x7c00; }

// The types whose scales are no halves that lie together.
bool IsBadOther(DType dtype, const uint8_t* block) {
  switch (dtype) {
    case DType::kQ8_K:
      return !std::isfinite(std::bit_cast<float>(LoadU32(block)));
    case DType::kIQ1_M: {  // In the top nibbles of four words: the highest nibble and three bits below are in the last.
      const uint16_t half = static_cast<uint16_t>((LoadU16(block + 54) >> 12) << 12 | (LoadU16(block + 52) >> 12) << 8);
      return IsBadHalf(half);
    }
    case DType::kMXFP4:
      return block[0] == 0xff;
    case DType::kNVFP4:
      for (int part = 0; part < 4; ++part) {
        if ((block[part] & 0x7f) == 0x7f) return true;
      }
      return false;
    default:
      return false;
  }
}

}  // namespace

uint64_t CountBadBlocks(DType dtype, std::span<const uint8_t> blocks) {
  const size_t block_bytes = BlockOf(dtype).bytes;
  const Scales* scales = nullptr;
  for (const Scales& each : kScales) {
    if (each.dtype == dtype) scales = &each;
  }
  uint64_t bad = 0;
  for (size_t at = 0; at + block_bytes <= blocks.size(); at += block_bytes) {
    const uint8_t* block = blocks.data() + at;
    if (scales == nullptr) {
      bad += IsBadOther(dtype, block) ? 1 : 0;
      continue;
    }
    bool bad_scale = false;
    for (int i = 0; i < scales->halves; ++i) bad_scale |= IsBadHalf(LoadU16(block + scales->offset + 2 * i));
    bad += bad_scale ? 1 : 0;
  }
  return bad;
}

}  // namespace plumb::gguf
