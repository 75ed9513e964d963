// Fetching chunks from a registry over several streams, each verified before it is handed on.
#ifndef PLUMB_CLIENT_TRANSFER_DOWNLOAD_H_
#define PLUMB_CLIENT_TRANSFER_DOWNLOAD_H_

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/rpc/channel.h"
#include "plumb/client/operation.h"
#include "plumb/content/chunk_list.h"

namespace plumb::transfer {

// Takes the verified bytes of chunk `index`, valid for the call. Called from several threads.
using ChunkSink = std::function<absl::Status(size_t index, std::span<const uint8_t> bytes)>;

// What a download could not get although the registry answered.
struct DownloadReport {
  // Index of the chunk and why: the registry lost it, or sent other bytes twice.
  std::vector<std::pair<size_t, absl::Status>> damaged;
};

// Downloads `chunks` over `streams` streams, in about their order. A broken stream goes on where it
// stopped, inside a chunk too. A chunk with wrong bytes is fetched once more and then reported, while the others go on.
// Fails only when the registry cannot be reached, when `sink` fails, or when the user wants to stop.
absl::StatusOr<DownloadReport> DownloadChunks(rpc::Channel& channel, std::span<const ChunkRef> chunks, int streams,
                                              const ChunkSink& sink, const Operation& operation);

}  // namespace plumb::transfer

#endif  // PLUMB_CLIENT_TRANSFER_DOWNLOAD_H_
