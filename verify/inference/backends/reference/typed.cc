#include "verify/inference/backends/reference/typed.h"

#include "plumb/weights/half.h"

namespace plumb::reference {

uint16_t HalfFromDouble(double value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return sign | 0x7e00;
  const double size = std::abs(value);
  if (size >= 65520) return sign | 0x7c00;  // Halfway from the largest half to the next power of two.
  constexpr double kLeastNormal = 6.103515625e-05;
  constexpr double kLeast = 5.9604644775390625e-08;
  if (size < kLeastNormal) return sign | static_cast<uint16_t>(std::nearbyint(size / kLeast));
  int exponent = 0;
  const double fraction = std::frexp(size, &exponent);                              // [0.5, 1) * 2^exponent
  const auto significand = static_cast<uint32_t>(std::nearbyint(fraction * 2048));  // 1024 to 2048
  // A significand of 2048 carries into the exponent.
  return sign | static_cast<uint16_t>((static_cast<uint32_t>(exponent + 14) << 10) + (significand - 1024));
}

double DoubleFromHalf(uint16_t bits) { return HalfToFloat(bits); }

uint16_t BFloatFromDouble(double value) {
  if (std::isnan(value)) return 0x7fc0;
  // Rounding to float first and then to bfloat16 could round twice: keep a sticky bit instead.
  float narrow = static_cast<float>(value);
  auto bits = std::bit_cast<uint32_t>(narrow);
  if (std::isinf(narrow)) return static_cast<uint16_t>(bits >> 16);
  const double back = narrow;
  if (back != value) {
    if (std::abs(back) > std::abs(value)) --bits;  // Towards zero, then remember that something was cut off.
    bits |= 1;
  }
  const uint32_t rounding = 0x7fff + ((bits >> 16) & 1);
  return static_cast<uint16_t>((bits + rounding) >> 16);
}

}  // namespace plumb::reference
