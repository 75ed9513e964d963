#include "plumb/weights/statistics.h"

#include <cmath>
#include <limits>
#include <random>

#include "gtest/gtest.h"

namespace plumb {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

TensorStatistics Of(const std::vector<float>& values) {
  StatisticsSum sum;
  sum.Add(values);
  return sum.Result();
}

TEST(StatisticsTest, CountsAndMoments) {
  TensorStatistics found = Of({0, -0.0f, 3, -5, 2});
  EXPECT_EQ(found.count, 5u);
  EXPECT_EQ(found.zeros, 2u);
  EXPECT_EQ(found.nans, 0u);
  EXPECT_EQ(found.min, -5);
  EXPECT_EQ(found.max, 3);
  EXPECT_EQ(found.absmax(), 5);
  EXPECT_DOUBLE_EQ(found.mean, 0);
  EXPECT_DOUBLE_EQ(found.deviation, std::sqrt(38.0 / 5));
}

TEST(StatisticsTest, ValuesThatAreNoNumbersAreCountedAndLeftOut) {
  TensorStatistics found = Of({kNan, 1, kInf, -kInf, 3, kNan});
  EXPECT_EQ(found.count, 6u);
  EXPECT_EQ(found.nans, 2u);
  EXPECT_EQ(found.infinities, 2u);
  EXPECT_EQ(found.finite_count(), 2u);
  EXPECT_EQ(found.min, 1);
  EXPECT_EQ(found.max, 3);
  EXPECT_DOUBLE_EQ(found.mean, 2);
  EXPECT_DOUBLE_EQ(found.deviation, 1);
}

TEST(StatisticsTest, NothingFiniteGivesZeros) {
  for (const TensorStatistics& found : {Of({}), Of({kNan, kInf})}) {
    EXPECT_EQ(found.min, 0);
    EXPECT_EQ(found.max, 0);
    EXPECT_EQ(found.mean, 0);
    EXPECT_EQ(found.deviation, 0);
  }
}

TEST(StatisticsTest, DeviationIsStableFarFromZero) {
  std::vector<float> values;
  for (int i = 0; i < 100'000; ++i) values.push_back(i % 2 == 0 ? 8'388'606.0f : 8'388'610.0f);
  TensorStatistics found = Of(values);
  EXPECT_DOUBLE_EQ(found.mean, 8'388'608);
  EXPECT_NEAR(found.deviation, 2, 1e-9);
}

TEST(StatisticsTest, PiecesAndMergesGiveTheSameAsOneCall) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(3, 0.25f);
  std::vector<float> values(30'001);
  for (float& value : values) value = normal(random);
  values[17] = kNan;
  values[20'000] = 0;
  TensorStatistics whole = Of(values);
  for (size_t cut : {size_t{0}, size_t{1}, size_t{4095}, size_t{17'000}, values.size()}) {
    StatisticsSum first;
    StatisticsSum second;
    first.Add(std::span(values).first(cut));
    second.Add(std::span(values).subspan(cut));
    first.Merge(second);
    TensorStatistics merged = first.Result();
    EXPECT_EQ(merged.count, whole.count);
    EXPECT_EQ(merged.zeros, 1u);
    EXPECT_EQ(merged.nans, 1u);
    EXPECT_EQ(merged.min, whole.min);
    EXPECT_EQ(merged.max, whole.max);
    EXPECT_NEAR(merged.mean, whole.mean, 1e-12);
    EXPECT_NEAR(merged.deviation, whole.deviation, 1e-12);
  }
}

TEST(StatisticsTest, ReadsATensorPieceByPiece) {
  std::vector<float> values(200'000, 2);
  values.back() = 4;
  TensorSourceParts parts{.format = "test"};
  parts.files.push_back(
      {"file", MemoryByteSource({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)})});
  parts.tensors.push_back({.name = "t", .shape = {200, 1000}, .ranges = {{0, 0, 800'000}}});
  parts.tensors.push_back({.name = "c", .dtype = DType::kC64, .shape = {2}, .ranges = {{0, 0, 16}}});
  auto source = TensorSource::New(std::move(parts));
  ASSERT_TRUE(source.ok()) << source.status();
  uint64_t seen = 0;
  auto found = StatisticsOf(**source, (*source)->tensors()[0], [&](uint64_t elements) {
    seen += elements;
    return absl::OkStatus();
  });
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->count, values.size());
  EXPECT_EQ(seen, values.size());
  EXPECT_EQ(found->max, 4);
  EXPECT_TRUE(absl::IsInvalidArgument(StatisticsOf(**source, (*source)->tensors()[1], {}).status()));
  auto stopped = StatisticsOf(**source, (*source)->tensors()[0], [](uint64_t) { return absl::CancelledError("stop"); });
  EXPECT_TRUE(absl::IsCancelled(stopped.status()));
}

}  // namespace
}  // namespace plumb
