#include "plumb/gguf/dequantise.h"

#include <algorithm>

#include "fmt/format.h"
#include "formats/gguf/block_functions.h"
#include "plumb/base/status.h"

namespace plumb::gguf {
namespace {

// Runs of equal numbers in a block that have a byte order.
struct Field {
  uint16_t offset;
  uint8_t bytes;
  uint8_t count;
};

struct BlockType {
  DType dtype;
  BlockFunction decode;
  Field fields[2];
};

// Fields as the reference declares its structs; where it declares bytes but reads a wider number, that number.
constexpr BlockType kBlockTypes[] = {
    {DType::kQ4_0, DecodeQ4_0, {{0, 2, 1}}},
    {DType::kQ4_1, DecodeQ4_1, {{0, 2, 2}}},
    {DType::kQ5_0, DecodeQ5_0, {{0, 2, 1}, {2, 4, 1}}},
    {DType::kQ5_1, DecodeQ5_1, {{0, 2, 2}, {4, 4, 1}}},
    {DType::kQ8_0, DecodeQ8_0, {{0, 2, 1}}},
    {DType::kQ8_1, DecodeQ8_1, {{0, 2, 2}}},
    {DType::kQ2_K, DecodeQ2K, {{80, 2, 2}}},
    {DType::kQ3_K, DecodeQ3K, {{108, 2, 1}}},
    {DType::kQ4_K, DecodeQ4K, {{0, 2, 2}}},
    {DType::kQ5_K, DecodeQ5K, {{0, 2, 2}}},
    {DType::kQ6_K, DecodeQ6K, {{208, 2, 1}}},
    {DType::kQ8_K, DecodeQ8K, {{0, 4, 1}, {260, 2, 16}}},
    {DType::kIQ2_XXS, DecodeIq2Xxs, {{0, 2, 33}}},
    {DType::kIQ2_XS, DecodeIq2Xs, {{0, 2, 33}}},
    {DType::kIQ3_XXS, DecodeIq3Xxs, {{0, 2, 1}}},
    {DType::kIQ1_S, DecodeIq1S, {{0, 2, 1}, {34, 2, 8}}},
    {DType::kIQ4_NL, DecodeIq4Nl, {{0, 2, 1}}},
    {DType::kIQ3_S, DecodeIq3S, {{0, 2, 1}}},
    {DType::kIQ2_S, DecodeIq2S, {{0, 2, 1}}},
    {DType::kIQ4_XS, DecodeIq4Xs, {{0, 2, 2}}},
    {DType::kIQ1_M, DecodeIq1M, {{48, 2, 4}}},
    {DType::kTQ1_0, DecodeTq1, {{52, 2, 1}}},
    {DType::kTQ2_0, DecodeTq2, {{64, 2, 1}}},
    {DType::kMXFP4, DecodeMxfp4, {}},
    {DType::kNVFP4, DecodeNvfp4, {}},
    {DType::kQ1_0, DecodeQ1_0, {{0, 2, 1}}},
    {DType::kQ2_0, DecodeQ2_0, {{0, 2, 1}}},
};

const BlockType* Find(DType dtype) {
  for (const BlockType& type : kBlockTypes) {
    if (type.dtype == dtype) return &type;
  }
  return nullptr;
}

}  // namespace

absl::Status Dequantise(DType dtype, std::span<const uint8_t> blocks, std::span<float> out) {
  const BlockType* type = Find(dtype);
  if (type == nullptr) return InvalidArgument(fmt::format("dequantise {}: not a block type", DTypeName(dtype)));
  const DTypeBlock block = BlockOf(dtype);
  const size_t count = out.size() / block.elements;
  if (out.size() % block.elements != 0 || blocks.size() % block.bytes != 0 || blocks.size() / block.bytes != count) {
    return InvalidArgument(fmt::format("dequantise {}: {} bytes are not the blocks of {} elements", DTypeName(dtype),
                                       blocks.size(), out.size()));
  }
  type->decode(blocks.data(), out.data(), count);
  return absl::OkStatus();
}

void SwapBlocks(DType dtype, std::span<uint8_t> blocks) {
  const BlockType* type = Find(dtype);
  if (type == nullptr) return;
  const size_t block_bytes = BlockOf(dtype).bytes;
  for (size_t at = 0; at + block_bytes <= blocks.size(); at += block_bytes) {
    for (const Field& field : type->fields) {
      uint8_t* number = blocks.data() + at + field.offset;
      for (int i = 0; i < field.count; ++i, number += field.bytes) std::reverse(number, number + field.bytes);
    }
  }
}

BlockCodec GgmlBlockCodec() { return {.decode = Dequantise, .swap = SwapBlocks, .count_bad = CountBadBlocks}; }

}  // namespace plumb::gguf
