// Where the registry keeps chunk data.
#ifndef PLUMB_REGISTRY_STORAGE_CHUNK_STORE_H_
#define PLUMB_REGISTRY_STORAGE_CHUNK_STORE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/content/digest.h"
#include "registry/storage/clock.h"

namespace plumb {

// What a store knows of a chunk without reading it.
struct ChunkInfo {
  uint32_t size_bytes = 0;
  TimePoint touched;  // When it was last written or touched.
};

// Chunks by the SHA-256 of their bytes. Thread-safe. An implementation never hashes: who
// calls Put vouches for the bytes, and readers that must be sure hash what they read.
class ChunkStore {
 public:
  // Sees one chunk; an error ends the iteration and is returned.
  using Visitor = std::function<absl::Status(const Digest& digest, const ChunkInfo& info)>;

  virtual ~ChunkStore() = default;

  // What is known of the chunk; no value when it is not there.
  virtual absl::StatusOr<std::optional<ChunkInfo>> Find(const Digest& digest) const = 0;
  // As Find, and renews the time it was last touched. After power loss the renewal may be gone.
  virtual absl::StatusOr<std::optional<ChunkInfo>> Touch(const Digest& digest) = 0;
  // Keeps `bytes`, whose SHA-256 the caller has found to be `digest`; durable when it returns
  // OK. A chunk that is there already is replaced or left, which makes no difference.
  // RESOURCE_EXHAUSTED (ErrorClass::kLocalStorage) when the disk is full; nothing is kept then.
  virtual absl::Status Put(const Digest& digest, std::span<const uint8_t> bytes) = 0;
  // Fills `out` with the chunk's bytes from `offset`. NOT_FOUND when there is no such chunk;
  // DATA_LOSS when it is shorter than asked or cannot be read.
  virtual absl::Status Read(const Digest& digest, uint32_t offset, std::span<uint8_t> out) const = 0;
  // Deletes the chunk. OK when there is none.
  virtual absl::Status Remove(const Digest& digest) = 0;
  // Puts a damaged chunk aside, where no call but a person finds it. OK when there is none.
  virtual absl::Status Quarantine(const Digest& digest) = 0;
  // Visits every chunk in the order of their digests. Chunks put or removed meanwhile may or
  // may not be seen. The visitor may call the store.
  virtual absl::Status ForEach(const Visitor& visitor) const = 0;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_CHUNK_STORE_H_
