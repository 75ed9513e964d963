// How often each symbol is expected: the model that a rANS stream is coded with.
#ifndef PLUMB_FORMATS_CODEC_FREQUENCY_TABLE_H_
#define PLUMB_FORMATS_CODEC_FREQUENCY_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace plumb {

using Histogram = std::array<uint32_t, 256>;

// Frequencies add up to kScale, and each is below it, so that one fits in 12 bits.
struct FrequencyTable {
  static constexpr uint32_t kScaleBits = 12;
  static constexpr uint32_t kScale = 1u << kScaleBits;

  // The table nearest to `counts`. Every symbol that occurs gets at least 1.
  static FrequencyTable From(const Histogram& counts);
  // Reads what AppendTo wrote at the front of `*bytes` and moves past it. DATA_LOSS for anything else.
  static absl::StatusOr<FrequencyTable> Take(std::span<const uint8_t>* bytes);

  void AppendTo(std::vector<uint8_t>* out) const;

  // Bits that symbols with these counts take; a symbol that the table lacks must not occur.
  uint64_t CostBits(const Histogram& counts) const;

  std::array<uint16_t, 256> frequencies{};
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_CODEC_FREQUENCY_TABLE_H_
