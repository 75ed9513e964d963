// CRC-32C (Castagnoli), RFC 3720 appendix B.4. No Debian package offers it as a library.
#ifndef PLUMB_FORMATS_TENSORFLOW_CRC32C_H_
#define PLUMB_FORMATS_TENSORFLOW_CRC32C_H_

#include <cstdint>
#include <span>

namespace plumb {

uint32_t Crc32c(std::span<const uint8_t> bytes);

}  // namespace plumb

#endif  // PLUMB_FORMATS_TENSORFLOW_CRC32C_H_
