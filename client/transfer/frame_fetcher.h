// Getting frames out of one registry.
#ifndef PLUMB_CLIENT_TRANSFER_FRAME_FETCHER_H_
#define PLUMB_CLIENT_TRANSFER_FRAME_FETCHER_H_

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/rpc/channel.h"
#include "client/transfer/rate_limiter.h"
#include "plumb/client/operation.h"
#include "plumb/content/chunk_list.h"

namespace plumb::transfer {

// A chunk to fetch.
struct WantedChunk {
  ChunkRef chunk;
  // A chunk that the caller has: if the registry keeps the wanted one as its difference from that, it may send the
  // difference.
  std::optional<Digest> have;
};

// What a registry sent for a chunk. Not decoded and not verified.
struct FetchedChunk {
  std::vector<uint8_t> bytes;
  bool is_frame = false;  // Else plain bytes.
};

// Makes ReadChunks calls one after another. When a call breaks inside a chunk, the next one goes on there. Used by one
// thread but for Stop.
class FrameFetcher {
 public:
  // Takes the outcome of `wanted[index]`. An error ends the call and is returned.
  using Handler = std::function<absl::Status(size_t index, absl::StatusOr<FetchedChunk> fetched)>;

  // All must outlive the object.
  FrameFetcher(rpc::Channel& channel, const Operation& operation, RateLimiter* limiter)
      : channel_(channel), operation_(operation), limiter_(*limiter) {}

  // Asks for `wanted` in one call; OK when each was handled.
  absl::Status Fetch(std::span<const WantedChunk> wanted, const Handler& handler);
  // Breaks the call that runs, and lets no other begin. From any thread.
  void Stop();

 private:
  using Reader = grpc::ClientReader<grpc::ByteBuffer>;
  absl::Status ReadAll(std::span<const WantedChunk> wanted, const Handler& handler, Reader* reader,
                       rpc::WatchedCall* call);
  absl::Status HandleMessage(std::span<const WantedChunk> wanted, grpc::ByteBuffer* message, const Handler& handler);

  rpc::Channel& channel_;
  const Operation& operation_;
  RateLimiter& limiter_;
  std::optional<Digest> partial_of_;  // The chunk that partial_ is the beginning of.
  FetchedChunk partial_;
  size_t handled_ = 0;

  std::mutex mutex_;
  grpc::ClientContext* running_ = nullptr;
  bool stopped_ = false;
};

}  // namespace plumb::transfer

#endif  // PLUMB_CLIENT_TRANSFER_FRAME_FETCHER_H_
