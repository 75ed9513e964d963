// Chunks on their way into the store.
#ifndef PLUMB_REGISTRY_CATALOGUE_CHUNK_INTAKE_H_
#define PLUMB_REGISTRY_CATALOGUE_CHUNK_INTAKE_H_

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "plumb/codec/frame.h"
#include "plumb/content/chunk_list.h"
#include "registry/catalogue/content.h"

namespace plumb {

// A chunk as a publisher sent it.
struct IncomingChunk {
  ChunkRef chunk;
  std::vector<uint8_t> bytes;
  bool is_frame = false;          // `bytes` are a frame; else the plain bytes.
  std::optional<Digest> similar;  // A chunk that this one may be stored as the difference from.
  ElementKind elements = ElementKind::kBytes;
};

// Checks chunks, chooses how to store them and hands them to the store. Each upload has its own; one thread may Take
// while another one Syncs.
class ChunkIntake {
 public:
  // `content` must outlive the object.
  explicit ChunkIntake(Content* content) : content_(*content) {}

  // Decodes and hashes each chunk and gives the sound ones to the store; one status for each, in order:
  // INVALID_ARGUMENT when the bytes are not those of the digest, FAILED_PRECONDITION when a frame's base is missing,
  // RESOURCE_EXHAUSTED when the disk is full. Nothing is durable before Sync.
  std::vector<absl::Status> Take(std::span<const IncomingChunk> chunks);

  // Makes everything durable that calls of Take which returned have stored. An error when some of what was stored since
  // the last Sync may be lost.
  absl::Status Sync();

 private:
  // The plain bytes of a chunk, in `buffer` when they had to be decoded.
  absl::StatusOr<std::span<const uint8_t>> Plain(const IncomingChunk& chunk, std::vector<uint8_t>* buffer);
  absl::Status Store(const IncomingChunk& chunk, std::span<const uint8_t> plain);
  // The difference from the similar chunk, when it is worth it; else empty.
  std::span<const uint8_t> Difference(const IncomingChunk& chunk, std::span<const uint8_t> plain);

  Content& content_;
  FrameDecoder decoder_;
  FrameEncoder encoder_;
  std::vector<std::vector<uint8_t>> plain_;  // Reused.
  std::vector<uint8_t> base_;

  struct Unsynced {
    ChunkStore::Ticket oldest;
    ChunkStore::Ticket newest;
  };
  std::mutex mutex_;
  std::optional<Unsynced> unsynced_;  // Guarded by mutex_.
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_CHUNK_INTAKE_H_
