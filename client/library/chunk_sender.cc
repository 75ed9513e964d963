#include "client/library/chunk_sender.h"

#include <utility>

#include "client/rpc/channel.h"
#include "plumb/base/status.h"

namespace plumb {

absl::Status ChunkSender::Send(std::vector<Task> batch) {
  std::vector<Task> fresh;
  {
    std::lock_guard lock(mutex_);
    for (Task& task : batch) {
      if (seen_.insert(task.chunk.chunk.digest).second) {
        fresh.push_back(std::move(task));
      } else {
        pool_.Return(std::move(task.chunk.bytes));
      }
    }
  }
  std::unique_ptr<FrameEncoder> encoder = TakeEncoder();
  absl::Status status = SendMissing(fresh, encoder.get());
  for (Task& task : fresh) {
    if (task.chunk.bytes != nullptr) pool_.Return(std::move(task.chunk.bytes));
  }
  std::lock_guard lock(mutex_);
  encoders_.push_back(std::move(encoder));
  return status;
}

std::unique_ptr<FrameEncoder> ChunkSender::TakeEncoder() {
  std::lock_guard lock(mutex_);
  if (encoders_.empty()) return std::make_unique<FrameEncoder>();
  std::unique_ptr<FrameEncoder> encoder = std::move(encoders_.back());
  encoders_.pop_back();
  return encoder;
}

absl::Status ChunkSender::SendMissing(std::vector<Task>& batch, FrameEncoder* encoder) {
  std::vector<ChunkRef> chunks;
  for (const Task& task : batch) chunks.push_back(task.chunk.chunk);
  PLUMB_ASSIGN_OR_RETURN(
      std::vector<size_t> missing,
      transfer::FindMissingChunks(connection_.channel(), chunks, connection_.capabilities().batch_items_max()));
  for (size_t index : missing) {
    Task& task = batch[index];
    std::vector<uint8_t> frame =
        encoder->EncodeToKeep({task.chunk.bytes.get(), task.chunk.chunk.size_bytes}, task.elements);
    pool_.Return(std::move(task.chunk.bytes));
    PLUMB_RETURN_IF_ERROR(uploader_.Add({.chunk = task.chunk.chunk,
                                         .frame = std::make_shared<const std::vector<uint8_t>>(std::move(frame)),
                                         .similar = task.similar,
                                         .elements = task.elements}));
  }
  return absl::OkStatus();
}

}  // namespace plumb
