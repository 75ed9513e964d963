#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "plumb/weights/weight_set.h"
#include "tests/unit/weights/safetensors_testing.h"

namespace plumb {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <typename Stored>
float DecodeOne(DType dtype, Stored stored) {
  uint8_t bytes[sizeof stored];
  std::memcpy(bytes, &stored, sizeof stored);
  float value = 0;
  absl::Status status = DecodeToF32(dtype, bytes, 0, {&value, 1});
  EXPECT_TRUE(status.ok()) << status;
  return value;
}

// The textbook value of a small float: (-1)^s 2^(e-bias) (1 + m / 2^bits), in double.
double Textbook(unsigned code, int exponent_bits, int mantissa_bits, int bias) {
  unsigned mantissa = code & ((1u << mantissa_bits) - 1);
  int exponent = static_cast<int>(code >> mantissa_bits & ((1u << exponent_bits) - 1));
  double sign = (code >> (exponent_bits + mantissa_bits) & 1) != 0 ? -1.0 : 1.0;
  double fraction = mantissa / std::pow(2.0, mantissa_bits);
  if (exponent == 0) return sign * std::pow(2.0, 1 - bias) * fraction;
  return sign * std::pow(2.0, exponent - bias) * (1.0 + fraction);
}

// As Textbook, with the highest exponent kept for infinity and NaN.
double Ieee(unsigned code, int exponent_bits, int mantissa_bits, int bias) {
  unsigned magnitude = code & ((1u << (exponent_bits + mantissa_bits)) - 1);
  unsigned infinity = ((1u << exponent_bits) - 1) << mantissa_bits;
  if (magnitude > infinity) return kNan;
  if (magnitude == infinity) return code == magnitude ? kInfinity : -kInfinity;
  return Textbook(code, exponent_bits, mantissa_bits, bias);
}

void ExpectSame(float found, double expected, unsigned code) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(found)) << code;
    return;
  }
  EXPECT_EQ(std::bit_cast<uint32_t>(found), std::bit_cast<uint32_t>(static_cast<float>(expected))) << code;
}

TEST(DecodeTest, EveryF16) {
  for (unsigned code = 0; code < 65536; ++code) {
    ExpectSame(DecodeOne(DType::kF16, static_cast<uint16_t>(code)), Ieee(code, 5, 10, 15), code);
  }
}

TEST(DecodeTest, EveryBF16) {
  for (unsigned code = 0; code < 65536; ++code) {
    ExpectSame(DecodeOne(DType::kBF16, static_cast<uint16_t>(code)), Ieee(code, 8, 7, 127), code);
  }
}

TEST(DecodeTest, EveryF8E5M2) {
  for (unsigned code = 0; code < 256; ++code) {
    ExpectSame(DecodeOne(DType::kF8E5M2, static_cast<uint8_t>(code)), Ieee(code, 5, 2, 15), code);
  }
}

TEST(DecodeTest, EveryF8E4M3HasNoInfinity) {
  for (unsigned code = 0; code < 256; ++code) {
    double expected = (code & 0x7f) == 0x7f ? kNan : Textbook(code, 4, 3, 7);
    ExpectSame(DecodeOne(DType::kF8E4M3, static_cast<uint8_t>(code)), expected, code);
  }
  EXPECT_EQ(DecodeOne(DType::kF8E4M3, uint8_t{0x7e}), 448.0f);
  EXPECT_EQ(DecodeOne(DType::kF8E4M3, uint8_t{0x01}), 0.001953125f);
}

TEST(DecodeTest, EveryF8FnuzHasNoNegativeZero) {
  for (unsigned code = 0; code < 256; ++code) {
    auto byte = static_cast<uint8_t>(code);
    ExpectSame(DecodeOne(DType::kF8E4M3Fnuz, byte), code == 0x80 ? kNan : Textbook(code, 4, 3, 8), code);
    ExpectSame(DecodeOne(DType::kF8E5M2Fnuz, byte), code == 0x80 ? kNan : Textbook(code, 5, 2, 16), code);
  }
  EXPECT_EQ(DecodeOne(DType::kF8E4M3Fnuz, uint8_t{0x7f}), 240.0f);
  EXPECT_EQ(DecodeOne(DType::kF8E5M2Fnuz, uint8_t{0x7f}), 57344.0f);
}

TEST(DecodeTest, EveryF8E8M0IsAPowerOfTwo) {
  for (unsigned code = 0; code < 256; ++code) {
    ExpectSame(DecodeOne(DType::kF8E8M0, static_cast<uint8_t>(code)),
               code == 255 ? kNan : std::pow(2.0, int(code) - 127), code);
  }
}

TEST(DecodeTest, F16KnownValues) {
  EXPECT_EQ(DecodeOne(DType::kF16, uint16_t{0x3c00}), 1.0f);
  EXPECT_EQ(DecodeOne(DType::kF16, uint16_t{0x7bff}), 65504.0f);
  EXPECT_EQ(DecodeOne(DType::kF16, uint16_t{0x0001}), 5.9604644775390625e-8f);
  EXPECT_TRUE(std::signbit(DecodeOne(DType::kF16, uint16_t{0x8000})));
}

