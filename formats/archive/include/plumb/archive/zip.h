// ZIP archives as containers of weights use them, read strictly: PKWARE's APPNOTE.TXT 6.3.10.
//
// An archive that two readers understand differently shows a scanner one thing and a loader another. So whatever leaves
// room for that is refused: bytes before the first entry or after the end record, entries that overlap, local headers
// that contradict the central directory, names that occur twice, encryption, unusual compression.
#ifndef PLUMB_ARCHIVE_ZIP_H_
#define PLUMB_ARCHIVE_ZIP_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"

namespace plumb {

// One file of an archive.
struct ZipEntry {
  std::string name;
  bool deflated = false;      // Otherwise stored: its bytes lie in the archive as they are.
  uint64_t begin = 0;         // First byte of its data in the archive.
  uint64_t stored_bytes = 0;  // Of its data in the archive.
  uint64_t size_bytes = 0;    // Unpacked.
  uint32_t crc32 = 0;         // Of the unpacked bytes.
};

// Immutable, thread-safe.
class ZipArchive {
 public:
  // Reads the directory and every local header. Keeps `bytes`. INVALID_ARGUMENT (ErrorClass::kPolicy) names the rule
  // that is broken.
  static absl::StatusOr<ZipArchive> Open(std::shared_ptr<const ByteSource> bytes);

  // By their place in the archive.
  const std::vector<ZipEntry>& entries() const { return entries_; }
  // nullptr when there is none of that name.
  const ZipEntry* Find(std::string_view name) const;
  const std::shared_ptr<const ByteSource>& bytes() const { return bytes_; }

  // The entry's unpacked bytes, with their CRC-32 checked. INVALID_ARGUMENT (ErrorClass::kPolicy) when there are more
  // than `bytes_max`, when the data does not unpack to exactly the announced size, or when the sum is wrong.
  absl::StatusOr<std::string> Read(const ZipEntry& entry, uint64_t bytes_max) const;

 private:
  std::shared_ptr<const ByteSource> bytes_;
  std::vector<ZipEntry> entries_;
};

// Whether bytes begin like a ZIP archive with at least one entry.
bool LooksLikeZip(std::span<const uint8_t> head);

}  // namespace plumb

#endif  // PLUMB_ARCHIVE_ZIP_H_
