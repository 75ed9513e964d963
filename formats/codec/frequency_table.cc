#include "formats/codec/frequency_table.h"

#include <algorithm>
#include <numeric>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr uint32_t kScale = FrequencyTable::kScale;
constexpr uint32_t kFractionBits = 12;

// -log2(frequency / kScale) in 2^-12 bits, by squaring: the same integers on every machine, unlike a libm's log2.
constexpr uint32_t CostOf(uint32_t frequency) {
  uint32_t log = 0;
  uint64_t mantissa = static_cast<uint64_t>(frequency) << 20;
  for (; mantissa >= (2u << 20); mantissa >>= 1) log += 1u << kFractionBits;
  for (uint32_t bit = kFractionBits; bit-- > 0;) {
    mantissa = (mantissa * mantissa) >> 20;
    if (mantissa < (2u << 20)) continue;
    mantissa >>= 1;
    log += 1u << bit;
  }
  return (FrequencyTable::kScaleBits << kFractionBits) - log;
}

const std::array<uint16_t, kScale>& Costs() {
  static const std::array<uint16_t, kScale> kCosts = [] {
    std::array<uint16_t, kScale> costs{};
    for (uint32_t f = 1; f < kScale; ++f) costs[f] = static_cast<uint16_t>(std::min(CostOf(f), 0xFFFFu));
    return costs;
  }();
  return kCosts;
}

// Takes or gives what rounding left over, where it changes the relative frequency least.
void Settle(std::array<uint16_t, 256>* frequencies, int32_t missing) {
  while (missing != 0) {
    uint16_t& largest = *std::max_element(frequencies->begin(), frequencies->end());
    int32_t step = missing > 0 ? missing : -std::min<int32_t>(-missing, std::max(1, largest / 16));
    largest = static_cast<uint16_t>(largest + step);
    missing -= step;
  }
}

}  // namespace

FrequencyTable FrequencyTable::From(const Histogram& counts) {
  FrequencyTable table;
  uint64_t total = std::accumulate(counts.begin(), counts.end(), uint64_t{0});
  int32_t missing = kScale;
  for (size_t symbol = 0; symbol < counts.size() && total > 0; ++symbol) {
    if (counts[symbol] == 0) continue;
    uint64_t rounded = (uint64_t{counts[symbol]} * kScale + total / 2) / total;
    table.frequencies[symbol] = static_cast<uint16_t>(std::max<uint64_t>(1, rounded));
    missing -= table.frequencies[symbol];
  }
  Settle(&table.frequencies, missing);
  // One symbol alone would need the whole scale; its neighbour gets the rest, unused.
  for (size_t symbol = 0; symbol < counts.size(); ++symbol) {
    if (table.frequencies[symbol] != kScale) continue;
    table.frequencies[symbol] = kScale - 1;
    table.frequencies[(symbol + 1) % counts.size()] = 1;
    break;
  }
  return table;
}

void FrequencyTable::AppendTo(std::vector<uint8_t>* out) const {
  for (size_t symbol = 0; symbol < frequencies.size();) {
    uint16_t frequency = frequencies[symbol];
    if (frequency == 0) {
      size_t run = 1;
      while (symbol + run < frequencies.size() && frequencies[symbol + run] == 0) ++run;
      out->insert(out->end(), {0, static_cast<uint8_t>(run - 1)});
      symbol += run;
      continue;
    }
    if (frequency >= 0x80) out->push_back(static_cast<uint8_t>(0x80 | frequency >> 8));
    out->push_back(static_cast<uint8_t>(frequency));
    ++symbol;
  }
}

absl::StatusOr<FrequencyTable> FrequencyTable::Take(std::span<const uint8_t>* bytes) {
  FrequencyTable table;
  uint32_t total = 0;
  for (size_t symbol = 0; symbol < table.frequencies.size();) {
    if (bytes->empty() || ((*bytes)[0] == 0 || (*bytes)[0] >= 0x80) > bytes->size() - 1) {
      return DataLoss(fmt::format("reading a frequency table: it ends at symbol {}", symbol));
    }
    uint32_t first = (*bytes)[0];
    bool two_bytes = first == 0 || first >= 0x80;
    if (first == 0) {
      symbol += size_t{(*bytes)[1]} + 1;
    } else {
      uint32_t frequency = two_bytes ? (first & 0x7F) << 8 | (*bytes)[1] : first;
      total += frequency;
      table.frequencies[symbol++] = static_cast<uint16_t>(std::min(frequency, kScale));
    }
    *bytes = bytes->subspan(two_bytes ? 2 : 1);
    if (symbol > table.frequencies.size()) return DataLoss("reading a frequency table: it has more than 256 symbols");
  }
  bool small = std::all_of(table.frequencies.begin(), table.frequencies.end(), [](uint16_t f) { return f < kScale; });
  if (total != kScale || !small) {
    return DataLoss(fmt::format("reading a frequency table: frequencies add up to {}, expected {}", total, kScale));
  }
  return table;
}

uint64_t FrequencyTable::CostBits(const Histogram& counts) const {
  const auto& costs = Costs();
  uint64_t cost = 0;
  for (size_t symbol = 0; symbol < counts.size(); ++symbol) {
    cost += uint64_t{counts[symbol]} * costs[frequencies[symbol]];
  }
  return cost >> kFractionBits;
}

}  // namespace plumb
