// Streaming chunks to a reader.
#ifndef PLUMB_REGISTRY_SERVICE_CHUNK_READER_H_
#define PLUMB_REGISTRY_SERVICE_CHUNK_READER_H_

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/codec/frame.h"
#include "plumb/content/chunk_list.h"
#include "plumb/v1/content.pb.h"
#include "registry/storage/chunk_store.h"

namespace plumb {

// What is sent for one range: a piece of `bytes`, which are a frame or plain bytes.
struct ChunkPayload {
  std::shared_ptr<const std::vector<uint8_t>> bytes;
  uint32_t begin = 0;
  uint32_t end = 0;
  bool is_frame = false;
};

// Gets what ranges ask for out of a store. The bytes are not hashed here: the client hashes each chunk before it uses
// it. Used by one thread.
class ChunkReader {
 public:
  // `chunks` must outlive the object.
  explicit ChunkReader(const ChunkStore* chunks) : chunks_(*chunks) {}

  // NOT_FOUND, DATA_LOSS when the stored size is not the stated one or the store fails, INVALID_ARGUMENT for an
  // impossible range. With `frames`, a chunk that is stored as the difference from one that the caller does not say it
  // has is made into a frame that stands alone.
  absl::StatusOr<ChunkPayload> Load(const v1::ChunkRange& range, bool frames);

 private:
  absl::StatusOr<std::vector<uint8_t>> LoadFrame(const ChunkRef& chunk, std::string_view have);
  absl::StatusOr<std::vector<uint8_t>> LoadPlain(const ChunkRef& chunk);

  const ChunkStore& chunks_;
  FrameEncoder encoder_;
};

// Sends one message, `fields` with `data` in it; false when the caller is gone.
using ChunkSink = std::function<bool(const v1::ReadChunksResponse& fields, const ChunkPayload& payload)>;

// Sends every range of `request` in order, each as one message, or as one with the status of its failure.
// CANCELLED when the caller is gone; INVALID_ARGUMENT for more than limits::kBatchItemsMax ranges.
absl::Status SendChunks(const v1::ReadChunksRequest& request, const ChunkStore& chunks, const ChunkSink& sink);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVICE_CHUNK_READER_H_
