#include "plumb/comparison/same_content.h"

#include <algorithm>
#include <numeric>

#include "tests/unit/comparison/comparison_testing.h"

namespace plumb {
namespace {

std::vector<ContentMatch> Matches(const std::vector<LaidOut>& a, const std::vector<LaidOut>& b) {
  absl::StatusOr<std::vector<ContentMatch>> matches = MatchByContent(a, b, [](uint64_t) { return absl::OkStatus(); });
  EXPECT_TRUE(matches.ok()) << matches.status();
  return matches.ok() ? *matches : std::vector<ContentMatch>();
}

std::vector<float> Transposed(const std::vector<float>& values, size_t rows) {
  const size_t columns = values.size() / rows;
  std::vector<float> out(values.size());
  for (size_t i = 0; i < values.size(); ++i) out[i % columns * rows + i / columns] = values[i];
  return out;
}

// Whatever names, order and transposition: every tensor finds its twin.
TEST(SameContentTest, ARandomRenamingAndTranspositionIsUndone) {
  std::mt19937 random(5);
  for (int round = 0; round < 20; ++round) {
    std::vector<MemoryTensor> a;
    std::vector<MemoryTensor> b;
    std::vector<size_t> order(12);
    std::iota(order.begin(), order.end(), size_t{0});
    std::shuffle(order.begin(), order.end(), random);
    std::vector<std::vector<float>> values;
    std::vector<size_t> rows;
    for (size_t i = 0; i < order.size(); ++i) {
      rows.push_back(1 + random() % 9);
      const size_t columns = 2 + random() % 600;
      values.push_back(RandomValues(rows[i] * columns, random()));
      a.emplace_back(DType::kF32, std::vector<uint64_t>{rows[i], columns}, values[i]);
    }
    std::vector<bool> turned;
    for (size_t from : order) {
      const size_t columns = values[from].size() / rows[from];
      turned.push_back(rows[from] > 1 && random() % 2 == 0);
      b.emplace_back(
          DType::kF32,
          turned.back() ? std::vector<uint64_t>{columns, rows[from]} : std::vector<uint64_t>{rows[from], columns},
          turned.back() ? Transposed(values[from], rows[from]) : values[from]);
    }
    std::vector<LaidOut> a_laid;
    std::vector<LaidOut> b_laid;
    for (const MemoryTensor& tensor : a) a_laid.push_back(tensor.As());
    for (const MemoryTensor& tensor : b) b_laid.push_back(tensor.As());
    const std::vector<ContentMatch> matches = Matches(a_laid, b_laid);
    ASSERT_EQ(matches.size(), order.size());
    for (const ContentMatch& match : matches) {
      EXPECT_EQ(order[match.b], match.a);
      EXPECT_EQ(match.transposed, turned[match.b]);
    }
  }
}

TEST(SameContentTest, OtherTypesOfTheSameValues) {
  std::vector<float> whole(64);
  std::iota(whole.begin(), whole.end(), 0.0f);
  const MemoryTensor a(DType::kF32, {8, 8}, whole);
  const MemoryTensor b(DType::kBF16, {8, 8}, whole);
  EXPECT_EQ(Matches({a.As()}, {b.As()}).size(), 1u);
}

TEST(SameContentTest, WhatDoesNotMatch) {
  const std::vector<float> values = RandomValues(64);
  const MemoryTensor a(DType::kF32, {8, 8}, values);
  std::vector<float> changed = values;
  changed[63] += 1;
  EXPECT_TRUE(Matches({a.As()}, {MemoryTensor(DType::kF32, {8, 8}, changed).As()}).empty());
  // The same bytes in another shape.
  EXPECT_TRUE(Matches({a.As()}, {MemoryTensor(DType::kF32, {4, 16}, values).As()}).empty());
  EXPECT_EQ(Matches({a.As()}, {MemoryTensor(DType::kF32, {1, 8, 8}, values).As()}).size(), 1u);
  // One has no two twins.
  EXPECT_EQ(Matches({a.As()}, {a.As(), a.As()}).size(), 1u);
  const MemoryTensor scalar(DType::kF32, {}, std::vector<float>{1});
  EXPECT_TRUE(Matches({scalar.As()}, {scalar.As()}).empty());
  const MemoryTensor complex(DType::kC64, {2}, std::string(16, 'x'));
  EXPECT_TRUE(Matches({complex.As()}, {complex.As()}).empty());
}

}  // namespace
}  // namespace plumb
