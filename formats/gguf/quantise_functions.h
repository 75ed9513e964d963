// One function for each block type that can be written: encodes one block of finite values.
#ifndef PLUMB_FORMATS_GGUF_QUANTISE_FUNCTIONS_H_
#define PLUMB_FORMATS_GGUF_QUANTISE_FUNCTIONS_H_

#include <cstdint>

#include "plumb/weights/half.h"

namespace plumb::gguf {

inline void StoreU16(uint16_t value, uint8_t* out) {
  out[0] = static_cast<uint8_t>(value);
  out[1] = static_cast<uint8_t>(value >> 8);
}
inline void StoreHalf(float value, uint8_t* out) { StoreU16(FloatToHalf(value), out); }

void EncodeQ4_0(const float* values, uint8_t* out);
void EncodeQ4_1(const float* values, uint8_t* out);
void EncodeQ5_0(const float* values, uint8_t* out);
void EncodeQ5_1(const float* values, uint8_t* out);
void EncodeQ8_0(const float* values, uint8_t* out);
void EncodeMxfp4(const float* values, uint8_t* out);
void EncodeTq1(const float* values, uint8_t* out);
void EncodeTq2(const float* values, uint8_t* out);
void EncodeQ4K(const float* values, uint8_t* out);

}  // namespace plumb::gguf

#endif  // PLUMB_FORMATS_GGUF_QUANTISE_FUNCTIONS_H_
