// The client's cache: whole files under their tree root, and folders pulled on the way.
//   DIR/files/ab/<tree root>     one file each
//   DIR/releases/<digest>/       a pulled release, for commands that take a reference
// and what it knows of releases (cached_releases.h).
#ifndef PLUMB_CLIENT_CACHE_H_
#define PLUMB_CLIENT_CACHE_H_

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/content/digest.h"

namespace plumb {

// What the cache holds.
struct CacheUsage {
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t releases = 0;
};

// Thread-safe, also between processes. What it gives out is not trusted: callers verify it.
class Cache {
 public:
  // Opens the cache at `path`, making it when missing.
  static absl::StatusOr<Cache> Open(const std::string& path);

  // The cached file with this tree root, for reading. NOT_FOUND when there is none.
  absl::StatusOr<UniqueFd> Find(const Digest& tree_root) const;
  // Whether there is one.
  bool Has(const Digest& tree_root) const;
  // Adds an open, complete file, by reflink, hard link (large files) or copy. OK when it is there.
  absl::Status Add(int fd, uint64_t size_bytes, const Digest& tree_root) const;
  // Forgets a file, for example a damaged one.
  absl::Status Remove(const Digest& tree_root) const;
  // Where a release is pulled for commands that take a reference.
  std::string ReleasePath(const Digest& release) const;
  const std::string& path() const { return directory_.path(); }
  // For the library's own parts.
  const Directory& directory() const { return directory_; }
  // Whether anything can be added. A cache that cannot is still read.
  bool IsWritable() const;

  absl::StatusOr<CacheUsage> Usage() const;
  // Removes cached files and releases with all that is known of them, all or those not used for `older_than_seconds`.
  // Returns what went.
  absl::StatusOr<CacheUsage> Prune(uint64_t older_than_seconds) const;

 private:
  absl::StatusOr<std::vector<DirectoryEntry>> CachedFiles() const;
  std::vector<std::string> ReleaseFolders() const;
  // Removes what is known of releases.
  absl::Status PruneKnown(int64_t limit_ns) const;
  // Digests, as hexadecimal digits, of the releases that are known or pulled here.
  std::set<std::string> KnownReleases() const;

  explicit Cache(Directory directory) : directory_(std::move(directory)) {}
  Directory directory_;
};

// Files at least this large are shared by hard link (and made read-only) where reflinks do not exist;
// smaller ones are copied, so that people can edit them.
inline constexpr uint64_t kHardLinkBytesMin = 1u << 20;

}  // namespace plumb

#endif  // PLUMB_CLIENT_CACHE_H_
