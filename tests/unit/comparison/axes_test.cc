// Kernels whose axes stand in another order, and maps whose outputs are scaled.
#include "plumb/comparison/axes.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/unit/comparison/comparison_testing.h"

namespace plumb {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

absl::Status Go(uint64_t) { return absl::OkStatus(); }

// A source of one tensor of floats.
std::unique_ptr<TensorSource> Source(std::vector<uint64_t> shape, const std::vector<float>& values) {
  TensorSourceParts parts = {.format = "memory"};
  std::string bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  parts.tensors.push_back(
      {.name = "w", .dtype = DType::kF32, .shape = std::move(shape), .ranges = {{0, 0, bytes.size()}}});
  parts.files.push_back({"memory", MemoryByteSource(std::move(bytes))});
  return std::move(*TensorSource::New(std::move(parts)));
}

LaidOut Laid(const TensorSource& source) { return {&source, &source.tensors()[0], {}}; }

std::vector<float> Wave(size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = std::sin(static_cast<float>(i) * 1.7f);
  return values;
}

TEST(AxesTest, OrdersThatMakeTheShape) {
  EXPECT_THAT(KernelOrders({3, 5, 2, 7}, {7, 2, 3, 5}), ElementsAre(ElementsAre(3, 2, 0, 1)));
  EXPECT_THAT(KernelOrders({7, 3, 5, 2}, {7, 2, 3, 5}), ElementsAre(ElementsAre(0, 3, 1, 2)));
  EXPECT_THAT(KernelOrders({3, 2, 7}, {7, 2, 3}), ElementsAre(ElementsAre(2, 1, 0)));
  EXPECT_THAT(KernelOrders({3, 5}, {5, 3}), IsEmpty());
  EXPECT_THAT(KernelOrders({3, 5, 2, 7}, {3, 5, 2, 8}), IsEmpty());
}

TEST(AxesTest, KernelsOfTensorflowAndPytorchAreTheSame) {
  constexpr uint64_t kOut = 4, kIn = 3, kHeight = 2, kWidth = 5;
  const std::vector<float> torch = Wave(kOut * kIn * kHeight * kWidth);
  std::vector<float> keras(torch.size());
  for (uint64_t o = 0; o < kOut; ++o) {
    for (uint64_t i = 0; i < kIn; ++i) {
      for (uint64_t h = 0; h < kHeight; ++h) {
        for (uint64_t w = 0; w < kWidth; ++w) {
          keras[((h * kWidth + w) * kIn + i) * kOut + o] = torch[((o * kIn + i) * kHeight + h) * kWidth + w];
        }
      }
    }
  }
  const auto a = Source({kOut, kIn, kHeight, kWidth}, torch), b = Source({kHeight, kWidth, kIn, kOut}, keras);
  auto found = CompareTurned(Laid(*a), Laid(*b), Go);
  ASSERT_TRUE(found.ok() && *found) << found.status();
  EXPECT_EQ((*found)->values.finding, Finding::kEqual);
  EXPECT_EQ((*found)->words, "axes 3, 2, 0, 1");
  EXPECT_TRUE(CompareTurned(Laid(*b), Laid(*a), Go)->has_value());
  keras[7] += 1;
  const auto other = Source({kHeight, kWidth, kIn, kOut}, keras);
  EXPECT_FALSE(CompareTurned(Laid(*a), Laid(*other), Go)->has_value());
}

TEST(AxesTest, ScaledRows) {
  const std::vector<float> values = Wave(24);
  std::vector<float> scaled = values;
  const float factors[] = {2, -0.5f, 0, 1};
  for (size_t i = 0; i < scaled.size(); ++i) scaled[i] *= factors[i / 6];
  const auto a = Source({4, 6}, values);
  EXPECT_TRUE(*IsScaledByRow(Laid(*a), Laid(*Source({4, 6}, scaled)), Go));
  scaled[3] += 0.1f;
  EXPECT_FALSE(*IsScaledByRow(Laid(*a), Laid(*Source({4, 6}, scaled)), Go));
  EXPECT_FALSE(*IsScaledByRow(Laid(*a), Laid(*Source({6, 4}, values)), Go));
}

}  // namespace
}  // namespace plumb
