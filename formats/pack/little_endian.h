// Numbers as packs hold them: least significant byte first.
#ifndef PLUMB_FORMATS_PACK_LITTLE_ENDIAN_H_
#define PLUMB_FORMATS_PACK_LITTLE_ENDIAN_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace plumb {

// REQUIRES: `out` has room for the number.
template <std::unsigned_integral Number>
void StoreLittleEndian(Number value, uint8_t* out) {
  for (size_t i = 0; i < sizeof(Number); ++i) out[i] = static_cast<uint8_t>(value >> (8 * i));
}

template <std::unsigned_integral Number>
Number LoadLittleEndian(const uint8_t* bytes) {
  Number value = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) value |= static_cast<Number>(Number{bytes[i]} << (8 * i));
  return value;
}

}  // namespace plumb

#endif  // PLUMB_FORMATS_PACK_LITTLE_ENDIAN_H_
