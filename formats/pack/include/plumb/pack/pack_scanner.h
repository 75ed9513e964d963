// Reading a pack's records one after another, sealed or not.
#ifndef PLUMB_PACK_PACK_SCANNER_H_
#define PLUMB_PACK_PACK_SCANNER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/pack/pack.h"
#include "plumb/pack/pack_source.h"

namespace plumb {

// A record and where its frame lies.
struct ScannedRecord {
  PackRecord record;
  uint32_t offset = 0;  // Of the frame.
};

// Walks over the records of a pack, whose index may be missing. Not thread-safe.
class PackScanner {
 public:
  // Checks the file's header. DATA_LOSS when it is not that of a pack.
  static absl::StatusOr<PackScanner> New(PackSource pack);

  // The next record; no value at the end of the records. DATA_LOSS when bytes stand there that no record is made of,
  // or when a frame is cut off; nothing behind that can be read. Frames are not read.
  absl::StatusOr<std::optional<ScannedRecord>> Next();
  // The frame of a record. DATA_LOSS when it does not have its checksum.
  absl::StatusOr<std::vector<uint8_t>> ReadFrame(const ScannedRecord& record) const;
  // Where the last record that Next returned ends.
  uint64_t position() const { return position_; }

 private:
  explicit PackScanner(PackSource pack) : pack_(std::move(pack)) {}
  // Moves over the zeros that end a batch.
  absl::Status SkipPadding();

  PackSource pack_;
  uint64_t position_ = kPackHeaderBytes;
  uint64_t next_ = kPackHeaderBytes;  // Where the next record is looked for.
};

}  // namespace plumb

#endif  // PLUMB_PACK_PACK_SCANNER_H_
