// Chunks from one registry to another, through memory, as they are stored.
#ifndef PLUMB_CLIENT_LIBRARY_CHUNK_RELAY_H_
#define PLUMB_CLIENT_LIBRARY_CHUNK_RELAY_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "client/transfer/frame_fetcher.h"
#include "plumb/client/connection.h"
#include "plumb/client/operation.h"

namespace plumb {

// What a relay moved.
struct RelayResult {
  uint64_t chunks = 0;
  uint64_t sent_bytes = 0;
};

// Brings `wanted` from `upstream` to `target`, which checks each. A chunk whose `have` the target has may travel as the
// difference from it.
//   FAILED_PRECONDITION         the target lacks what a difference was taken from: ask again without `have`
//   ErrorClass::kVerification   the upstream sent other bytes, or lost a chunk
absl::Status RelayChunks(Connection& upstream, Connection& target, std::span<const transfer::WantedChunk> wanted,
                         int streams, const Operation& operation, RelayResult* result);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_CHUNK_RELAY_H_
