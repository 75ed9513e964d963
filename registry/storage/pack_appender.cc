#include "registry/storage/pack_appender.h"

#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "spdlog/spdlog.h"

namespace plumb {

absl::StatusOr<PackWriter*> PackAppender::WriterFor(size_t frame_bytes) {
  if (open_ != nullptr && !open_->HasRoomFor(frame_bytes, pack_bytes_)) full_.push_back(std::exchange(open_, nullptr));
  if (open_ == nullptr) {
    uint32_t pack = TakeNumber();
    PLUMB_ASSIGN_OR_RETURN(open_, PackWriter::Create(pack, folder_.PathOf(pack)));
    has_new_files_ = true;
  }
  return open_.get();
}

absl::StatusOr<PackAppender::Ticket> PackAppender::Put(const Digest& digest, const FrameHeader& header, uint32_t depth,
                                                       std::span<const uint8_t> frame) {
  ChunkIndex::NewChunk chunk{.digest = digest,
                             .entry = {.at = {.frame_bytes = static_cast<uint32_t>(frame.size())},
                                       .plain_bytes = header.plain_bytes,
                                       .touched = clock_(),
                                       .base = header.base,
                                       .depth = depth}};
  last_put_ = std::chrono::steady_clock::now();
  std::lock_guard lock(mutex_);
  if (auto known = tickets_.find(digest); known != tickets_.end()) {
    if (header.base.has_value()) pins_.Unpin(*header.base);
    return known->second;
  }
  absl::StatusOr<PackWriter*> writer = WriterFor(frame.size());
  absl::StatusOr<uint32_t> offset =
      writer.ok() ? (*writer)->Append(digest, header, frame) : absl::StatusOr<uint32_t>(writer.status());
  if (!offset.ok()) {
    if (header.base.has_value()) pins_.Unpin(*header.base);
    return Annotate(offset.status(), fmt::format("keep chunk {}", digest.ToHex()));
  }
  chunk.entry.at.pack = (*writer)->pack();
  chunk.entry.at.offset = *offset;
  if (dirty_.empty() || dirty_.back() != open_) dirty_.push_back(open_);
  pending_.push_back(std::move(chunk));
  tickets_[digest] = ++newest_;
  return newest_;
}

absl::Status PackAppender::Sync(Ticket ticket) {
  std::unique_lock lock(mutex_);
  while (true) {
    if (ticket <= failed_through_ && ticket > 0) return failure_;
    if (ticket <= done_through_) return absl::OkStatus();
    if (!syncing_) break;
    changed_.wait(lock);
  }
  syncing_ = true;
  RunSync(&lock);
  syncing_ = false;
  changed_.notify_all();
  return ticket <= failed_through_ ? failure_ : absl::OkStatus();
}

void PackAppender::RunSync(std::unique_lock<std::mutex>* lock) {
  Ticket through = newest_;
  absl::StatusOr<Batch> batch = TakeBatch();
  absl::Status status = batch.status();
  bool disk_failed = false;
  if (status.ok()) {
    lock->unlock();
    status = SyncFiles(*batch);
    disk_failed = !status.ok();
    if (status.ok()) status = index_.Add(batch->chunks, batch->extents).status();
    if (status.ok()) SealFull(*batch);
    lock->lock();
    for (const ChunkIndex::NewChunk& chunk : batch->chunks) Forget(chunk);
  }
  if (disk_failed || !batch.ok()) {
    // What was written since is in the same files, and the kernel no longer says what of them is on the disk.
    through = newest_;
    GiveUp();
  }
  done_through_ = std::max(done_through_, through);
  if (status.ok()) return;
  failed_through_ = through;
  failure_ = Annotate(status, "chunks were not made durable");
}

absl::StatusOr<PackAppender::Batch> PackAppender::TakeBatch() {
  Batch batch;
  for (const std::shared_ptr<PackWriter>& writer : dirty_) {
    PLUMB_RETURN_IF_ERROR(writer->EndBatch());
    batch.extents.push_back(
        {.pack = writer->pack(), .file_bytes = writer->file_bytes(), .frame_bytes = writer->frame_bytes()});
  }
  batch.writers = std::exchange(dirty_, {});
  batch.full = std::exchange(full_, {});
  batch.chunks = std::exchange(pending_, {});
  batch.has_new_files = std::exchange(has_new_files_, false);
  return batch;
}

absl::Status PackAppender::SyncFiles(const Batch& batch) const {
  for (const std::shared_ptr<PackWriter>& writer : batch.writers) PLUMB_RETURN_IF_ERROR(writer->Sync());
  return batch.has_new_files ? SyncDirectory(folder_.path()) : absl::OkStatus();
}

void PackAppender::SealFull(const Batch& batch) {
  for (const std::shared_ptr<PackWriter>& writer : batch.full) {
    absl::Status status = writer->Seal();
    if (status.ok()) {
      ChunkIndex::Extent extent{.pack = writer->pack(),
                                .file_bytes = writer->file_bytes(),
                                .frame_bytes = writer->frame_bytes(),
                                .sealed = true};
      status = index_.Add({}, {&extent, 1}).status();
    }
    // The next start seals it; until then it is read all the same.
    if (!status.ok()) spdlog::error("pack {:08x} was not sealed: {}", writer->pack(), Message(status));
  }
}

void PackAppender::GiveUp() {
  for (const ChunkIndex::NewChunk& chunk : pending_) Forget(chunk);
  pending_.clear();
  dirty_.clear();
  full_.clear();
  open_.reset();
}

void PackAppender::Forget(const ChunkIndex::NewChunk& chunk) {
  if (chunk.entry.base.has_value()) pins_.Unpin(*chunk.entry.base);
  tickets_.erase(chunk.digest);
}

absl::Status PackAppender::Roll() {
  Ticket ticket = 0;
  {
    std::lock_guard lock(mutex_);
    if (open_ == nullptr) return absl::OkStatus();
    full_.push_back(std::exchange(open_, nullptr));
    ticket = ++newest_;
  }
  return Sync(ticket);
}

}  // namespace plumb
