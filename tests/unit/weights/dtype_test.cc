#include "plumb/weights/dtype.h"

#include <map>
#include <string>

#include "plumb/weights/tensor_size.h"
#include "tests/unit/weights/safetensors_testing.h"

namespace plumb {
namespace {

TEST(DTypeTest, NamesAreThoseOfSafetensors) {
  const std::map<std::string, unsigned> bits_of = {
      {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
      {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
      {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
      {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64}};
  EXPECT_EQ(bits_of.size(), std::size(kAllDTypes));
  for (const auto& [name, bits] : bits_of) {
    auto dtype = ParseDType(name);
    ASSERT_TRUE(dtype.has_value()) << name;
    EXPECT_EQ(DTypeBits(*dtype), bits) << name;
    EXPECT_EQ(DTypeName(*dtype), name);
  }
}

TEST(DTypeTest, ParseIsTheInverseOfName) {
  for (int i = 0; i < kDTypeCount; ++i) {
    DType dtype = static_cast<DType>(i);
    EXPECT_EQ(ParseDType(DTypeName(dtype)), dtype);
    EXPECT_GT(BlockOf(dtype).elements, 0u) << DTypeName(dtype);
    EXPECT_EQ(BlockOf(dtype).bytes == 0, dtype == DType::kString);
  }
}

TEST(DTypeTest, OnlySomeAreOfSafetensors) {
  for (DType dtype : kAllDTypes) EXPECT_TRUE(IsSafetensorsDType(dtype)) << DTypeName(dtype);
  int others = 0;
  for (int i = 0; i < kDTypeCount; ++i) others += IsSafetensorsDType(static_cast<DType>(i)) ? 0 : 1;
  EXPECT_EQ(others + std::size(kAllDTypes), static_cast<size_t>(kDTypeCount));
  for (DType dtype : {DType::kC128, DType::kI4, DType::kString, DType::kQ4_0, DType::kQ2_0}) {
    EXPECT_FALSE(IsSafetensorsDType(dtype)) << DTypeName(dtype);
  }
}

TEST(DTypeTest, OtherNamesAreNone) {
  for (const char* name : {"", "f32", "F32 ", "FLOAT", "F8", "F128", "BF16\n", "q4_0"}) {
    EXPECT_FALSE(ParseDType(name).has_value()) << name;
  }
}

uint64_t Size(DType dtype, std::vector<uint64_t> shape) {
  auto size = TensorSizeBytes(dtype, shape);
  EXPECT_TRUE(size.ok()) << size.status();
  return size.ok() ? *size : UINT64_MAX;
}

bool Fits(DType dtype, std::vector<uint64_t> shape) { return TensorSizeBytes(dtype, shape).ok(); }

TEST(TensorSizeTest, ScalarIsOneElement) {
  EXPECT_EQ(Size(DType::kF32, {}), 4u);
  EXPECT_EQ(Size(DType::kBool, {}), 1u);
}

TEST(TensorSizeTest, DimensionsMultiply) {
  EXPECT_EQ(Size(DType::kBF16, {3, 5, 7}), 210u);
  EXPECT_EQ(Size(DType::kC64, {2}), 16u);
}

TEST(TensorSizeTest, ZeroDimensionIsNoBytes) {
  EXPECT_EQ(Size(DType::kF32, {0}), 0u);
  EXPECT_EQ(Size(DType::kF4, {3, 0}), 0u);
}

TEST(TensorSizeTest, SubByteTypesComeToWholeBytes) {
  EXPECT_EQ(Size(DType::kF4, {2}), 1u);
  EXPECT_EQ(Size(DType::kF6E2M3, {4}), 3u);
  EXPECT_EQ(Size(DType::kF6E3M2, {2, 2}), 3u);
  EXPECT_FALSE(Fits(DType::kF4, {1}));
  EXPECT_FALSE(Fits(DType::kF4, {}));
  EXPECT_FALSE(Fits(DType::kF6E2M3, {2}));
  EXPECT_FALSE(Fits(DType::kF6E3M2, {3}));
}

TEST(TensorSizeTest, BlocksLieAlongTheLastDimension) {
  EXPECT_EQ(Size(DType::kQ4_0, {32}), 18u);
  EXPECT_EQ(Size(DType::kQ4_K, {3, 512}), 3u * 2 * 144);
  EXPECT_EQ(Size(DType::kQ4_K, {0, 512}), 0u);
  EXPECT_FALSE(Fits(DType::kQ4_0, {}));
  EXPECT_FALSE(Fits(DType::kQ4_0, {33}));
  EXPECT_FALSE(Fits(DType::kQ4_0, {32, 1}));
  EXPECT_FALSE(Fits(DType::kQ8_K, {1ull << 32, (1ull << 32) - 256}));
  EXPECT_FALSE(Fits(DType::kQ8_K, {1ull << 32, 1ull << 32}));
}

TEST(TensorSizeTest, BitsFit64Bits) {
  EXPECT_EQ(Size(DType::kU8, {(1ull << 61) - 1}), (1ull << 61) - 1);
  EXPECT_FALSE(Fits(DType::kU8, {1ull << 61}));
  EXPECT_FALSE(Fits(DType::kI32, {2, (1ull << 63) - 1}));
  EXPECT_FALSE(Fits(DType::kU8, {1ull << 32, 1ull << 32}));
}

TEST(TensorSizeTest, OverflowIsJudgedWhereverAZeroStands) {
  const uint64_t big = 1ull << 40;
  EXPECT_FALSE(Fits(DType::kU8, {big, big, 0}));
  EXPECT_FALSE(Fits(DType::kU8, {0, big, big}));
  EXPECT_FALSE(Fits(DType::kU8, {big, 0, big}));
}

}  // namespace
}  // namespace plumb