TEST(DecodeTest, F32IsCopiedBitForBit) {
  for (uint32_t bits : {0u, 0x80000000u, 1u, 0x7f800001u, 0xffc12345u, 0x3f800000u}) {
    EXPECT_EQ(std::bit_cast<uint32_t>(DecodeOne(DType::kF32, bits)), bits);
  }
}

TEST(DecodeTest, F64IsRounded) {
  EXPECT_EQ(DecodeOne(DType::kF64, 0.1), 0.1f);
  EXPECT_EQ(DecodeOne(DType::kF64, -kInfinity), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(DecodeOne(DType::kF64, kNan)));
}

TEST(DecodeTest, StartsAtTheElementAskedFor) {
  // One byte off, as tensors in files may be.
  const std::string bytes("x\x00\x3c\x00\x40\x00\x42", 7);
  std::vector<float> out(2);
  ASSERT_TRUE(DecodeToF32(DType::kF16, AsBytes(bytes).subspan(1), 1, out).ok());
  EXPECT_EQ(out, (std::vector<float>{2.0f, 3.0f}));
}

TEST(DecodeTest, RangePastTheTensor) {
  std::vector<uint8_t> bytes(7);
  std::vector<float> out(2);
  EXPECT_TRUE(DecodeToF32(DType::kF16, bytes, 1, out).ok());
  EXPECT_TRUE(absl::IsOutOfRange(DecodeToF32(DType::kF16, bytes, 2, out)));
  EXPECT_TRUE(absl::IsOutOfRange(DecodeToF32(DType::kF16, bytes, UINT64_MAX, out)));
  EXPECT_TRUE(DecodeToF32(DType::kF16, bytes, 3, {}).ok());
  EXPECT_TRUE(DecodeToF32(DType::kF32, {}, 0, {}).ok());
}

template <typename Stored>
std::vector<float> Decoded(DType dtype, std::vector<Stored> values) {
  std::vector<float> out(values.size());
  std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(Stored));
  EXPECT_TRUE(DecodeToF32(dtype, bytes, 0, out).ok()) << DTypeName(dtype);
  return out;
}

TEST(DecodeTest, Integers) {
  using Floats = std::vector<float>;
  EXPECT_EQ(Decoded<uint8_t>(DType::kBool, {0, 1, 2}), (Floats{0, 1, 1}));
  EXPECT_EQ(Decoded<uint8_t>(DType::kU8, {0, 200}), (Floats{0, 200}));
  EXPECT_EQ(Decoded<int8_t>(DType::kI8, {-128, 127}), (Floats{-128, 127}));
  EXPECT_EQ(Decoded<uint16_t>(DType::kU16, {65535}), (Floats{65535}));
  EXPECT_EQ(Decoded<int16_t>(DType::kI16, {-32768}), (Floats{-32768}));
  EXPECT_EQ(Decoded<uint32_t>(DType::kU32, {4294967295u}), (Floats{4294967296.0f}));
  EXPECT_EQ(Decoded<int32_t>(DType::kI32, {-16777217}), (Floats{-16777216.0f}));
  EXPECT_EQ(Decoded<uint64_t>(DType::kU64, {~0ull}), (Floats{18446744073709551616.0f}));
  EXPECT_EQ(Decoded<int64_t>(DType::kI64, {INT64_MIN}), (Floats{-9223372036854775808.0f}));
}

TEST(DecodeTest, PackedTypesBeginInTheLowestBits) {
  const std::vector<uint8_t> bytes = {0x1f, 0x82};
  std::vector<float> out(3);
  ASSERT_TRUE(DecodeToF32(DType::kU4, bytes, 1, out).ok());
  EXPECT_EQ(out, (std::vector<float>{1, 2, 8}));
  ASSERT_TRUE(DecodeToF32(DType::kI4, bytes, 0, out).ok());
  EXPECT_EQ(out, (std::vector<float>{-1, 1, 2}));
  ASSERT_TRUE(DecodeToF32(DType::kF4, bytes, 0, out).ok());
  EXPECT_EQ(out, (std::vector<float>{-6, 0.5f, 1}));
  ASSERT_TRUE(DecodeToF32(DType::kI2, bytes, 1, out).ok());
  EXPECT_EQ(out, (std::vector<float>{-1, 1, 0}));
  ASSERT_TRUE(DecodeToF32(DType::kU2, bytes, 5, out).ok());
  EXPECT_EQ(out, (std::vector<float>{0, 0, 2}));
  EXPECT_TRUE(absl::IsOutOfRange(DecodeToF32(DType::kU4, bytes, 2, out)));
}

TEST(DecodeTest, OtherTypesAreRefused) {
  std::vector<uint8_t> bytes(64);
  std::vector<float> out(1);
  for (DType dtype :
       {DType::kF6E2M3, DType::kF6E3M2, DType::kC32, DType::kC64, DType::kC128, DType::kString, DType::kQ4_K}) {
    EXPECT_TRUE(absl::IsInvalidArgument(DecodeToF32(dtype, bytes, 0, out))) << DTypeName(dtype);
  }
}

}  // namespace
}  // namespace plumb
