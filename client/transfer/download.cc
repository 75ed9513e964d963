#include "client/transfer/download.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "client/transfer/chunk_decoder.h"
#include "client/transfer/download_state.h"
#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::transfer {
namespace {

// Threads that wait for the disk.
constexpr int kWriters = 2;
// Extents asked for in one call, so that a round trip is paid for that many.
constexpr size_t kExtentsPerCall = 4;

// One download: threads that fetch, decode and write.
class Downloader {
 public:
  Downloader(std::span<rpc::Channel* const> sources, std::span<const Extent> extents, ExtentSink& sink,
             const DownloadOptions& options, const Operation& operation)
      : sources_(sources),
        extents_(extents),
        sink_(sink),
        streams_(std::clamp(options.streams, 1, 64)),
        operation_(operation),
        limiter_(options.bytes_per_second),
        // Half for buffers; frames on their way take up to a quarter, and gRPC has its share.
        pool_(std::max<size_t>(2, options.memory_bytes / 2 / kExtentBytesMax), kExtentBytesMax + kAlignment),
        state_(extents, sources.size(), &pool_),
        decoder_(extents, &state_, &sink, options.memory_bytes / 4) {}

  absl::StatusOr<DownloadReport> Run() {
    std::vector<std::thread> fetching;
    std::vector<std::thread> writing;
    for (size_t source = 0; source < sources_.size(); ++source) {
      for (int i = 0; i < streams_; ++i) {
        fetchers_.push_back(std::make_unique<FrameFetcher>(*sources_[source], operation_, &limiter_));
        fetching.emplace_back([this, source, fetcher = fetchers_.back().get()] { FetchAll(source, fetcher); });
      }
    }
    for (int i = 0; i < kWriters; ++i) writing.emplace_back([this] { WriteAll(); });
    state_.WaitUntilOver();
    stopping_ = true;
    for (const auto& fetcher : fetchers_) fetcher->Stop();
    decoder_.Close();
    for (std::thread& thread : fetching) thread.join();
    for (std::thread& thread : writing) thread.join();
    decoder_.Join();
    PLUMB_RETURN_IF_ERROR(state_.status());
    DownloadReport report = state_.TakeReport();
    report.received_bytes = received_bytes_;
    for (const DownloadReport::Dropped& dropped : report.dropped) {
      operation_.Warn(fmt::format("{} was dropped, the others went on: {}", sources_[dropped.source]->registry(),
                                  Message(dropped.why)));
    }
    return report;
  }

 private:
  void FetchAll(size_t source, FrameFetcher* fetcher) {
    rpc::Backoff backoff = sources_[source]->NewBackoff(&operation_);
    size_t batch = std::clamp<size_t>(extents_.size() / static_cast<size_t>(streams_) / 2, 1, kExtentsPerCall);
    std::vector<ChunkId> ids;
    while (true) {
      // What a broken call left is asked for by the same fetcher, which may have the beginning of it.
      if (ids.empty()) ids = state_.Take(source, batch);
      if (ids.empty()) return;
      size_t came = 0;
      absl::Status status = FetchSome(source, fetcher, ids, &came);
      if (stopping_) return;
      if (came > 0) backoff.Reset();
      if (!status.ok()) status = backoff.WaitToRetry(status);
      if (state_.IsDropped(source) || !status.ok()) {
        state_.Release(source, ids);
        if (!state_.IsDropped(source)) GiveUp(source, status);
        return;
      }
    }
  }

  // Chunks that were handled leave `ids`.
  absl::Status FetchSome(size_t source, FrameFetcher* fetcher, std::vector<ChunkId>& ids, size_t* came) {
    std::vector<WantedChunk> wanted;
    for (ChunkId id : ids) {
      wanted.push_back(extents_[id.extent].chunks[id.chunk]);
      if (state_.IsAlone(id)) wanted.back().have.reset();
    }
    std::vector<bool> handled(ids.size(), false);
    auto handle = [&](size_t index, absl::StatusOr<FetchedChunk> fetched) {
      ++*came;
      handled[index] = true;
      if (state_.IsDropped(source)) return absl::CancelledError("the source was dropped");
      if (!fetched.ok()) {
        if (state_.BeginDecode(ids[index])) state_.Bad(ids[index], source, /*again=*/false, fetched.status());
        return absl::OkStatus();
      }
      received_bytes_ += fetched->bytes.size();
      decoder_.Add({ids[index], source, *std::move(fetched), sources_[source]->registry()});
      return absl::OkStatus();
    };
    absl::Status status = fetcher->Fetch(wanted, handle);
    size_t kept = 0;
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!handled[i]) ids[kept++] = ids[i];
    }
    ids.resize(kept);
    return status;
  }

  void GiveUp(size_t source, const absl::Status& status) {
    bool ours = absl::IsCancelled(status) || ErrorClassOf(status) == ErrorClass::kLocalStorage;
    if (ours || !state_.DropSource(source, status)) state_.Fail(status);
  }

  void WriteAll() {
    while (std::optional<DownloadState::Finished> done = state_.TakeFinished()) {
      const Extent& extent = extents_[done->extent];
      size_t bytes = 0;
      for (const WantedChunk& wanted : extent.chunks) bytes += wanted.chunk.size_bytes;
      const uint8_t* begin = done->buffer.get() + extent.file_offset % kAlignment;
      absl::Status status = sink_.Take(done->extent, {begin, bytes}, done->good);
      state_.Written(std::move(done->buffer));
      if (!status.ok()) state_.Fail(status);
    }
  }

  std::span<rpc::Channel* const> sources_;
  std::span<const Extent> extents_;
  ExtentSink& sink_;
  const int streams_;  // To each source.
  const Operation& operation_;
  RateLimiter limiter_;
  BufferPool pool_;
  DownloadState state_;
  ChunkDecoder decoder_;
  std::vector<std::unique_ptr<FrameFetcher>> fetchers_;
  std::atomic<uint64_t> received_bytes_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace

absl::StatusOr<DownloadReport> Download(std::span<rpc::Channel* const> sources, std::span<const Extent> extents,
                                        ExtentSink& sink, const DownloadOptions& options, const Operation& operation) {
  if (extents.empty()) return DownloadReport();
  if (sources.empty() || sources.size() > DownloadState::kSourcesMax) {
    return InvalidArgument(fmt::format("{} sources, expected 1 to {}", sources.size(), DownloadState::kSourcesMax));
  }
  return Downloader(sources, extents, sink, options, operation).Run();
}

}  // namespace plumb::transfer
