#include "plumb/content/chunk_list.h"

#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/content/merkle.h"

namespace plumb {
namespace {

ChunkRef Chunk(std::string_view bytes) { return {Sha256Of(bytes), static_cast<uint32_t>(bytes.size())}; }

TEST(ChunkListTest, EmptyFile) {
  ChunkList list;
  EXPECT_EQ(list.size(), 0u);
  EXPECT_EQ(list.file_bytes(), 0u);
  EXPECT_EQ(list.TreeRoot(), Sha256Of(""));
}

TEST(ChunkListTest, OffsetsAddUp) {
  ChunkList list;
  for (std::string_view bytes : {"a", "bc", "def"}) ASSERT_TRUE(list.Append(Chunk(bytes)).ok());
  EXPECT_EQ(list.size(), 3u);
  EXPECT_EQ(list.offset(0), 0u);
  EXPECT_EQ(list.offset(1), 1u);
  EXPECT_EQ(list.offset(2), 3u);
  EXPECT_EQ(list.file_bytes(), 6u);
  EXPECT_EQ(list.chunks()[1], Chunk("bc"));
}

TEST(ChunkListTest, LeafIsDigestThenSizeBigEndian) {
  ChunkRef chunk{Sha256Of("abc"), 0x01020304};
  std::string leaf = std::string(1, '\0') + chunk.digest.ToBytes() + std::string("\0\0\0\0\1\2\3\4", 8);
  EXPECT_EQ(ChunkLeafHash(chunk), Sha256Of(leaf));
}

TEST(ChunkListTest, RootIsThatOfTheLeaves) {
  ChunkList list;
  std::vector<Digest> leaves;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(list.Append(Chunk(std::to_string(i))).ok());
    leaves.push_back(ChunkLeafHash(list.chunks().back()));
    EXPECT_EQ(list.TreeRoot(), MerkleRoot(leaves));
  }
}

TEST(ChunkListTest, RootKnowsSizesAndOrder) {
  ChunkList ab, ba, other_size;
  ASSERT_TRUE(ab.Append(Chunk("a")).ok() && ab.Append(Chunk("b")).ok());
  ASSERT_TRUE(ba.Append(Chunk("b")).ok() && ba.Append(Chunk("a")).ok());
  ASSERT_TRUE(other_size.Append(Chunk("a")).ok() && other_size.Append({Sha256Of("b"), 2}).ok());
  EXPECT_NE(ab.TreeRoot(), ba.TreeRoot());
  EXPECT_NE(ab.TreeRoot(), other_size.TreeRoot());
}

// The worked example of docs/chunk-tree.md.
TEST(ChunkListTest, WorkedExample) {
  ChunkList list;
  ASSERT_TRUE(list.Append(Chunk("header")).ok());
  ASSERT_TRUE(list.Append(Chunk("first tensor")).ok());
  ASSERT_TRUE(list.Append(Chunk("second tensor")).ok());
  EXPECT_EQ(list.file_bytes(), 31u);
  EXPECT_EQ(list.chunks()[0].digest.ToHex(), "1e0584a25d9f43bf5cbd0aec01eb1af2220ed085b4e7f1837b0d89958cae353a");
  EXPECT_EQ(list.chunks()[1].digest.ToHex(), "1d132a510cae9155c83dc5f5271cca7dfe58ce94ad07c97de8377ca03d1890b6");
  EXPECT_EQ(list.chunks()[2].digest.ToHex(), "d0815654d44aa1353099b7cb18ed0e0d13a680bbba85846e641052265a82ed93");
  Digest leaves[3];
  for (size_t i = 0; i < 3; ++i) leaves[i] = ChunkLeafHash(list.chunks()[i]);
  EXPECT_EQ(leaves[0].ToHex(), "8636784f71d0c107184e2a00f6fa77596d450bb85c7d3a9c0357b1dfdc08054c");
  EXPECT_EQ(leaves[1].ToHex(), "c3685fcb5bbab138a0112319315219c830d2a368db5eafbb2afb3fe32956f209");
  EXPECT_EQ(leaves[2].ToHex(), "881c2df2648268b691130d9f030dc5abc1385fc76ab0c194dddee0381225ec2d");
  EXPECT_EQ(MerkleNodeHash(leaves[0], leaves[1]).ToHex(),
            "84ef4a2c7a7ecbb37df1faf60e90d049743d1eef6fa55a06b02fd1b134da0719");
  EXPECT_EQ(list.TreeRoot().ToHex(), "ca37aca5dab954bb381f39bdc34308690a79bde47bb70f107974ecf763174da7");
  EXPECT_EQ(*ProveInclusion(leaves, 2), std::vector<Digest>{MerkleNodeHash(leaves[0], leaves[1])});
}

TEST(ChunkListTest, ChunkSizesAtTheLimitsAndOnePast) {
  ChunkList list;
  EXPECT_TRUE(absl::IsInvalidArgument(list.Append({Digest(), 0})));
  EXPECT_TRUE(absl::IsInvalidArgument(list.Append({Digest(), limits::kChunkBytesMax + 1})));
  EXPECT_EQ(list.size(), 0u);
  EXPECT_TRUE(list.Append({Digest(), 1}).ok());
  EXPECT_TRUE(list.Append({Digest(), limits::kChunkBytesMax}).ok());
}

}  // namespace
}  // namespace plumb
