// What the cache knows of releases, so that they can be had without a network.
//   DIR/manifests/<digest>            a manifest's bytes; its time says when it was last used
//   DIR/manifests/<digest>.release    what a registry said of it last, a serialized plumb.v1.Release
//   DIR/chunks/ab/<tree root>         a file's chunk list, a serialized plumb.v1.GetChunkListResponse
//   DIR/names/<sha256>.json           what the names of a registry's model meant: the hash is of `registry/model`
// Nothing of it is trusted: a manifest must have the digest that it is asked for by, a chunk list its tree root.
// Thread-safe, also between processes.
#ifndef PLUMB_CLIENT_CACHED_RELEASES_H_
#define PLUMB_CLIENT_CACHED_RELEASES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/names.h"
#include "plumb/client/cache.h"
#include "plumb/client/connection.h"
#include "plumb/content/chunk_list.h"
#include "plumb/content/digest.h"
#include "plumb/manifest/manifest.h"
#include "plumb/v1/catalogue.pb.h"

namespace plumb {

// A release as a registry showed it once.
struct KnownRelease {
  v1::Release release;
  Digest digest;
  // When the name that was asked for meant it: RFC 3339, UTC. Empty for a digest, which means one release for ever.
  std::string known_at;
};

// Keeps what `asked` meant at the connection's registry. REQUIRES: the connection has a memory.
absl::Status RememberRelease(const Connection& connection, const Reference& asked, const v1::Release& release);
absl::Status RememberManifest(const Cache& cache, const StoredManifest& manifest);
absl::Status RememberChunkList(const Cache& cache, const ChunkList& list);

// What `asked` meant when the registry was last asked; a digest may be cut short to no fewer than 12 digits. NOT_FOUND,
// saying what is known of the model, when it was never asked or the manifest is not here any more.
absl::StatusOr<KnownRelease> RecallRelease(const Connection& connection, const Reference& asked);
// NOT_FOUND when it is not here, or the connection has no memory.
absl::StatusOr<StoredManifest> RecallManifest(const Connection& connection, const Digest& digest);
absl::StatusOr<ChunkList> RecallChunkList(const Connection& connection, const v1::File& file);

// A release that the cache knows.
struct CachedRelease {
  Digest digest;
  std::string model;
  std::string version;
  uint64_t files = 0;
  uint64_t bytes = 0;
  // Of these, what is here: all of it, or what was asked for.
  uint64_t files_here = 0;
  uint64_t bytes_here = 0;
  // Seconds since the epoch.
  int64_t used_at = 0;
};

// Sorted by model, then by last use, the latest first. A manifest that cannot be read is left out.
absl::StatusOr<std::vector<CachedRelease>> ListCachedReleases(const Cache& cache);
// Removes a release, its chunk lists, and those of its files that no other release here has; pulled folders stay.
absl::StatusOr<CacheUsage> RemoveCachedRelease(const Cache& cache, const Digest& digest);

}  // namespace plumb

#endif  // PLUMB_CLIENT_CACHED_RELEASES_H_
