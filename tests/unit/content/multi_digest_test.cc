#include "plumb/content/multi_digest.h"

#include <vector>

#include "gtest/gtest.h"
#include "plumb/base/file.h"

namespace plumb {
namespace {

TEST(MultiDigestTest, ManyAreWhatEachIsAlone) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < 40; ++i) texts.push_back(std::string(1000 * i, static_cast<char>('a' + i % 26)));
  std::vector<std::span<const uint8_t>> messages;
  for (const std::string& text : texts) messages.push_back(AsBytes(text));
  std::vector<Digest> digests(messages.size());
  Sha256Many(messages, digests);
  for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(digests[i], Sha256Of(texts[i])) << i;
}

TEST(MultiDigestTest, NoneIsNothing) { Sha256Many({}, {}); }

TEST(MultiDigestTest, BatchIsAPlausibleNumberOfLanes) {
  EXPECT_GE(Sha256BatchSize(), 1u);
  EXPECT_LE(Sha256BatchSize(), 16u);
}

TEST(MultiDigestTest, FileHasherGivesChunksAndWhole) {
  const std::string first(100'001, 'x'), second(7, 'y'), third(64, 'z');
  FileHasher hasher;
  for (const std::string* chunk : {&first, &second, &third})
    EXPECT_EQ(hasher.AddChunk(AsBytes(*chunk)), Sha256Of(*chunk));
  EXPECT_EQ(hasher.Finish(), Sha256Of(first + second + third));
  EXPECT_EQ(hasher.Finish(), Sha256Of(""));
}

TEST(MultiDigestTest, MovedFileHasherGoesOn) {
  FileHasher first;
  first.AddChunk(AsBytes("ab"));
  FileHasher second(std::move(first));
  second.AddChunk(AsBytes("c"));
  EXPECT_EQ(second.Finish(), Sha256Of("abc"));
}

}  // namespace
}  // namespace plumb
