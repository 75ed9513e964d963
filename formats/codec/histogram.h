// How often each byte value occurs.
#ifndef PLUMB_FORMATS_CODEC_HISTOGRAM_H_
#define PLUMB_FORMATS_CODEC_HISTOGRAM_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "formats/codec/frequency_table.h"

namespace plumb {

// Counts symbols, those of each context apart. Not thread-safe.
class SymbolCounter {
 public:
  // 1 to kRansContextsMax contexts.
  explicit SymbolCounter(size_t contexts);

  // `contexts` is empty when there is one, else has a value below their number for each symbol.
  void Add(std::span<const uint8_t> symbols, std::span<const uint8_t> contexts);

  // One histogram for each context.
  std::vector<Histogram> Counts() const;

 private:
  void AddPlain(std::span<const uint8_t> symbols);

  size_t contexts_;
  size_t copies_;
  std::vector<Histogram> tables_;  // [copy * contexts + context], so that equal symbols in a row need not wait.
};

// The histogram of all symbols, of which large inputs are counted in part and scaled up, as long as few values are in
// doubt. Every value that occurs has a count above 0.
Histogram EstimateCounts(std::span<const uint8_t> symbols);

Histogram SumOf(std::span<const Histogram> counts);
uint64_t TotalOf(const Histogram& counts);

}  // namespace plumb

#endif  // PLUMB_FORMATS_CODEC_HISTOGRAM_H_
