// Little-endian fields of archive records.
#ifndef PLUMB_FORMATS_ARCHIVE_FIELDS_H_
#define PLUMB_FORMATS_ARCHIVE_FIELDS_H_

#include <cstdint>
#include <span>

namespace plumb {

// The unsigned number of `count` bytes at `at`. REQUIRES: they are there.
inline uint64_t FieldAt(std::span<const uint8_t> record, size_t at, size_t count) {
  uint64_t number = 0;
  for (size_t i = 0; i < count; ++i) number |= uint64_t{record[at + i]} << (8 * i);
  return number;
}

}  // namespace plumb

#endif  // PLUMB_FORMATS_ARCHIVE_FIELDS_H_
