#include "client/transfer/upload_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace plumb::transfer {
namespace {

OutgoingChunk ChunkOf(size_t bytes) {
  return {.chunk = {Sha256Of(std::to_string(bytes)), static_cast<uint32_t>(bytes)},
          .frame = std::make_shared<const std::vector<uint8_t>>(bytes),
          .similar = std::nullopt,
          .elements = ElementKind::kBytes};
}

TEST(UploadQueueTest, GivesInOrderAndPutsBackToTheFront) {
  UploadQueue queue(100);
  for (size_t size : {1, 2, 3}) ASSERT_TRUE(queue.Push(ChunkOf(size)).ok());
  OutgoingChunk first = *queue.Pop();
  EXPECT_EQ(first.frame->size(), 1u);
  queue.PutBack(first);
  EXPECT_EQ(queue.Pop()->frame->size(), 1u);
  EXPECT_EQ(queue.Pop()->frame->size(), 2u);
}

TEST(UploadQueueTest, WaitsForRoomUntilAnAcknowledgement) {
  UploadQueue queue(10);
  ASSERT_TRUE(queue.Push(ChunkOf(8)).ok());
  OutgoingChunk sent = *queue.Pop();
  std::atomic<bool> pushed = false;
  std::thread pusher([&] {
    EXPECT_TRUE(queue.Push(ChunkOf(5)).ok());
    pushed = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(pushed);  // What was sent and not acknowledged still takes room.
  queue.Acknowledge(sent);
  pusher.join();
  EXPECT_TRUE(pushed);
}

TEST(UploadQueueTest, AChunkLargerThanTheBoundPassesAlone) {
  UploadQueue queue(10);
  EXPECT_TRUE(queue.Push(ChunkOf(50)).ok());
}

TEST(UploadQueueTest, TheLastPopWaitsForWhatOthersMayPutBack) {
  UploadQueue queue(10);
  ASSERT_TRUE(queue.Push(ChunkOf(5)).ok());
  OutgoingChunk sent = *queue.Pop();
  queue.Close();
  std::optional<OutgoingChunk> again;
  std::thread other([&] { again = queue.Pop(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  queue.PutBack(sent);
  other.join();
  ASSERT_TRUE(again.has_value());
  queue.Acknowledge(*again);
  EXPECT_FALSE(queue.Pop().has_value());
}

TEST(UploadQueueTest, AFailureEndsEverything) {
  UploadQueue queue(10);
  ASSERT_TRUE(queue.Push(ChunkOf(8)).ok());
  absl::Status pushed;
  std::thread pusher([&] { pushed = queue.Push(ChunkOf(8)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  queue.Fail(absl::UnavailableError("first"));
  queue.Fail(absl::InternalError("second"));
  pusher.join();
  EXPECT_TRUE(absl::IsUnavailable(pushed));
  EXPECT_FALSE(queue.Pop().has_value());
  EXPECT_TRUE(absl::IsUnavailable(queue.status()));
}

}  // namespace
}  // namespace plumb::transfer
