// What a start does with the packs it finds.
#ifndef PLUMB_REGISTRY_STORAGE_PACK_RECOVERY_H_
#define PLUMB_REGISTRY_STORAGE_PACK_RECOVERY_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/pack/pack_scanner.h"
#include "registry/storage/chunk_index.h"
#include "registry/storage/clock.h"
#include "registry/storage/frame_reader.h"
#include "registry/storage/pack_folder.h"

namespace plumb {

// Seals the packs that were open when the server stopped, and indexes packs that the metadata does not know. Reads no
// pack that is known to be sealed. Used once, before anything else touches the folder. Not thread-safe.
class PackRecovery {
 public:
  // All must outlive the object.
  PackRecovery(const PackFolder* folder, ChunkIndex* index, const FrameReader* reader, Clock clock)
      : folder_(*folder), index_(*index), reader_(*reader), clock_(std::move(clock)) {}

  // Returns the highest number of a pack, 0 when there is none.
  absl::StatusOr<uint32_t> Run();

 private:
  // What the records of an open pack come to.
  struct Records {
    std::vector<PackEntry> entries;
    std::vector<ChunkIndex::NewChunk> fresh;  // Those that the index lacks.
    uint64_t end = kPackHeaderBytes;          // Of the last record that is kept.
  };

  // Indexes a sealed pack that is unknown or not known to be sealed. False when it is not sealed.
  absl::StatusOr<bool> ImportSealed(uint32_t pack);
  absl::Status SealOpen(uint32_t pack);
  absl::StatusOr<Records> ReadRecords(uint32_t pack, const PackSource& source, uint64_t synced);
  absl::StatusOr<PackEntry> Describe(const ScannedRecord& record, const PackSource& source) const;
  // Whether a record that no sync answered for is whole and holds what it says.
  bool IsSound(const PackScanner& scanner, const ScannedRecord& record);
  absl::Status Flush(Records* records);
  absl::Status ForgetLost(const std::vector<uint32_t>& packs);

  const PackFolder& folder_;
  ChunkIndex& index_;
  const FrameReader& reader_;
  const Clock clock_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_PACK_RECOVERY_H_
