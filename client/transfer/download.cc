#include "client/transfer/download.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "client/transfer/work_queue.h"
#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::transfer {
namespace {

// Chunks asked for in one call.
constexpr size_t kBatch = 16;
// How often a chunk with wrong bytes is asked for.
constexpr int kTriesPerChunk = 2;

// State that all streams of one download share.
struct Shared {
  rpc::Channel& channel;
  std::span<const ChunkRef> chunks;
  const ChunkSink& sink;
  const Operation& operation;
  WorkQueue queue;
  std::mutex mutex;
  DownloadReport report;

  void ReportDamaged(size_t index, const absl::Status& status) {
    std::lock_guard lock(mutex);
    report.damaged.emplace_back(index, WithErrorClass(status, ErrorClass::kVerification));
  }
};

// One thread's work: takes batches, keeps what a broken stream left of a chunk.
class Downloader {
 public:
  explicit Downloader(Shared* shared) : shared_(*shared) {}

  void Run() {
    rpc::Backoff backoff(shared_.channel.retries());
    while (true) {
      if (batch_.empty()) batch_ = shared_.queue.TakeBatch(kBatch);
      if (batch_.empty()) return;
      size_t before = batch_.size();
      absl::Status status = FetchBatch();
      if (batch_.size() < before) backoff.Reset();
      if (status.ok() || backoff.WaitToRetry(status)) continue;
      shared_.queue.Fail(status);
      return;
    }
  }

 private:
  // Asks for what is left of the batch; finished chunks leave `batch_`.
  absl::Status FetchBatch() {
    PLUMB_RETURN_IF_ERROR(shared_.operation.Check());
    v1::ReadChunksRequest request;
    for (size_t index : batch_) {
      v1::ChunkRange* range = request.add_ranges();
      range->mutable_chunk()->set_digest(shared_.chunks[index].digest.ToBytes());
      range->mutable_chunk()->set_size_bytes(shared_.chunks[index].size_bytes);
      range->set_offset(index == partial_index_ ? static_cast<uint32_t>(partial_.size()) : 0);
    }
    const std::vector<size_t> asked = batch_;
    grpc::ClientContext context;
    shared_.channel.Authorize(&context);
    auto reader = shared_.channel.content().ReadChunks(&context, request);
    absl::Status status;
    v1::ReadChunksResponse response;
    while (status.ok() && reader->Read(&response)) {
      status = shared_.operation.Check();
      if (status.ok()) status = HandlePiece(asked, response);
    }
    if (!status.ok()) context.TryCancel();
    absl::Status finished = rpc::FromGrpc(reader->Finish(), shared_.channel.registry());
    if (!status.ok()) return status;
    PLUMB_RETURN_IF_ERROR(finished);
    // The server ended well but left something out: only a retry is left, and not for ever.
    if (batch_.size() == asked.size()) return Unavailable("the registry ended a download early");
    return absl::OkStatus();
  }

  absl::Status HandlePiece(const std::vector<size_t>& asked, const v1::ReadChunksResponse& piece) {
    if (piece.index() >= asked.size()) return Internal("the registry sent a chunk that was not asked for");
    size_t index = asked[piece.index()];
    const ChunkRef& chunk = shared_.chunks[index];
    if (piece.status().code() != 0) {
      Done(index);
      shared_.ReportDamaged(
          index, Annotate(rpc::FromItem(piece.status()), fmt::format("registry {}", shared_.channel.registry())));
      return absl::OkStatus();
    }
    if (index != partial_index_) {
      partial_index_ = index;
      partial_.clear();
    }
    if (piece.offset() != partial_.size() || piece.data().size() > chunk.size_bytes - partial_.size()) {
      partial_.clear();
      return Internal(fmt::format("the registry sent bytes of chunk {} out of order", chunk.digest.Short()));
    }
    partial_.insert(partial_.end(), piece.data().begin(), piece.data().end());
    if (!piece.last() && partial_.size() < chunk.size_bytes) return absl::OkStatus();
    return Complete(index);
  }

  absl::Status Complete(size_t index) {
    const ChunkRef& chunk = shared_.chunks[index];
    Digest found = Sha256Of(partial_);
    if (partial_.size() == chunk.size_bytes && found == chunk.digest) {
      PLUMB_RETURN_IF_ERROR(shared_.sink(index, partial_));
      Done(index);
      return absl::OkStatus();
    }
    partial_index_ = kNone;
    if (++wrong_[index] < kTriesPerChunk) return absl::OkStatus();
    Done(index);
    shared_.ReportDamaged(
        index, DataLoss(fmt::format("registry {} sent damaged bytes: expected {} of {} bytes, found {} of {} bytes",
                                    shared_.channel.registry(), chunk.digest.ToString(), chunk.size_bytes,
                                    found.ToString(), partial_.size())));
    return absl::OkStatus();
  }

  void Done(size_t index) {
    batch_.erase(std::remove(batch_.begin(), batch_.end(), index), batch_.end());
    if (partial_index_ == index) partial_index_ = kNone;
    partial_.clear();
  }

  static constexpr size_t kNone = static_cast<size_t>(-1);

  Shared& shared_;
  std::vector<size_t> batch_;
  size_t partial_index_ = kNone;
  std::vector<uint8_t> partial_;
  std::unordered_map<size_t, int> wrong_;
};

}  // namespace

absl::StatusOr<DownloadReport> DownloadChunks(rpc::Channel& channel, std::span<const ChunkRef> chunks, int streams,
                                              const ChunkSink& sink, const Operation& operation) {
  Shared shared{channel, chunks, sink, operation, WorkQueue(chunks.size()), {}, {}};
  size_t useful = (chunks.size() + kBatch - 1) / kBatch;
  int threads =
      static_cast<int>(std::clamp<size_t>(static_cast<size_t>(std::max(1, streams)), 1, std::max<size_t>(1, useful)));
  RunOnThreads(threads, [&] { Downloader(&shared).Run(); });
  PLUMB_RETURN_IF_ERROR(shared.queue.status());
  return std::move(shared.report);
}

}  // namespace plumb::transfer
