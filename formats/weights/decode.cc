#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/weights/half.h"
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

template <typename Stored, typename Convert>
void DecodeEach(std::span<const uint8_t> bytes, std::span<float> out, Convert convert) {
  for (size_t i = 0; i < out.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof stored, sizeof stored);
    out[i] = convert(stored);
  }
}

template <typename Stored>
void DecodeEach(std::span<const uint8_t> bytes, std::span<float> out) {
  DecodeEach<Stored>(bytes, out, [](Stored value) { return static_cast<float>(value); });
}

// Elements of `bits` bits, the first in the lowest; `first` counts elements.
template <typename Convert>
void DecodePacked(unsigned bits, std::span<const uint8_t> bytes, uint64_t first, std::span<float> out,
                  Convert convert) {
  const unsigned per_byte = 8 / bits;
  const int mask = (1 << bits) - 1;
  for (size_t i = 0; i < out.size(); ++i) {
    uint64_t element = first + i;
    out[i] = convert((bytes[element / per_byte] >> (element % per_byte * bits)) & mask);
  }
}

// Types of less than a byte; false for others.
bool DecodeSubByte(DType dtype, std::span<const uint8_t> bytes, uint64_t first, std::span<float> out) {
  static constexpr float kE2M1[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};
  const unsigned bits = DTypeBits(dtype);
  auto as_unsigned = [](int code) { return static_cast<float>(code); };
  auto as_signed = [bits](int code) { return static_cast<float>(code >= 1 << (bits - 1) ? code - (1 << bits) : code); };
  switch (dtype) {
    case DType::kF4:
      DecodePacked(bits, bytes, first, out, [](int code) { return kE2M1[code]; });
      return true;
    case DType::kU4:
    case DType::kU2:
      DecodePacked(bits, bytes, first, out, as_unsigned);
      return true;
    case DType::kI4:
    case DType::kI2:
      DecodePacked(bits, bytes, first, out, as_signed);
      return true;
    default:
      return false;
  }
}

// Whole numbers of whole bytes; false for other types.
bool DecodeInteger(DType dtype, std::span<const uint8_t> bytes, std::span<float> out) {
  switch (dtype) {
    case DType::kBool:
      DecodeEach<uint8_t>(bytes, out, [](uint8_t value) { return value != 0 ? 1.0f : 0.0f; });
      return true;
    case DType::kU8:
      DecodeEach<uint8_t>(bytes, out);
      return true;
    case DType::kI8:
      DecodeEach<int8_t>(bytes, out);
      return true;
    case DType::kU16:
      DecodeEach<uint16_t>(bytes, out);
      return true;
    case DType::kI16:
      DecodeEach<int16_t>(bytes, out);
      return true;
    case DType::kU32:
      DecodeEach<uint32_t>(bytes, out);
      return true;
    case DType::kI32:
      DecodeEach<int32_t>(bytes, out);
      return true;
    case DType::kU64:
      DecodeEach<uint64_t>(bytes, out);
      return true;
    case DType::kI64:
      DecodeEach<int64_t>(bytes, out);
      return true;
    default:
      return false;
  }
}

void DecodeFloat(DType dtype, std::span<const uint8_t> bytes, std::span<float> out) {
  if (dtype == DType::kF32) {
    std::memcpy(out.data(), bytes.data(), out.size_bytes());
  } else if (dtype == DType::kF64) {
    DecodeEach<double>(bytes, out);
  } else if (dtype == DType::kF16) {
    DecodeEach<uint16_t>(bytes, out, HalfToFloat);
  } else if (dtype == DType::kBF16) {
    DecodeEach<uint16_t>(bytes, out, BFloat16ToFloat);
  } else {
    const ByteTable& table = *TableFor(dtype);
    DecodeEach<uint8_t>(bytes, out, [&](uint8_t code) { return table[code]; });
  }
}

bool IsDecodable(DType dtype) {
  return dtype != DType::kF6E2M3 && dtype != DType::kF6E3M2 && dtype != DType::kC32 && dtype != DType::kC64 &&
         dtype != DType::kC128 && dtype != DType::kString && !IsGgmlBlockDType(dtype);
}

}  // namespace

absl::Status DecodeToF32(DType dtype, std::span<const uint8_t> bytes, uint64_t first, std::span<float> out) {
  if (!IsDecodable(dtype)) {
    return InvalidArgument(
        fmt::format("decode {} to F32: only integers, F64, F32, F16, BF16, F8 and F4 types", DTypeName(dtype)));
  }
  const DTypeBlock block = BlockOf(dtype);
  uint64_t held = bytes.size() / block.bytes * block.elements;
  if (first > held || out.size() > held - first) {
    return OutOfRange(fmt::format("decode elements {} to {}: the tensor has {}", first, first + out.size(), held));
  }
  if (out.empty() || DecodeSubByte(dtype, bytes, first, out)) return absl::OkStatus();
  bytes = bytes.subspan(first * block.bytes);
  if (!DecodeInteger(dtype, bytes, out)) DecodeFloat(dtype, bytes, out);
  return absl::OkStatus();
}

}  // namespace plumb
