#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/weights/weight_set.h"

namespace plumb {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors lie little-endian in the file");

// A float of one byte: sign, exponent, mantissa from the top.
struct ByteFloat {
  int mantissa_bits;
  int bias;
  // Which patterns are no numbers: as IEEE 754 has it, S.1111.111 alone (OCP E4M3), or negative zero alone (FNUZ).
  enum class Special { kIeee, kAllOnes, kNegativeZero } special;
};

using ByteTable = std::array<float, 256>;

ByteTable MakeTable(const ByteFloat& format) {
  ByteTable table;
  const int exponent_max = (1 << (7 - format.mantissa_bits)) - 1;
  const int mantissa_max = (1 << format.mantissa_bits) - 1;
  for (int code = 0; code < 256; ++code) {
    int exponent = (code & 0x7f) >> format.mantissa_bits;
    int mantissa = code & mantissa_max;
    float value = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), 1 - format.bias - format.mantissa_bits)
                                : std::ldexp(static_cast<float>(mantissa + mantissa_max + 1),
                                             exponent - format.bias - format.mantissa_bits);
    bool top = exponent == exponent_max;
    if (format.special == ByteFloat::Special::kIeee && top) {
      value = mantissa == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
    } else if (format.special == ByteFloat::Special::kAllOnes && top && mantissa == mantissa_max) {
      value = std::numeric_limits<float>::quiet_NaN();
    } else if (format.special == ByteFloat::Special::kNegativeZero && code == 0x80) {
      value = std::numeric_limits<float>::quiet_NaN();
    }
    table[static_cast<size_t>(code)] = code < 0x80 ? value : -value;
  }
  return table;
}

// E8M0 is a scale: 2^(code - 127), the last code is no number.
ByteTable MakeScaleTable() {
  ByteTable table;
  for (int code = 0; code < 255; ++code) table[static_cast<size_t>(code)] = std::ldexp(1.0f, code - 127);
  table[255] = std::numeric_limits<float>::quiet_NaN();
  return table;
}

// nullptr for a type that is no float of one byte.
const ByteTable* TableFor(DType dtype) {
  using Special = ByteFloat::Special;
  static const ByteTable kE4M3 = MakeTable({3, 7, Special::kAllOnes});
  static const ByteTable kE5M2 = MakeTable({2, 15, Special::kIeee});
  static const ByteTable kE4M3Fnuz = MakeTable({3, 8, Special::kNegativeZero});
  static const ByteTable kE5M2Fnuz = MakeTable({2, 16, Special::kNegativeZero});
  static const ByteTable kE8M0 = MakeScaleTable();
  switch (dtype) {
    case DType::kF8E4M3:
      return &kE4M3;
    case DType::kF8E5M2:
      return &kE5M2;
    case DType::kF8E4M3Fnuz:
      return &kE4M3Fnuz;
    case DType::kF8E5M2Fnuz:
      return &kE5M2Fnuz;
    case DType::kF8E8M0:
      return &kE8M0;
    default:
      return nullptr;
  }
}

// Without a table or a subnormal float on the way, so that it is right under flush-to-zero as well.
float HalfToFloat(uint16_t half) {
  constexpr uint32_t kExponent = 0x7c00u << 13;
  uint32_t bits = static_cast<uint32_t>(half & 0x7fff) << 13;
  uint32_t exponent = bits & kExponent;
  if (exponent == kExponent) {
    bits |= 0x7f800000u;
  } else if (exponent != 0) {
    bits += (127u - 15u) << 23;
  } else {
    constexpr uint32_t kSmallestNormal = (127u - 14u) << 23;
    bits =
        std::bit_cast<uint32_t>(std::bit_cast<float>(bits + kSmallestNormal) - std::bit_cast<float>(kSmallestNormal));
  }
  return std::bit_cast<float>(bits | static_cast<uint32_t>(half & 0x8000) << 16);
}

template <typename Stored, typename Convert>
void DecodeEach(std::span<const uint8_t> bytes, std::span<float> out, Convert convert) {
  for (size_t i = 0; i < out.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof stored, sizeof stored);
    out[i] = convert(stored);
  }
}

bool IsDecodable(DType dtype) {
  return dtype == DType::kF64 || dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 ||
         TableFor(dtype) != nullptr;
}

}  // namespace

absl::Status DecodeToF32(DType dtype, std::span<const uint8_t> bytes, uint64_t first, std::span<float> out) {
  if (!IsDecodable(dtype)) {
    return InvalidArgument(fmt::format("decode {} to F32: only F64, F32, F16, BF16 and F8 types", DTypeName(dtype)));
  }
  uint64_t element_bytes = DTypeBits(dtype) / 8;
  uint64_t held = bytes.size() / element_bytes;
  if (first > held || out.size() > held - first) {
    return OutOfRange(fmt::format("decode elements {} to {}: the tensor has {}", first, first + out.size(), held));
  }
  if (out.empty()) return absl::OkStatus();
  bytes = bytes.subspan(first * element_bytes);
  if (dtype == DType::kF32) {
    std::memcpy(out.data(), bytes.data(), out.size_bytes());
  } else if (dtype == DType::kF64) {
    DecodeEach<double>(bytes, out, [](double value) { return static_cast<float>(value); });
  } else if (dtype == DType::kF16) {
    DecodeEach<uint16_t>(bytes, out, HalfToFloat);
  } else if (dtype == DType::kBF16) {
    DecodeEach<uint16_t>(bytes, out, [](uint16_t v) { return std::bit_cast<float>(static_cast<uint32_t>(v) << 16); });
  } else {
    const ByteTable& table = *TableFor(dtype);
    DecodeEach<uint8_t>(bytes, out, [&](uint8_t code) { return table[code]; });
  }
  return absl::OkStatus();
}

}  // namespace plumb
