// Entropy coding of bytes: range asymmetric numeral systems (J. Duda, arXiv:1311.2540) with interleaved 32-bit states,
// 12-bit frequencies and 16-bit renormalisation (docs/codecs.md). Every instruction set makes and reads the same bytes.
#ifndef PLUMB_FORMATS_CODEC_RANS_H_
#define PLUMB_FORMATS_CODEC_RANS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "formats/codec/frequency_table.h"

namespace plumb {

// A symbol may be coded with one of several tables, chosen by a context that both sides know.
inline constexpr size_t kRansContextsMax = 8;

// States that take turns: symbol i belongs to state i % lanes.
size_t RansLanes(size_t symbols);

// Bytes of a stream beside the coded symbols.
inline size_t RansStateBytes(size_t symbols) { return RansLanes(symbols) * sizeof(uint32_t); }

// Reuses its memory; not thread-safe.
class RansEncoder {
 public:
  // The states, then the words. `contexts` is empty (table 0 for all) or has a value below `tables.size()` for each
  // symbol. Every symbol has a frequency in its table. The bytes live until the next call.
  std::span<const uint8_t> Encode(std::span<const uint8_t> symbols, std::span<const uint8_t> contexts,
                                  std::span<const FrequencyTable> tables);

 private:
  void FillIntervals(std::span<const FrequencyTable> tables);

  std::vector<uint32_t> intervals_;
  std::vector<float> reciprocals_;
  std::vector<uint8_t> stream_;
};

// Reuses its memory; not thread-safe.
class RansDecoder {
 public:
  // Fills `symbols` from `stream`, which must hold exactly them. `contexts` as in Encode. DATA_LOSS when it does not.
  absl::Status Decode(std::span<const uint8_t> stream, std::span<const uint8_t> contexts,
                      std::span<const FrequencyTable> tables, std::span<uint8_t> symbols);

 private:
  void FillSlots(std::span<const FrequencyTable> tables);

  std::vector<uint32_t> slots_;
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_CODEC_RANS_H_
