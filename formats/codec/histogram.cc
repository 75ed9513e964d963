#include "formats/codec/histogram.h"

#include <cstring>
#include <numeric>

namespace plumb {
namespace {

constexpr size_t kPlainCopies = 8;
constexpr size_t kContextCopies = 2;

constexpr size_t kEstimateFrom = 128u << 10;
constexpr size_t kPieceBytes = 256;
// One byte in eight is counted. Pieces wander, lest they always meet the same part of a row.
constexpr size_t kStepBytes = 8 * kPieceBytes + 64;
// Values between the smallest and the largest that no piece had; each costs the others a little.
constexpr uint32_t kUnseenMax = 8;

// Gives every value from the smallest to the largest a count; false when that concerns too many.
bool FillRange(std::span<const uint8_t> symbols, Histogram* counts) {
  uint8_t low = 255;
  uint8_t high = 0;
  for (uint8_t symbol : symbols) {
    low = symbol < low ? symbol : low;
    high = symbol > high ? symbol : high;
  }
  uint32_t unseen = 0;
  for (size_t symbol = low; symbol <= high; ++symbol) {
    if ((*counts)[symbol] != 0) continue;
    (*counts)[symbol] = 1;
    ++unseen;
  }
  return unseen <= kUnseenMax;
}

}  // namespace

SymbolCounter::SymbolCounter(size_t contexts)
    : contexts_(contexts), copies_(contexts == 1 ? kPlainCopies : kContextCopies), tables_(contexts * copies_) {}

void SymbolCounter::AddPlain(std::span<const uint8_t> symbols) {
  Histogram* tables = tables_.data();
  size_t i = 0;
  for (; i + kPlainCopies <= symbols.size(); i += kPlainCopies) {
    uint64_t word;
    std::memcpy(&word, &symbols[i], sizeof word);
    ++tables[0][word & 0xFF];
    ++tables[1][word >> 8 & 0xFF];
    ++tables[2][word >> 16 & 0xFF];
    ++tables[3][word >> 24 & 0xFF];
    ++tables[4][word >> 32 & 0xFF];
    ++tables[5][word >> 40 & 0xFF];
    ++tables[6][word >> 48 & 0xFF];
    ++tables[7][word >> 56];
  }
  for (; i < symbols.size(); ++i) ++tables[0][symbols[i]];
}

void SymbolCounter::Add(std::span<const uint8_t> symbols, std::span<const uint8_t> contexts) {
  if (contexts_ == 1) return AddPlain(symbols);
  Histogram* even = tables_.data();
  Histogram* odd = even + contexts_;
  size_t i = 0;
  for (; i + kContextCopies <= symbols.size(); i += kContextCopies) {
    ++even[contexts[i]][symbols[i]];
    ++odd[contexts[i + 1]][symbols[i + 1]];
  }
  for (; i < symbols.size(); ++i) ++even[contexts[i]][symbols[i]];
}

std::vector<Histogram> SymbolCounter::Counts() const {
  std::vector<Histogram> counts(tables_.begin(), tables_.begin() + static_cast<ptrdiff_t>(contexts_));
  for (size_t table = contexts_; table < tables_.size(); ++table) {
    Histogram& count = counts[table % contexts_];
    for (size_t symbol = 0; symbol < count.size(); ++symbol) count[symbol] += tables_[table][symbol];
  }
  return counts;
}

Histogram EstimateCounts(std::span<const uint8_t> symbols) {
  if (symbols.size() >= kEstimateFrom) {
    SymbolCounter counter(1);
    uint64_t seen = 0;
    for (size_t begin = 0; begin + kPieceBytes <= symbols.size(); begin += kStepBytes, seen += kPieceBytes) {
      counter.Add(symbols.subspan(begin, kPieceBytes), {});
    }
    Histogram counts = counter.Counts()[0];
    for (uint32_t& count : counts) count = static_cast<uint32_t>((count * symbols.size() + seen / 2) / seen);
    if (FillRange(symbols, &counts)) return counts;
  }
  SymbolCounter counter(1);
  counter.Add(symbols, {});
  return counter.Counts()[0];
}

Histogram SumOf(std::span<const Histogram> counts) {
  Histogram sum{};
  for (const Histogram& count : counts) {
    for (size_t symbol = 0; symbol < sum.size(); ++symbol) sum[symbol] += count[symbol];
  }
  return sum;
}

uint64_t TotalOf(const Histogram& counts) { return std::accumulate(counts.begin(), counts.end(), uint64_t{0}); }

}  // namespace plumb
