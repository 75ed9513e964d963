// Fetching chunks from one or several registries, each verified before it is handed on.
#ifndef PLUMB_CLIENT_TRANSFER_DOWNLOAD_H_
#define PLUMB_CLIENT_TRANSFER_DOWNLOAD_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/rpc/channel.h"
#include "client/transfer/frame_fetcher.h"
#include "plumb/client/operation.h"

namespace plumb::transfer {

// Plain bytes in one extent at most.
inline constexpr size_t kExtentBytesMax = 4u << 20;

// Chunks that follow one another in a file: fetched, verified and handed on together.
struct Extent {
  // Where the extent starts in its file, so that its memory can be aligned as the file is.
  uint64_t file_offset = 0;
  std::vector<WantedChunk> chunks;  // At most kExtentBytesMax plain bytes.
};

// Where downloaded bytes go. Called from several threads.
class ExtentSink {
 public:
  virtual ~ExtentSink() = default;
  // Fills `plain` with the bytes of a chunk that a WantedChunk named in `have`.
  virtual absl::Status ReadBase(const Digest& have, std::span<uint8_t> plain) = 0;
  // Takes the bytes of extent `index`, valid for the call: those of chunk i are right where `good[i]`, else they mean
  // nothing. The address of `bytes` has the file offset's position in its block of 4096 bytes.
  virtual absl::Status Take(size_t index, std::span<const uint8_t> bytes, const std::vector<bool>& good) = 0;
};

// How to download.
struct DownloadOptions {
  // Streams to each source.
  int streams = 4;
  // What buffers and frames on their way may take.
  uint64_t memory_bytes = 128u << 20;
  // Over all sources; 0: no limit.
  uint64_t bytes_per_second = 0;
};

// What a download did.
struct DownloadReport {
  struct Damage {
    size_t extent;
    size_t chunk;
    absl::Status why;  // The registries lost it, or sent other bytes.
  };
  std::vector<Damage> damaged;
  struct Dropped {
    size_t source;
    absl::Status why;
  };
  std::vector<Dropped> dropped;
  // Bytes of frames that came over the network.
  uint64_t received_bytes = 0;
};

// Downloads `extents`, in about their order, from all `sources` at once. A broken stream goes on where it stopped. A
// source that cannot be reached or sends wrong bytes is dropped, with a warning, while others remain, and so is one
// that keeps all others waiting. Fails when no source can be reached, when `sink` fails, or when the user wants to
// stop.
absl::StatusOr<DownloadReport> Download(std::span<rpc::Channel* const> sources, std::span<const Extent> extents,
                                        ExtentSink& sink, const DownloadOptions& options, const Operation& operation);

}  // namespace plumb::transfer

#endif  // PLUMB_CLIENT_TRANSFER_DOWNLOAD_H_
