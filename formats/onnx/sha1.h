// SHA-1, which ONNX uses for the checksums of external data. It guards against accidents, not against attackers.
#ifndef PLUMB_FORMATS_ONNX_SHA1_H_
#define PLUMB_FORMATS_ONNX_SHA1_H_

#include <cstdint>
#include <span>
#include <string>

namespace plumb::onnx {

// 40 lower-case hexadecimal digits.
std::string Sha1Hex(std::span<const uint8_t> bytes);

}  // namespace plumb::onnx

#endif  // PLUMB_FORMATS_ONNX_SHA1_H_
