// Little-endian fields of archive records.
#ifndef PLUMB_FORMATS_ARCHIVE_FIELDS_H_
#define PLUMB_FORMATS_ARCHIVE_FIELDS_H_

#include <cstdint>
#include <span>
#include <string>

namespace plumb {

// The unsigned number of `count` bytes at `at`. REQUIRES: they are there.
inline uint64_t FieldAt(std::span<const uint8_t> record, size_t at, size_t count) {
  uint64_t number = 0;
  for (size_t i = 0; i < count; ++i) number |= uint64_t{record[at + i]} << (8 * i);
  return number;
}

// Appends `number` in `count` bytes.
inline void AppendField(uint64_t number, size_t count, std::string* out) {
  for (size_t i = 0; i < count; ++i) out->push_back(static_cast<char>(number >> (8 * i) & 255));
}

}  // namespace plumb

#endif  // PLUMB_FORMATS_ARCHIVE_FIELDS_H_
