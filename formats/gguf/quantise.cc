#include "plumb/gguf/quantise.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "fmt/format.h"
#include "formats/gguf/quantise_functions.h"
#include "plumb/base/status.h"

namespace plumb::gguf {
namespace {

static_assert(std::endian::native == std::endian::little, "F32 is copied");

using EncodeBlock = void (*)(const float* values, uint8_t* out);

// nullptr for types without blocks and for those that are only read.
EncodeBlock EncoderOf(DType dtype) {
  switch (dtype) {
    case DType::kQ4_0:
      return EncodeQ4_0;
    case DType::kQ4_1:
      return EncodeQ4_1;
    case DType::kQ5_0:
      return EncodeQ5_0;
    case DType::kQ5_1:
      return EncodeQ5_1;
    case DType::kQ8_0:
      return EncodeQ8_0;
    case DType::kMXFP4:
      return EncodeMxfp4;
    case DType::kTQ1_0:
      return EncodeTq1;
    case DType::kTQ2_0:
      return EncodeTq2;
    case DType::kQ4_K:
      return EncodeQ4K;
    default:
      return nullptr;
  }
}

bool IsPlain(DType dtype) { return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16; }

void EncodePlain(DType dtype, std::span<const float> values, uint8_t* out) {
  if (dtype == DType::kF32) {
    if (!values.empty()) std::memcpy(out, values.data(), values.size_bytes());
  } else if (dtype == DType::kF16) {
    for (size_t i = 0; i < values.size(); ++i) StoreU16(FloatToHalf(values[i]), out + 2 * i);
  } else {
    for (size_t i = 0; i < values.size(); ++i) StoreU16(FloatToBFloat16(values[i]), out + 2 * i);
  }
}

bool AllFinite(std::span<const float> values) {
  constexpr uint32_t kExponent = 0x7f800000u;
  uint32_t others = 0;
  for (float value : values) others |= (std::bit_cast<uint32_t>(value) & kExponent) == kExponent ? 1 : 0;
  return others == 0;
}

}  // namespace

bool CanQuantise(DType dtype) { return IsPlain(dtype) || EncoderOf(dtype) != nullptr; }

absl::Status Quantise(DType dtype, std::span<const float> values, std::span<uint8_t> out) {
  if (!CanQuantise(dtype)) return InvalidArgument(fmt::format("quantise: {} is only read", DTypeName(dtype)));
  const DTypeBlock block = BlockOf(dtype);
  const size_t count = values.size() / block.elements;
  if (values.size() % block.elements != 0 || out.size() % block.bytes != 0 || out.size() / block.bytes != count) {
    return InvalidArgument(fmt::format("quantise {}: {} values do not make {} bytes of blocks of {}", DTypeName(dtype),
                                       values.size(), out.size(), block.elements));
  }
  if (IsPlain(dtype)) {
    EncodePlain(dtype, values, out.data());
    return absl::OkStatus();
  }
  if (!AllFinite(values)) {
    const auto found = std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
    return InvalidArgument(
        fmt::format("quantise {}: element {} is {}", DTypeName(dtype), found - values.begin(), *found));
  }
  const EncodeBlock encode = EncoderOf(dtype);
  for (size_t i = 0; i < count; ++i) encode(values.data() + i * block.elements, out.data() + i * block.bytes);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<uint8_t>> Quantised(DType dtype, std::span<const float> values) {
  const DTypeBlock block = BlockOf(dtype);
  if (block.bytes == 0) return InvalidArgument(fmt::format("quantise: {} is only read", DTypeName(dtype)));
  std::vector<uint8_t> out(values.size() / block.elements * block.bytes);
  PLUMB_RETURN_IF_ERROR(Quantise(dtype, values, out));
  return out;
}

}  // namespace plumb::gguf
