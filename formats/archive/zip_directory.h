// The central directory of a ZIP archive, as it says of itself.
#ifndef PLUMB_FORMATS_ARCHIVE_ZIP_DIRECTORY_H_
#define PLUMB_FORMATS_ARCHIVE_ZIP_DIRECTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"

namespace plumb {

// One record of the directory.
struct ZipRecord {
  std::string name;
  uint16_t flags = 0;
  uint16_t method = 0;
  uint32_t crc32 = 0;
  uint64_t stored_bytes = 0;
  uint64_t size_bytes = 0;
  uint64_t header_begin = 0;  // Of the local header.
};

struct ZipDirectory {
  uint64_t begin = 0;  // First byte of the directory; the entries' data ends before.
  std::vector<ZipRecord> records;
};

// Finds the end record at the very end of the archive and reads the directory before it.
absl::StatusOr<ZipDirectory> ReadZipDirectory(const ByteSource& bytes);

}  // namespace plumb

#endif  // PLUMB_FORMATS_ARCHIVE_ZIP_DIRECTORY_H_
