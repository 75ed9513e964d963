#include "client/library/similar_chunks.h"

#include <gtest/gtest.h>

#include "tests/unit/client/test_files.h"

namespace plumb {
namespace {

v1::Tensor TensorAt(const std::string& name, uint64_t begin, uint64_t end) {
  v1::Tensor tensor;
  tensor.set_name(name);
  tensor.set_dtype("BF16");
  tensor.set_begin(begin);
  tensor.set_end(end);
  return tensor;
}

ChunkList ListOf(const std::vector<uint32_t>& sizes) {
  ChunkList list;
  for (uint32_t size : sizes) {
    EXPECT_TRUE(list.Append({Sha256Of("chunk " + std::to_string(list.size())), size}).ok());
  }
  return list;
}

class SimilarChunksTest : public ::testing::Test {
 protected:
  SimilarChunksTest() {
    // A header of 100 bytes with the small tensor behind it, then one tensor in two chunks.
    *file_.add_tensors() = TensorAt("small", 100, 120);
    *file_.add_tensors() = TensorAt("large", 120, 320);
    list_ = ListOf({120, 150, 50});
    similar_.AddFile(file_, list_, 7);
  }

  v1::File file_;
  ChunkList list_;
  SimilarChunks similar_;
};

TEST_F(SimilarChunksTest, TheSamePlaceOfTheSameTensorIsFoundWhereverItStands) {
  // Another order, another header.
  std::vector<v1::Tensor> tensors = {TensorAt("large", 64, 264), TensorAt("small", 264, 284)};
  auto first = similar_.Find(tensors, 64, 150);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->digest, list_.chunks()[1].digest);
  EXPECT_EQ(first->file, 7u);
  EXPECT_EQ(first->offset, 120u);
  EXPECT_EQ(similar_.Find(tensors, 214, 50)->digest, list_.chunks()[2].digest);
}

TEST_F(SimilarChunksTest, AChunkWithTheHeaderIsFoundByItsFirstTensor) {
  std::vector<v1::Tensor> tensors = {TensorAt("small", 100, 120), TensorAt("large", 120, 320)};
  EXPECT_EQ(similar_.Find(tensors, 0, 120)->digest, list_.chunks()[0].digest);
}

TEST_F(SimilarChunksTest, AnotherSizePlaceOrTensorIsNotSimilar) {
  std::vector<v1::Tensor> tensors = {TensorAt("large", 64, 264), TensorAt("other", 264, 464)};
  EXPECT_FALSE(similar_.Find(tensors, 64, 151).has_value());
  EXPECT_FALSE(similar_.Find(tensors, 65, 150).has_value());
  EXPECT_FALSE(similar_.Find(tensors, 264, 150).has_value());
  EXPECT_FALSE(similar_.Find(tensors, 464, 150).has_value());
  EXPECT_FALSE(similar_.Find({}, 0, 120).has_value());
}

TEST(TensorOfChunkTest, TheOneItStartsInElseTheFirstInside) {
  std::vector<v1::Tensor> tensors = {TensorAt("a", 10, 20), TensorAt("b", 20, 40)};
  EXPECT_EQ(TensorOfChunk(tensors, 0, 10), std::nullopt);
  EXPECT_EQ(TensorOfChunk(tensors, 0, 11), 0u);
  EXPECT_EQ(TensorOfChunk(tensors, 15, 10), 0u);
  EXPECT_EQ(TensorOfChunk(tensors, 20, 5), 1u);
  EXPECT_EQ(TensorOfChunk(tensors, 40, 5), std::nullopt);
}

}  // namespace
}  // namespace plumb
