#include "registry/service/upload_pipeline.h"

#include <chrono>
#include <utility>

#include "plumb/base/status.h"
#include "plumb/content/multi_digest.h"
#include "spdlog/spdlog.h"

namespace plumb {
namespace {

// Bytes of received chunks that wait to be checked; more make the sender wait. Enough for a group of full speed.
constexpr uint64_t kQueuedBytesMax = 12u << 20;
// Bytes that are enough for a sync. A client holds what was not acknowledged, for all of its streams, and stops when
// that is too much.
constexpr uint64_t kSyncBytes = 6u << 20;
// How long a group waits to fill up while chunks keep coming: a full one is hashed at twice the speed.
constexpr std::chrono::milliseconds kGather(20);
// How long an answer may wait for company when nothing else is to do.
constexpr std::chrono::milliseconds kLinger(3);

uint64_t BytesOf(const UploadOutcome& outcome) {
  const auto* chunk = std::get_if<IncomingChunk>(&outcome);
  return chunk == nullptr ? 0 : chunk->bytes.size();
}

}  // namespace

UploadPipeline::UploadPipeline(Content* content, Answer answer)
    : intake_(content), answer_(std::move(answer)), checker_([this] { Check(); }), syncer_([this] { Sync(); }) {}

UploadPipeline::~UploadPipeline() { Finish(); }

bool UploadPipeline::Add(UploadOutcome outcome) {
  uint64_t bytes = BytesOf(outcome);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queued_bytes_ < kQueuedBytesMax || caller_gone_; });
  if (caller_gone_) return false;
  queue_.push_back(std::move(outcome));
  queued_bytes_ += bytes;
  changed_.notify_all();
  return true;
}

void UploadPipeline::Finish() {
  {
    std::lock_guard lock(mutex_);
    finished_ = true;
  }
  changed_.notify_all();
  if (checker_.joinable()) checker_.join();
  if (syncer_.joinable()) syncer_.join();
}

void UploadPipeline::Check() {
  while (true) {
    std::vector<UploadOutcome> group = Take();
    const bool nothing_came = group.empty();
    if (!nothing_came) Process(std::move(group));
    std::lock_guard lock(mutex_);
    idle_ = nothing_came;
    checked_ = finished_ && queue_.empty();
    changed_.notify_all();
    if (checked_) return;
  }
}

std::vector<UploadOutcome> UploadPipeline::Take() {
  std::vector<UploadOutcome> group;
  std::unique_lock lock(mutex_);
  auto ready = [this] { return !queue_.empty() || finished_; };
  if (idle_) {
    changed_.wait(lock, ready);
  } else {
    changed_.wait_for(lock, kLinger, ready);
  }
  if (!idle_ && !queue_.empty()) {
    changed_.wait_for(lock, kGather, [this] {
      return queue_.size() >= Sha256BatchSize() || queued_bytes_ >= kQueuedBytesMax || finished_;
    });
  }
  for (; !queue_.empty() && group.size() < Sha256BatchSize(); queue_.pop_front()) {
    queued_bytes_ -= BytesOf(queue_.front());
    group.push_back(std::move(queue_.front()));
  }
  changed_.notify_all();
  return group;
}

void UploadPipeline::Process(std::vector<UploadOutcome> group) {
  std::vector<IncomingChunk> chunks;
  for (UploadOutcome& outcome : group) {
    if (auto* chunk = std::get_if<IncomingChunk>(&outcome)) chunks.push_back(std::move(*chunk));
  }
  std::vector<absl::Status> statuses = intake_.Take(chunks);
  size_t next = 0;
  std::lock_guard lock(mutex_);
  for (UploadOutcome& outcome : group) {
    if (auto* response = std::get_if<v1::UploadChunksResponse>(&outcome)) {
      unsynced_.push_back(std::move(*response));
      continue;
    }
    const IncomingChunk& chunk = chunks[next];
    const absl::Status& status = statuses[next++];
    if (!status.ok()) spdlog::warn("chunk {} was not kept: {}", chunk.chunk.digest.ToHex(), Message(status));
    auto bytes = static_cast<uint32_t>(chunk.bytes.size());
    unsynced_.push_back(MakeUploadResponse(chunk.chunk.digest.ToBytes(), status, status.ok() ? bytes : 0));
    unsynced_bytes_ += bytes;
  }
}

void UploadPipeline::Sync() {
  while (true) {
    std::vector<v1::UploadChunksResponse> responses = TakeUnsynced();
    if (responses.empty()) return;
    SyncAndAnswer(std::move(responses));
  }
}

std::vector<v1::UploadChunksResponse> UploadPipeline::TakeUnsynced() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return unsynced_bytes_ >= kSyncBytes || (idle_ && !unsynced_.empty()) || checked_; });
  unsynced_bytes_ = 0;
  return std::exchange(unsynced_, {});
}

void UploadPipeline::SyncAndAnswer(std::vector<v1::UploadChunksResponse> responses) {
  absl::Status synced = intake_.Sync();
  if (!synced.ok()) spdlog::error("chunks could not be made durable: {}", Message(synced));
  for (v1::UploadChunksResponse& response : responses) {
    bool stored = response.status().code() == 0;
    if (stored && !synced.ok()) response = MakeUploadResponse(response.digest(), synced, 0);
    if (answer_(response)) continue;
    std::lock_guard lock(mutex_);
    caller_gone_ = true;
  }
  changed_.notify_all();
}

}  // namespace plumb
