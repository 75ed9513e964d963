#include "client/library/direct_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

#include "client/transfer/buffer_pool.h"
#include "plumb/base/directory.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/client/test_files.h"

namespace plumb {
namespace {

// Pieces of every kind of position and length, at addresses that suit direct writing and at others.
TEST(DirectFileTest, AnyPiecesGiveTheFile) {
  ScratchFolder scratch;
  Directory folder = *Directory::Open(scratch.path());
  std::string content = testing::RandomBytes(9'000'001, 5);
  std::mt19937 random(1);
  for (bool aligned : {true, false}) {
    std::string name = aligned ? "aligned" : "other";
    auto fd = folder.OpenForWriting(name);
    ASSERT_TRUE(fd.ok());
    ASSERT_EQ(::ftruncate(fd->get(), static_cast<off_t>(content.size())), 0);
    DirectFile file(*std::move(fd), content.size(), name);
    transfer::BufferPool pool(1, 5u << 20);
    for (size_t at = 0; at < content.size();) {
      size_t size =
          std::min<size_t>(random() % 3 == 0 ? random() % 5000 + 1 : random() % 4'000'000 + 1, content.size() - at);
      transfer::AlignedBytes buffer = pool.Take();
      uint8_t* begin = buffer.get() + (aligned ? at % transfer::kAlignment : (at + 1) % transfer::kAlignment);
      std::copy_n(content.begin() + static_cast<ptrdiff_t>(at), size, begin);
      ASSERT_TRUE(file.Write({begin, size}, at).ok());
      pool.Return(std::move(buffer));
      at += size;
    }
    ASSERT_TRUE(file.Sync().ok());
    ASSERT_TRUE(file.Close().ok());
    EXPECT_EQ(*ReadFile(scratch.path() + "/" + name, content.size()), content);
  }
}

}  // namespace
}  // namespace plumb
