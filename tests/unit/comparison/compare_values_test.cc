#include "plumb/comparison/compare_values.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "plumb/weights/half.h"
#include "tests/unit/comparison/comparison_testing.h"

namespace plumb {
namespace {

using Shape = std::vector<uint64_t>;

template <typename T>
std::string BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

TEST(CompareValuesTest, EqualAndDifferent) {
  std::vector<float> values = RandomValues(1000);
  const MemoryTensor a(DType::kF32, {10, 100}, values);
  EXPECT_EQ(Compared(a.As(), MemoryTensor(DType::kF32, {10, 100}, values).As()).finding, Finding::kEqual);
  values[777] += 0.5f;
  const ValueComparison found = Compared(a.As(), MemoryTensor(DType::kF32, {10, 100}, values).As());
  EXPECT_EQ(found.finding, Finding::kDiffers);
  EXPECT_EQ(found.different, 1u);
  EXPECT_EQ(found.largest_at, 777u);
  EXPECT_NEAR(found.difference_max, 0.5, 1e-6);
  EXPECT_NEAR(found.difference_l2, 0.5, 1e-6);
  EXPECT_NEAR(found.relative_l2, 0.5 / std::sqrt(1000), 0.002);
}

TEST(CompareValuesTest, NumbersThatAreNone) {
  const float nan = std::nanf("");
  const float inf = std::numeric_limits<float>::infinity();
  const MemoryTensor a(DType::kF32, {4}, std::vector<float>{nan, inf, 0, 1});
  EXPECT_EQ(Compared(a.As(), MemoryTensor(DType::kF32, {4}, std::vector<float>{nan, inf, -0.0f, 1}).As()).finding,
            Finding::kEqual);
  const ValueComparison found =
      Compared(a.As(), MemoryTensor(DType::kF32, {4}, std::vector<float>{nan, -inf, 0, 1}).As());
  EXPECT_EQ(found.finding, Finding::kDiffers);
  EXPECT_EQ(found.difference_max, inf);
  EXPECT_EQ(Compared(a.As(), MemoryTensor(DType::kF16, {4}, std::vector<float>{nan, inf, 0, 1}).As()).finding,
            Finding::kEqual);
}

TEST(CompareValuesTest, RoundingIsRecognisedFromBothSides) {
  const std::vector<float> values = RandomValues(3000);
  const MemoryTensor full(DType::kF32, {30, 100}, values);
  for (DType dtype : {DType::kF16, DType::kBF16}) {
    const MemoryTensor rounded(dtype, {30, 100}, values);
    EXPECT_EQ(Compared(full.As(), rounded.As()).finding, Finding::kRounded);
    EXPECT_FALSE(Compared(full.As(), rounded.As()).a_is_made);
    EXPECT_EQ(Compared(rounded.As(), full.As()).finding, Finding::kRounded);
    EXPECT_TRUE(Compared(rounded.As(), full.As()).a_is_made);
    std::vector<float> changed = values;
    changed[1234] *= 1.1f;
    EXPECT_EQ(Compared(full.As(), MemoryTensor(dtype, {30, 100}, changed).As()).finding, Finding::kDiffers);
    // The last bit alone: not what rounding gives, but as near as the type is.
    std::vector<uint16_t> bits;
    for (float value : values) bits.push_back(dtype == DType::kF16 ? FloatToHalf(value) : FloatToBFloat16(value));
    const float nearest = dtype == DType::kF16 ? HalfToFloat(bits[1234]) : BFloat16ToFloat(bits[1234]);
    bits[1234] = static_cast<uint16_t>(std::fabs(nearest) > std::fabs(values[1234]) ? bits[1234] - 1 : bits[1234] + 1);
    EXPECT_EQ(Compared(full.As(), MemoryTensor(dtype, {30, 100}, BytesOf(bits)).As()).finding, Finding::kWithinBounds);
  }
  // Two roundings of one original.
  const MemoryTensor half(DType::kF16, {30, 100}, values);
  const MemoryTensor brain(DType::kBF16, {30, 100}, values);
  EXPECT_LE(Compared(half.As(), brain.As()).finding, Finding::kWithinBounds);
}

TEST(CompareValuesTest, CuttingBitsOffIsWithinBounds) {
  const std::vector<float> values = RandomValues(500);
  std::vector<uint16_t> cut;
  for (float value : values) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    cut.push_back(static_cast<uint16_t>(bits >> 16));
  }
  const MemoryTensor full(DType::kF32, {500}, values);
  EXPECT_EQ(Compared(full.As(), MemoryTensor(DType::kBF16, {500}, BytesOf(cut)).As()).finding, Finding::kWithinBounds);
}

TEST(CompareValuesTest, QuantisingIsRecognised) {
  const std::vector<float> values = RandomValues(8 * 512);
  const MemoryTensor full(DType::kF32, {8, 512}, values);
  for (DType dtype : {DType::kQ8_0, DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ4_K, DType::kMXFP4,
                      DType::kTQ1_0, DType::kTQ2_0}) {
    SCOPED_TRACE(DTypeName(dtype));
    const MemoryTensor quantised(dtype, {8, 512}, values);
    EXPECT_EQ(Compared(full.As(), quantised.As()).finding, Finding::kQuantised);
    EXPECT_EQ(Compared(quantised.As(), full.As()).finding, Finding::kQuantised);
    EXPECT_TRUE(Compared(quantised.As(), full.As()).a_is_made);
    // Stored the other way round, as GPT-2's maps are beside their GGUF.
    std::vector<float> turned(values.size());
    for (size_t i = 0; i < values.size(); ++i) turned[i % 512 * 8 + i / 512] = values[i];
    const MemoryTensor other(DType::kF32, {512, 8}, turned);
    EXPECT_EQ(Compared(other.As({.output_last = true}), quantised.As()).finding, Finding::kQuantised);
    EXPECT_EQ(Compared(quantised.As(), other.As({.output_last = true})).finding, Finding::kQuantised);
    // What was decoded is the same again.
    std::vector<float> decoded(values.size());
    ASSERT_TRUE(quantised.As().source->ReadF32(*quantised.As().tensor, 0, decoded).ok());
    EXPECT_EQ(Compared(quantised.As(), MemoryTensor(DType::kF32, {8, 512}, decoded).As()).finding, Finding::kEqual);
    EXPECT_LE(Compared(quantised.As(), MemoryTensor(DType::kF16, {8, 512}, decoded).As()).finding, Finding::kRounded);
    // One weight far from what it was.
    std::vector<float> changed = values;
    changed[2000] += changed[2000] > 0 ? 9.0f : -9.0f;
    EXPECT_EQ(Compared(full.As(), MemoryTensor(dtype, {8, 512}, changed).As()).finding, Finding::kDiffers);
    // Every reordered row is found.
    EXPECT_EQ(Compared(full.As(), quantised.As({.rows = RowOrder::kPairs, .heads = 2})).finding, Finding::kDiffers);
  }
}

TEST(CompareValuesTest, AnotherQuantiserStaysWithinBounds) {
  const std::vector<float> values = RandomValues(4096);
  const MemoryTensor full(DType::kF32, {16, 256}, values);
  for (DType dtype : {DType::kQ8_0, DType::kQ4_0, DType::kQ4_K}) {
    SCOPED_TRACE(DTypeName(dtype));
    // As a search with other weights would choose: quantised from values a little off.
    std::vector<float> nudged = values;
    for (float& value : nudged) value *= 1.001f;
    const ValueComparison found = Compared(full.As(), MemoryTensor(dtype, {16, 256}, nudged).As());
    EXPECT_EQ(found.finding, Finding::kWithinBounds);
    const MemoryTensor ours(dtype, {16, 256}, values);
    const ValueComparison both = Compared(ours.As(), MemoryTensor(dtype, {16, 256}, nudged).As());
    EXPECT_EQ(both.finding, Finding::kDiffers);
    EXPECT_TRUE(both.both_quantised);
  }
  const MemoryTensor coarse(DType::kIQ2_S, {1, 256}, std::string(82, '\0'));
  EXPECT_EQ(Compared(MemoryTensor(DType::kF32, {1, 256}, RandomValues(256)).As(), coarse.As()).finding,
            Finding::kNoBound);
}

TEST(CompareValuesTest, WhatIsBeyondBoundsIsCounted) {
  std::vector<float> values = RandomValues(4096);
  const MemoryTensor full(DType::kF32, {16, 256}, values);
  for (size_t at : {100u, 1000u, 3000u}) values[at] = -5 * values[at] - 8;
  const ValueComparison found = Compared(full.As(), MemoryTensor(DType::kQ8_0, {16, 256}, values).As());
  EXPECT_EQ(found.finding, Finding::kDiffers);
  EXPECT_EQ(found.beyond_bounds, 3u);
  EXPECT_EQ(Compared(full.As(), MemoryTensor(DType::kF32, {16, 256}, values).As()).beyond_bounds, 0u);
}

TEST(CompareValuesTest, WideTypesAreComparedInAllBits) {
  const std::vector<double> values = {1.0, 2.0 + 1e-12};
  const MemoryTensor a(DType::kF64, {2}, BytesOf(values));
  EXPECT_EQ(Compared(a.As(), a.As()).finding, Finding::kEqual);
  EXPECT_EQ(Compared(a.As(), MemoryTensor(DType::kF64, {2}, BytesOf<double>({1.0, 2.0})).As()).finding,
            Finding::kDiffers);
  EXPECT_EQ(Compared(a.As(), MemoryTensor(DType::kF32, {2}, std::vector<float>{1, 2}).As()).finding, Finding::kRounded);
  EXPECT_EQ(Compared(MemoryTensor(DType::kI64, {2}, BytesOf<int64_t>({3, 4})).As(),
                     MemoryTensor(DType::kI32, {2}, BytesOf<int32_t>({3, 4})).As())
                .finding,
            Finding::kEqual);
}

TEST(CompareValuesTest, TypesThatAreNoNumbers) {
  const MemoryTensor a(DType::kC64, {2}, BytesOf<float>({1, 2, 3, 4}));
  EXPECT_EQ(Compared(a.As(), a.As()).finding, Finding::kEqual);
  EXPECT_EQ(Compared(a.As(), MemoryTensor(DType::kC64, {2}, BytesOf<float>({1, 2, 3, 5})).As()).finding,
            Finding::kDiffers);
  EXPECT_EQ(Compared(a.As(), MemoryTensor(DType::kF32, {2}, BytesOf<float>({1, 3})).As()).finding,
            Finding::kNotCompared);
}

TEST(CompareValuesTest, EmptyAndScalar) {
  const MemoryTensor empty(DType::kF32, {0, 3}, std::string());
  EXPECT_EQ(Compared(empty.As(), empty.As()).finding, Finding::kEqual);
  EXPECT_EQ(Compared(empty.As(), MemoryTensor(DType::kF16, {0, 3}, std::string()).As()).finding, Finding::kEqual);
  EXPECT_EQ(Compared(empty.As(), MemoryTensor(DType::kF32, {3, 0}, std::string()).As({.output_last = true})).finding,
            Finding::kEqual);
  EXPECT_TRUE(*LookAlike(empty.As({.output_last = true}), MemoryTensor(DType::kF32, {3, 0}, std::string()).As()));
  const MemoryTensor scalar(DType::kF32, {}, std::vector<float>{2.5f});
  EXPECT_EQ(Compared(scalar.As(), MemoryTensor(DType::kF32, {1}, std::vector<float>{2.5f}).As()).finding,
            Finding::kEqual);
}

// An element of the common form of a tensor stored in some layout, by the definition of the layout.
float ElementOf(const std::vector<float>& stored, const Shape& shape, const TensorLayout& layout, uint64_t index) {
  const Shape common = CommonShape(shape, layout);
  TensorLayout whole = layout;
  whole.row_count = 0;
  Shape at(common.size());
  for (size_t i = common.size(); i-- > 0; index /= common[i]) at[i] = index % common[i];
  at[0] = StoredRow(layout, layout.first_row + at[0], CommonShape(shape, whole)[0]);
  Shape place = at;
  if (layout.output_last && shape.size() >= 2) {
    place.assign(at.begin() + 2, at.end());
    place.push_back(at[1]);
    place.push_back(at[0]);
  }
  uint64_t flat = 0;
  for (size_t i = 0; i < shape.size(); ++i) flat = flat * shape[i] + place[i];
  return stored[flat] + layout.addend;
}

TEST(CompareValuesTest, EveryLayoutIsUndone) {
  const Shape shapes[] = {{24, 7}, {7, 24}, {2, 3, 5, 24}, {24, 5, 2}, {24}, {1200, 500}, {500, 1200}};
  for (const Shape& shape : shapes) {
    for (bool output_last : {false, true}) {
      for (RowOrder rows : {RowOrder::kPlain, RowOrder::kPairs, RowOrder::kGroups}) {
        for (bool sliced : {false, true}) {
          TensorLayout layout = {.output_last = output_last, .rows = rows, .heads = 2, .key_heads = 1, .addend = 1};
          const uint64_t all = CommonShape(shape, layout)[0];
          if (!RowsFit(layout, all)) continue;
          if (sliced) layout.first_row = all / 3;
          if (sliced) layout.row_count = all / 2;
          uint64_t elements = 1;
          for (uint64_t dimension : shape) elements *= dimension;
          const std::vector<float> stored = RandomValues(elements);
          const Shape common = CommonShape(shape, layout);
          std::vector<float> expected;
          for (uint64_t i = 0; i < elements / all * common[0]; ++i) {
            expected.push_back(ElementOf(stored, shape, layout, i));
          }
          const MemoryTensor a(DType::kF32, shape, stored);
          EXPECT_EQ(Compared(a.As(layout), MemoryTensor(DType::kF32, common, expected).As()).finding, Finding::kEqual);
          EXPECT_EQ(Compared(MemoryTensor(DType::kF32, common, expected).As(), a.As(layout)).finding, Finding::kEqual);
          expected.back() += 1;
          EXPECT_EQ(Compared(a.As(layout), MemoryTensor(DType::kF32, common, expected).As()).different, 1u);
        }
      }
    }
  }
}

TEST(CompareValuesTest, BothTurnedWithRowsOfOtherLengths) {
  // [1, 700, 601] and [700, 601] in the common form, the elements in the same order.
  const std::vector<float> values = RandomValues(700 * 601);
  const MemoryTensor a(DType::kF32, {601, 700, 1}, values);
  const MemoryTensor b(DType::kF16, {601, 700}, values);
  const TensorLayout layout = {.output_last = true};
  EXPECT_EQ(Compared(a.As(layout), b.As(layout)).finding, Finding::kRounded);
  EXPECT_EQ(Compared(b.As(layout), a.As(layout)).finding, Finding::kRounded);
}

TEST(CompareValuesTest, AGlanceRulesLayoutsOut) {
  const std::vector<float> values = RandomValues(600 * 600);
  const MemoryTensor a(DType::kF32, {600, 600}, values);
  const MemoryTensor b(DType::kF16, {600, 600}, values);
  auto alike = [&](const TensorLayout& layout) { return *LookAlike(a.As(), b.As(layout)); };
  EXPECT_TRUE(alike({}));
  EXPECT_FALSE(alike({.output_last = true}));
  EXPECT_FALSE(alike({.rows = RowOrder::kPairs, .heads = 3}));
  const MemoryTensor zeros(DType::kF32, {600, 600}, std::vector<float>(600 * 600));
  EXPECT_TRUE(*LookAlike(zeros.As(), zeros.As()));
  EXPECT_FALSE(*LookAlike(zeros.As(), a.As()));
}

TEST(CompareValuesTest, ACheckEndsTheWork) {
  const MemoryTensor a(DType::kF32, {1000, 1000}, RandomValues(1'000'000));
  const MemoryTensor b(DType::kF32, {1000, 1000}, RandomValues(1'000'000, 2));
  int calls = 0;
  absl::StatusOr<ValueComparison> result = CompareValues(
      a.As(), b.As(), [&](uint64_t) { return ++calls == 2 ? absl::CancelledError("enough") : absl::OkStatus(); });
  EXPECT_TRUE(absl::IsCancelled(result.status()));
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace plumb
