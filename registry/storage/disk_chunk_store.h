// Chunks on local disk, one file each (docs/storage.md).
#ifndef PLUMB_REGISTRY_STORAGE_DISK_CHUNK_STORE_H_
#define PLUMB_REGISTRY_STORAGE_DISK_CHUNK_STORE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "registry/storage/chunk_store.h"

namespace plumb {

// Keeps chunk `abcd...` as `chunks/ab/abcd...`. A chunk appears under its name whole and
// synced or not at all, whatever instruction the process or the machine stops at.
class DiskChunkStore : public ChunkStore {
 public:
  // Opens the folder `path`, making what is missing and removing what a crash left half
  // written. `reserve_bytes`: free space that Put leaves to the metadata store, at most 5 %
  // of the file system.
  static absl::StatusOr<std::unique_ptr<DiskChunkStore>> New(const std::string& path, uint64_t reserve_bytes,
                                                             Clock clock);

  absl::StatusOr<std::optional<ChunkInfo>> Find(const Digest& digest) const override;
  absl::StatusOr<std::optional<ChunkInfo>> Touch(const Digest& digest) override;
  absl::Status Put(const Digest& digest, std::span<const uint8_t> bytes) override;
  absl::Status Read(const Digest& digest, uint32_t offset, std::span<uint8_t> out) const override;
  absl::Status Remove(const Digest& digest) override;
  absl::Status Quarantine(const Digest& digest) override;
  absl::Status ForEach(const Visitor& visitor) const override;

 private:
  DiskChunkStore(std::string path, uint64_t reserve_bytes, Clock clock)
      : path_(std::move(path)), reserve_bytes_(reserve_bytes), clock_(std::move(clock)) {}
  std::string FolderOf(const Digest& digest) const;
  std::string PathOf(const Digest& digest) const;
  absl::Status CheckSpace(uint64_t bytes) const;
  absl::Status GiveName(const std::string& temporary, const Digest& digest) const;
  absl::Status WriteSynced(const std::string& temporary, std::span<const uint8_t> bytes) const;

  const std::string path_;
  const uint64_t reserve_bytes_;
  const Clock clock_;
  std::atomic<uint64_t> next_temporary_{0};
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_DISK_CHUNK_STORE_H_
