#include "client/library/chunk_relay.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "client/rpc/channel.h"
#include "client/transfer/upload.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/codec/frame.h"

namespace plumb {
namespace {

// Chunks asked for in one call.
constexpr size_t kBatchChunks = 16;

// Threads that fetch batches and hand them to one uploader.
class Relay {
 public:
  Relay(Connection& upstream, Connection& target, std::span<const transfer::WantedChunk> wanted, int streams,
        const Operation& operation, RelayResult* result)
      : upstream_(upstream),
        wanted_(wanted),
        operation_(operation),
        uploader_(
            target.channel(), {.streams = streams},
            [this, result](const ChunkRef&, uint64_t bytes) {
              std::lock_guard lock(mutex_);
              ++result->chunks;
              result->sent_bytes += bytes;
            },
            operation) {}

  absl::Status Run(int streams) {
    std::vector<std::thread> threads;
    for (int i = 0; i < std::clamp(streams, 1, 64); ++i) threads.emplace_back([this] { FetchAll(); });
    for (std::thread& thread : threads) thread.join();
    PLUMB_RETURN_IF_ERROR(error_);
    return uploader_.Finish();
  }

 private:
  void FetchAll() {
    transfer::RateLimiter unlimited(0);
    transfer::FrameFetcher fetcher(upstream_.channel(), operation_, &unlimited);
    FrameEncoder encoder;
    while (!failed()) {
      size_t begin = next_.fetch_add(kBatchChunks);
      if (begin >= wanted_.size()) return;
      absl::Status status =
          FetchBatch(wanted_.subspan(begin, std::min(kBatchChunks, wanted_.size() - begin)), &fetcher, &encoder);
      std::lock_guard lock(mutex_);
      if (error_.ok()) error_ = status;
    }
  }

  absl::Status FetchBatch(std::span<const transfer::WantedChunk> batch, transfer::FrameFetcher* fetcher,
                          FrameEncoder* encoder) {
    std::vector<transfer::WantedChunk> left(batch.begin(), batch.end());
    rpc::Backoff backoff = upstream_.channel().NewBackoff(&operation_);
    while (true) {
      std::vector<bool> done(left.size(), false);
      absl::Status status = fetcher->Fetch(left, [&](size_t index, absl::StatusOr<transfer::FetchedChunk> fetched) {
        done[index] = true;
        return Forward(left[index].chunk, std::move(fetched), encoder);
      });
      if (status.ok()) {
        backoff.Reset();
        return status;
      }
      std::vector<transfer::WantedChunk> rest;
      for (size_t i = 0; i < left.size(); ++i) {
        if (!done[i]) rest.push_back(left[i]);
      }
      if (rest.size() < left.size()) backoff.Reset();
      left = std::move(rest);
      if (left.empty()) return status;
      PLUMB_RETURN_IF_ERROR(backoff.WaitToRetry(status));
    }
  }

  absl::Status Forward(const ChunkRef& chunk, absl::StatusOr<transfer::FetchedChunk> fetched, FrameEncoder* encoder) {
    if (!fetched.ok()) return WithErrorClass(fetched.status(), ErrorClass::kVerification);
    if (!fetched->is_frame) {
      std::span<const uint8_t> frame = encoder->Encode(fetched->bytes, ElementKind::kBytes);
      fetched->bytes.assign(frame.begin(), frame.end());
    }
    return uploader_.Add({.chunk = chunk,
                          .frame = std::make_shared<const std::vector<uint8_t>>(std::move(fetched->bytes)),
                          .similar = std::nullopt,
                          .elements = ElementKind::kBytes});
  }

  bool failed() {
    std::lock_guard lock(mutex_);
    return !error_.ok();
  }

  Connection& upstream_;
  std::span<const transfer::WantedChunk> wanted_;
  const Operation& operation_;
  std::atomic<size_t> next_{0};
  std::mutex mutex_;
  absl::Status error_;
  transfer::Uploader uploader_;
};

}  // namespace

absl::Status RelayChunks(Connection& upstream, Connection& target, std::span<const transfer::WantedChunk> wanted,
                         int streams, const Operation& operation, RelayResult* result) {
  if (wanted.empty()) return absl::OkStatus();
  absl::Status status = Relay(upstream, target, wanted, streams, operation, result).Run(streams);
  // The target hashed what came and found it to be something else.
  if (!absl::IsAborted(status)) return status;
  return WithErrorClass(DataLoss(fmt::format("{} sent damaged bytes: {}", upstream.registry(), Message(status))),
                        ErrorClass::kVerification);
}

}  // namespace plumb
