// ZIP archives of stored entries, laid out before their data is known: PKWARE's APPNOTE.TXT 6.3.10.
#ifndef PLUMB_ARCHIVE_ZIP_WRITER_H_
#define PLUMB_ARCHIVE_ZIP_WRITER_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/placed_bytes.h"

namespace plumb {

// One entry to be written: its data is stored as it is.
struct ZipEntryToWrite {
  std::string name;  // UTF-8.
  uint64_t size_bytes = 0;
};

// Where everything goes in an archive. Sizes decide that alone, so that data can be written in any order, by several
// threads, before the sums are known. ZIP64 fields are there for what needs them only. A plain value.
class ZipLayout {
 public:
  // Entries in the order given, the data of each at a multiple of `alignment`, a power of two up to 4096.
  // INVALID_ARGUMENT for what our reader would refuse: names that are empty, too long, no UTF-8 or occur twice, more
  // than limits::kArchiveEntriesMax entries.
  static absl::StatusOr<ZipLayout> New(std::vector<ZipEntryToWrite> entries, uint32_t alignment);

  // First byte of the data of entry `index`.
  uint64_t data_begin(size_t index) const { return places_[index].data_begin; }
  uint64_t file_bytes() const { return file_bytes_; }

  // Everything but the entries' data. `crc32s` are the sums of that data, parallel to the entries.
  std::vector<PlacedBytes> Records(std::span<const uint32_t> crc32s) const;

 private:
  struct Place {
    uint64_t header_begin = 0;
    uint64_t data_begin = 0;
  };

  std::vector<ZipEntryToWrite> entries_;
  std::vector<Place> places_;
  uint64_t directory_begin_ = 0;
  uint64_t file_bytes_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_ARCHIVE_ZIP_WRITER_H_
