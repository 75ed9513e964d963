#include "formats/codec/frequency_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "formats/codec/histogram.h"

namespace plumb {
namespace {

uint32_t SumOfFrequencies(const FrequencyTable& table) {
  return std::accumulate(table.frequencies.begin(), table.frequencies.end(), 0u);
}

std::vector<Histogram> Histograms() {
  std::vector<Histogram> all(6);
  all[0][17] = 1;                                    // One symbol alone.
  all[1][255] = 1'000'000;                           // The last one.
  all[2].fill(1);                                    // All alike.
  all[3].fill(1), all[3][0] = 4'000'000;             // One and all the others, rare.
  all[4][3] = 5, all[4][200] = 7, all[4][201] = 90;  // Gaps.
  std::mt19937 random(5);
  for (uint32_t& count : all[5]) count = random() % 3000;
  return all;
}

TEST(FrequencyTableTest, AddsUpAndKnowsEverySymbolThatOccurs) {
  for (const Histogram& counts : Histograms()) {
    FrequencyTable table = FrequencyTable::From(counts);
    EXPECT_EQ(SumOfFrequencies(table), FrequencyTable::kScale);
    for (size_t symbol = 0; symbol < 256; ++symbol) {
      EXPECT_LT(table.frequencies[symbol], FrequencyTable::kScale);
      EXPECT_TRUE(counts[symbol] == 0 || table.frequencies[symbol] > 0) << symbol;
    }
  }
  EXPECT_EQ(SumOfFrequencies(FrequencyTable::From(Histogram{})), FrequencyTable::kScale)
      << "a context that never occurs";
}

TEST(FrequencyTableTest, TakeReadsWhatAppendWrote) {
  std::vector<uint8_t> bytes;
  for (const Histogram& counts : Histograms()) FrequencyTable::From(counts).AppendTo(&bytes);
  std::span<const uint8_t> rest = bytes;
  for (const Histogram& counts : Histograms()) {
    auto table = FrequencyTable::Take(&rest);
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ(table->frequencies, FrequencyTable::From(counts).frequencies);
  }
  EXPECT_TRUE(rest.empty());
}

TEST(FrequencyTableTest, RefusesTablesThatDoNotAddUp) {
  for (const Histogram& counts : Histograms()) {
    std::vector<uint8_t> bytes;
    FrequencyTable::From(counts).AppendTo(&bytes);
    for (size_t size = 0; size < bytes.size(); ++size) {
      std::span<const uint8_t> cut = std::span(bytes).first(size);
      EXPECT_FALSE(FrequencyTable::Take(&cut).ok()) << size;
    }
  }
  auto refused = [](std::vector<uint8_t> bytes) {
    std::span<const uint8_t> rest = bytes;
    return FrequencyTable::Take(&rest).status().code() == absl::StatusCode::kDataLoss;
  };
  EXPECT_TRUE(refused({0x90, 0x00, 0, 254})) << "4096 for one symbol";
  EXPECT_TRUE(refused({0x8F, 0xFF, 0, 254})) << "4095 in all";
  EXPECT_FALSE(refused({0x8F, 0xFF, 1, 0, 253})) << "4095 and 1";
  EXPECT_TRUE(refused({0x8F, 0xFF, 1, 0, 254})) << "257 symbols";
  EXPECT_TRUE(refused({0, 255})) << "no symbol";
}

TEST(FrequencyTableTest, CostIsTheEntropyWhenFrequenciesFit) {
  Histogram counts{};
  counts[1] = 512, counts[2] = 256, counts[3] = 128, counts[4] = 128;
  EXPECT_EQ(FrequencyTable::From(counts).CostBits(counts), 512u + 2 * 256 + 3 * 128 + 3 * 128);
  counts = {};
  for (size_t symbol = 0; symbol < 256; ++symbol) counts[symbol] = static_cast<uint32_t>(1 + symbol * symbol);
  double total = static_cast<double>(TotalOf(counts));
  double entropy = 0;
  for (uint32_t count : counts) entropy += count * std::log2(total / count);
  EXPECT_NEAR(static_cast<double>(FrequencyTable::From(counts).CostBits(counts)) / entropy, 1, 0.003);
}

TEST(HistogramTest, ContextsAreCountedApart) {
  std::vector<uint8_t> symbols(1001), contexts(1001);
  std::vector<Histogram> expected(3);
  for (size_t i = 0; i < symbols.size(); ++i) {
    symbols[i] = static_cast<uint8_t>(i * i), contexts[i] = static_cast<uint8_t>(i % 3);
    ++expected[contexts[i]][symbols[i]];
  }
  SymbolCounter counter(3);
  counter.Add(symbols, contexts);
  EXPECT_EQ(counter.Counts(), expected);
  EXPECT_EQ(EstimateCounts(symbols), SumOf(expected)) << "small inputs are counted whole";
}

TEST(HistogramTest, EstimatesKnowEveryValueThatOccurs) {
  std::vector<uint8_t> symbols(1 << 20, 100);
  for (size_t i = 0; i < symbols.size(); i += 3) symbols[i] = 101;
  symbols[777'777] = 104;  // Most likely in no piece.
  Histogram estimate = EstimateCounts(symbols);
  EXPECT_GT(estimate[104], 0u);
  EXPECT_NEAR(estimate[101], symbols.size() / 3.0, symbols.size() / 100.0);
  symbols[5] = 0, symbols[900'001] = 255;  // Now too many values are in doubt.
  Histogram exact = EstimateCounts(symbols);
  EXPECT_EQ(exact[0], 1u);
  EXPECT_EQ(exact[103], 0u);
  EXPECT_EQ(TotalOf(exact), symbols.size());
}

}  // namespace
}  // namespace plumb
