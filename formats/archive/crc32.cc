#include "plumb/archive/crc32.h"

#include <libdeflate.h>
#include <zlib.h>

namespace plumb {

// libdeflate's is three times as fast as zlib's, which alone can combine sums.
uint32_t Crc32(std::span<const uint8_t> bytes, uint32_t before) {
  if (bytes.empty()) return before;  // libdeflate takes no bytes at nullptr for a wish to begin anew.
  return libdeflate_crc32(before, bytes.data(), bytes.size());
}

uint32_t CombineCrc32(uint32_t first, uint32_t second, uint64_t second_bytes) {
  return static_cast<uint32_t>(crc32_combine(first, second, static_cast<z_off_t>(second_bytes)));
}

}  // namespace plumb
