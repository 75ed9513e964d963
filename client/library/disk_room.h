// Whether what a pull writes has room.
#ifndef PLUMB_CLIENT_LIBRARY_DISK_ROOM_H_
#define PLUMB_CLIENT_LIBRARY_DISK_ROOM_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/library/local_bytes.h"
#include "plumb/base/directory.h"
#include "plumb/client/cache.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// What a pull will take of a file system, by the names and sizes of what is there: nothing is hashed.
struct DiskNeed {
  uint64_t bytes = 0;
  // The file that needs most of it.
  std::string largest_path;
  uint64_t largest_bytes = 0;
};

// A file system's room; absent where it does not tell.
struct DiskRoom {
  uint64_t free_bytes = 0;
  std::string mounted_at;
};

// Counts files that stand there with their size, in the folder or in the cache (may be nullptr), as right, and what
// interrupted pulls reserved as reserved. `folder` is nullptr for one that is to be made at or below `place`.
DiskNeed EstimateDiskNeed(const Directory* folder, const std::string& place, const Cache* cache,
                          const std::vector<EqualFiles>& groups);

std::optional<DiskRoom> RoomAt(const std::string& folder);

// RESOURCE_EXHAUSTED, ErrorClass::kLocalStorage, saying what is needed, what is there and for which file, when the
// need exceeds the room.
absl::Status CheckDiskRoom(const std::string& folder, const v1::Manifest& manifest, const DiskNeed& need);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_DISK_ROOM_H_
