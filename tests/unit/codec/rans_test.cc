#include "formats/codec/rans.h"

#include <gtest/gtest.h>

#include "formats/codec/histogram.h"
#include "tests/unit/codec/codec_testing.h"

namespace plumb {
namespace {

using testing::Bytes;

struct Input {
  Bytes symbols, contexts;
  std::vector<FrequencyTable> tables;
};

// Symbols below `alphabet`, small ones more often.
Input MakeInput(size_t size, uint32_t alphabet, size_t contexts) {
  Input input;
  std::mt19937_64 random(size + alphabet);
  for (size_t i = 0; i < size; ++i) {
    auto context = static_cast<uint8_t>(random() % contexts);
    auto symbol = static_cast<uint8_t>(random() % (1 + random() % alphabet) + context);
    input.symbols.push_back(symbol);
    if (contexts > 1) input.contexts.push_back(context);
  }
  SymbolCounter counter(contexts);
  counter.Add(input.symbols, input.contexts);
  for (const Histogram& counts : counter.Counts()) input.tables.push_back(FrequencyTable::From(counts));
  return input;
}

std::vector<Input> Inputs() {
  std::vector<Input> inputs;
  for (size_t size : {1, 2, 15, 16, 17, 31, 63, 64, 65, 1000, 1023, 1025, 20000, 65535, 65536, 65599, 200'001}) {
    for (uint32_t alphabet : {1u, 2u, 20u, 240u}) {
      for (size_t contexts : {1, 3, 8}) inputs.push_back(MakeInput(size, alphabet, contexts));
    }
  }
  return inputs;
}

Bytes Encode(const Input& input) {
  RansEncoder encoder;
  std::span<const uint8_t> stream = encoder.Encode(input.symbols, input.contexts, input.tables);
  return {stream.begin(), stream.end()};
}

absl::Status Decode(const Input& input, const Bytes& stream, Bytes* symbols) {
  symbols->assign(input.symbols.size(), 0xAA);
  RansDecoder decoder;
  return decoder.Decode(stream, input.contexts, input.tables, *symbols);
}

// Gathers as this machine has them, again, when the test is over.
class GathersTest : public ::testing::TestWithParam<bool> {
 protected:
  GathersTest() { SetGathersPay(GetParam()); }
  ~GathersTest() override { SetGathersPay(before_); }

 private:
  const bool before_ = GathersPay();
};
INSTANTIATE_TEST_SUITE_P(Gathers, GathersTest, ::testing::Bool());

// Where the machine lacks a set, its test runs with the best that it has.
TEST_P(GathersTest, EveryInstructionSetMakesAndReadsTheSameBytes) {
  for (const Input& input : Inputs()) {
    SCOPED_TRACE(std::to_string(input.symbols.size()) + " symbols, " + std::to_string(input.tables.size()) + " tables");
    Bytes reference;
    for (InstructionSet set : testing::kAllInstructionSets) {
      testing::InstructionLimit limit(set);
      Bytes stream = Encode(input);
      if (set == InstructionSet::kPortable) reference = stream;
      ASSERT_TRUE(stream == reference) << static_cast<int>(set);
      Bytes symbols;
      absl::Status status = Decode(input, stream, &symbols);
      ASSERT_TRUE(status.ok()) << status;
      ASSERT_TRUE(symbols == input.symbols);
    }
  }
}

// Kernels look symbols up in other ways when they lie near each other.
TEST_P(GathersTest, SymbolsNearAndFar) {
  std::mt19937_64 random(5);
  for (uint32_t span : {2u, 63u, 64u, 65u, 127u, 128u, 129u, 256u}) {
    for (uint32_t first : {0u, 1u, 100u, 128u, 192u, 250u}) {
      if (first + span > 256) continue;
      Input input;
      for (size_t i = 0; i < 70'000; ++i) {
        // The ends, which are rare, and the middle.
        const uint32_t at = i == 7   ? 0
                            : i == 9 ? span - 1
                                     : span / 2 + static_cast<uint32_t>(random() % 2) * (span / 4);
        input.symbols.push_back(static_cast<uint8_t>(first + std::min(at, span - 1)));
      }
      SymbolCounter counter(1);
      counter.Add(input.symbols, {});
      input.tables.push_back(FrequencyTable::From(counter.Counts()[0]));
      Bytes reference;
      for (InstructionSet set : testing::kAllInstructionSets) {
        testing::InstructionLimit limit(set);
        Bytes stream = Encode(input);
        if (set == InstructionSet::kPortable) reference = stream;
        ASSERT_TRUE(stream == reference) << static_cast<int>(set) << " " << first << " " << span;
        Bytes symbols;
        ASSERT_TRUE(Decode(input, stream, &symbols).ok());
        ASSERT_TRUE(symbols == input.symbols);
      }
    }
  }
}

TEST(RansTest, SizeIsWhatTheTableSays) {
  Input input = MakeInput(200'000, 40, 1);
  SymbolCounter counter(1);
  counter.Add(input.symbols, {});
  uint64_t expected = input.tables[0].CostBits(counter.Counts()[0]) / 8 + RansStateBytes(input.symbols.size());
  EXPECT_NEAR(static_cast<double>(Encode(input).size()), static_cast<double>(expected), 200);
}

// A quotient by multiplication must be right for every frequency, at the ends of what a state can be.
TEST(RansTest, EveryFrequency) {
  for (uint32_t frequency = 1; frequency < FrequencyTable::kScale; frequency += frequency < 300 ? 1 : 61) {
    Input input = {.symbols = Bytes(3000, 9)};
    for (size_t i = 0; i < input.symbols.size(); i += 1 + i % 5) input.symbols[i] = 7;
    FrequencyTable& table = input.tables.emplace_back();
    table.frequencies[7] = static_cast<uint16_t>(frequency);
    table.frequencies[9] = static_cast<uint16_t>(FrequencyTable::kScale - frequency);
    Bytes portable;
    for (InstructionSet set : testing::kAllInstructionSets) {
      testing::InstructionLimit limit(set);
      Bytes stream = Encode(input), symbols;
      if (portable.empty()) portable = stream;
      ASSERT_TRUE(stream == portable) << frequency;
      ASSERT_TRUE(Decode(input, stream, &symbols).ok()) << frequency;
      ASSERT_TRUE(symbols == input.symbols) << frequency;
    }
  }
}

TEST(RansTest, StreamsThatDoNotEndRightAreRefusedByEverySet) {
  for (size_t size : {40u, 5000u, 70'000u}) {
    Input input = MakeInput(size, 30, 3);
    const Bytes stream = Encode(input);
    for (InstructionSet set : testing::kAllInstructionSets) {
      testing::InstructionLimit limit(set);
      Bytes symbols;
      for (size_t cut = 1; cut < stream.size(); cut += 1 + cut / 3) {
        Bytes shorter(stream.begin(), stream.end() - static_cast<ptrdiff_t>(cut));
        EXPECT_EQ(Decode(input, shorter, &symbols).code(), absl::StatusCode::kDataLoss) << size << ' ' << cut;
      }
      Bytes longer = stream;
      longer.resize(longer.size() + 2);
      EXPECT_FALSE(Decode(input, longer, &symbols).ok());
      Bytes zeros(stream.size(), 0);
      EXPECT_FALSE(Decode(input, zeros, &symbols).ok());
      Bytes ones(stream.size(), 0xFF);
      EXPECT_FALSE(Decode(input, ones, &symbols).ok());
    }
  }
}

}  // namespace
}  // namespace plumb
