// CRC-32 as ZIP archives have it (ISO 3309, polynomial 0xedb88320 reflected).
#ifndef PLUMB_ARCHIVE_CRC32_H_
#define PLUMB_ARCHIVE_CRC32_H_

#include <cstdint>
#include <span>

namespace plumb {

// The sum of `bytes` after others whose sum is `before`; 0 for no bytes at all.
uint32_t Crc32(std::span<const uint8_t> bytes, uint32_t before = 0);

// The sum of two pieces, one after the other, from the sum of each.
uint32_t CombineCrc32(uint32_t first, uint32_t second, uint64_t second_bytes);

}  // namespace plumb

#endif  // PLUMB_ARCHIVE_CRC32_H_
