#include "formats/convert/encode.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "fmt/format.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/gguf/dequantise.h"
#include "plumb/gguf/quantise.h"

namespace plumb {
namespace {

// Blocks keep their scales as halves, so that larger numbers may not fit.
constexpr float kHalfMax = 65504;

// Elements whose exponent is not all ones.
template <typename Bits>
uint64_t CountFinite(std::span<const uint8_t> bytes, Bits exponent) {
  uint64_t count = 0;
  for (size_t at = 0; at + sizeof(Bits) <= bytes.size(); at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, bytes.data() + at, sizeof bits);
    count += (bits & exponent) != exponent ? 1 : 0;
  }
  return count;
}

std::span<const uint8_t> BytesOf(std::span<const float> values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()};
}

uint64_t CountFiniteFloats(std::span<const float> values) {
  return CountFinite<uint32_t>(BytesOf(values), 0x7f800000u);
}

// Whether any magnitude is above that of `limit`, which is no NaN; NaNs are.
bool AnyAbove(std::span<const float> values, float limit) {
  const auto limit_bits = std::bit_cast<int32_t>(limit);
  int32_t above = 0;
  for (float value : values) above |= (std::bit_cast<int32_t>(value) & INT32_MAX) > limit_bits ? 1 : 0;
  return above != 0;
}

absl::StatusOr<uint64_t> CountFiniteInSource(const Payload& payload, uint64_t first, uint64_t count,
                                             EncodeBuffers* buffers) {
  if (payload.tensor->dtype != DType::kF64) return CountFiniteFloats(buffers->values);
  buffers->doubles.resize(count * sizeof(double));
  PLUMB_RETURN_IF_ERROR(payload.source->ReadBytes(*payload.tensor, first * sizeof(double), buffers->doubles));
  return CountFinite<uint64_t>(buffers->doubles, 0x7ff0000000000000u);
}

// Of the numbers in buffers->bytes. Uses buffers->values.
absl::StatusOr<uint64_t> CountFiniteInResult(DType dtype, EncodeBuffers* buffers) {
  if (dtype == DType::kF16) return CountFinite<uint16_t>(buffers->bytes, uint16_t{0x7c00});
  if (dtype == DType::kBF16) return CountFinite<uint16_t>(buffers->bytes, uint16_t{0x7f80});
  if (IsGgmlBlockDType(dtype) && AnyAbove(buffers->values, kHalfMax)) {
    PLUMB_RETURN_IF_ERROR(gguf::Dequantise(dtype, buffers->bytes, buffers->values));
  }
  return CountFiniteFloats(buffers->values);
}

absl::Status ExplainNonFinite(const Payload& payload, uint64_t first, std::span<const float> values,
                              const absl::Status& otherwise) {
  auto found = std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  if (found == values.end()) return otherwise;
  return InvalidArgument(fmt::format("tensor {}: element {} is {}, which {} cannot hold: pass --dtype f32, f16 or bf16",
                                     QuoteForMessage(payload.tensor->name),
                                     first + static_cast<uint64_t>(found - values.begin()), *found,
                                     DTypeName(payload.dtype)));
}

}  // namespace

absl::StatusOr<uint64_t> EncodeElements(const Payload& payload, uint64_t first, uint64_t count,
                                        EncodeBuffers* buffers) {
  buffers->values.resize(count);
  PLUMB_RETURN_IF_ERROR(payload.source->ReadF32(*payload.tensor, first, buffers->values));
  PLUMB_ASSIGN_OR_RETURN(uint64_t before, CountFiniteInSource(payload, first, count, buffers));
  const DTypeBlock block = BlockOf(payload.dtype);
  buffers->bytes.resize(count / block.elements * block.bytes);
  absl::Status status = gguf::Quantise(payload.dtype, buffers->values, buffers->bytes);
  if (!status.ok()) return ExplainNonFinite(payload, first, buffers->values, status);
  PLUMB_ASSIGN_OR_RETURN(uint64_t after, CountFiniteInResult(payload.dtype, buffers));
  return before - after;
}

}  // namespace plumb
