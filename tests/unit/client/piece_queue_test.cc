#include "client/library/piece_queue.h"

#include <atomic>
#include <thread>

#include "gtest/gtest.h"

namespace plumb {
namespace {

constexpr size_t kBufferBytes = 4096;

class PieceQueueTest : public testing::Test {
 protected:
  absl::Status Put(uint32_t size) { return queue_.Put({.bytes = queue_.Buffer(), .size_bytes = size}); }

  transfer::BufferPool pool_{4, kBufferBytes};
  PieceQueue queue_{&pool_, 2};
};

TEST_F(PieceQueueTest, PiecesComeInTheirOrderAndThenTheStatus) {
  ASSERT_TRUE(Put(1).ok());
  ASSERT_TRUE(Put(2).ok());
  queue_.Close(absl::DataLossError("the disk"));
  for (uint32_t size : {1u, 2u}) {
    auto piece = queue_.Take();
    ASSERT_TRUE(piece.has_value());
    EXPECT_EQ(piece->size_bytes, size);
    pool_.Return(std::move(piece->bytes));
  }
  EXPECT_FALSE(queue_.Take().has_value());
  EXPECT_TRUE(absl::IsDataLoss(queue_.status()));
}

TEST_F(PieceQueueTest, AFullQueueMakesTheReaderWait) {
  std::atomic<int> put = 0;
  std::jthread reader([&] {
    for (uint32_t size = 1; size <= 20; ++size, ++put) ASSERT_TRUE(Put(size).ok());
    queue_.Close(absl::OkStatus());
  });
  int taken = 0;
  while (auto piece = queue_.Take()) {
    EXPECT_EQ(piece->size_bytes, static_cast<uint32_t>(++taken));
    EXPECT_LE(put - taken, 3);
    pool_.Return(std::move(piece->bytes));
  }
  EXPECT_EQ(taken, 20);
  EXPECT_TRUE(queue_.status().ok());
}

TEST_F(PieceQueueTest, NobodyTakesAnyMoreAndAllBuffersGoBack) {
  ASSERT_TRUE(Put(1).ok());
  ASSERT_TRUE(Put(1).ok());
  std::jthread reader([&] { EXPECT_TRUE(absl::IsCancelled(Put(1))); });
  queue_.Abandon();
  reader.join();
  for (int i = 0; i < 4; ++i) {
    transfer::AlignedBytes buffer = pool_.TryTake();
    EXPECT_NE(buffer, nullptr);
  }
  EXPECT_EQ(pool_.TryTake(), nullptr);
}

}  // namespace
}  // namespace plumb
