// The folder that holds the packs.
#ifndef PLUMB_REGISTRY_STORAGE_PACK_FOLDER_H_
#define PLUMB_REGISTRY_STORAGE_PACK_FOLDER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/file.h"

namespace plumb {

// Names packs by their numbers and keeps those that are read open. Thread-safe.
class PackFolder {
 public:
  // Opens the folder `path`, making it when missing and removing what a compaction left that was cut off.
  // `reserve_bytes`: free space that CheckSpace leaves to the metadata store, at most 5 % of the file system.
  static absl::StatusOr<std::unique_ptr<PackFolder>> New(const std::string& path, uint64_t reserve_bytes);

  const std::string& path() const { return path_; }
  std::string PathOf(uint32_t pack) const;
  // Where a pack is written that gets its name only when it is sealed.
  std::string TemporaryPathOf(uint32_t pack) const;
  // The numbers of the packs that are there, ascending.
  absl::StatusOr<std::vector<uint32_t>> List() const;

  // A descriptor for reading; valid as long as somebody holds it, also when the pack is deleted meanwhile. NOT_FOUND
  // when there is no such pack.
  absl::StatusOr<std::shared_ptr<const UniqueFd>> Open(uint32_t pack) const;
  // Deletes a pack, durably. OK when there is none.
  absl::Status Remove(uint32_t pack) const;
  // RESOURCE_EXHAUSTED (ErrorClass::kLocalStorage) when `bytes` more would not leave the reserve free.
  absl::Status CheckSpace(uint64_t bytes) const;

 private:
  static constexpr size_t kOpenMax = 64;
  struct OpenPack {
    std::shared_ptr<const UniqueFd> fd;
    uint64_t used = 0;  // The value of uses_ when it was last asked for.
  };

  PackFolder(std::string path, uint64_t reserve_bytes) : path_(std::move(path)), reserve_bytes_(reserve_bytes) {}

  const std::string path_;
  const uint64_t reserve_bytes_;
  mutable std::mutex mutex_;
  mutable std::map<uint32_t, OpenPack> open_;
  mutable uint64_t uses_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_PACK_FOLDER_H_
