// TAR archives of plain files, as PyTorch 0.1 wrote checkpoints: POSIX ustar, with GNU's and pax's long names refused.
#ifndef PLUMB_ARCHIVE_TAR_H_
#define PLUMB_ARCHIVE_TAR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"

namespace plumb {

// One file of an archive: bytes [begin, end) of it.
struct TarEntry {
  std::string name;
  uint64_t begin = 0;
  uint64_t end = 0;
};

// The files of an archive, in order; folders are left out. INVALID_ARGUMENT (ErrorClass::kPolicy) for a wrong checksum,
// sizes past the end, links and devices, names that occur twice, extended headers, or bytes after the end blocks.
absl::StatusOr<std::vector<TarEntry>> ReadTar(const ByteSource& bytes);

// Whether bytes begin with a sound header block.
bool LooksLikeTar(std::span<const uint8_t> head);

}  // namespace plumb

#endif  // PLUMB_ARCHIVE_TAR_H_
