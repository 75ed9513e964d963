// How many bytes of a new version are new, for the changes that models see (the table "Deduplication" of
// docs/performance.md, made small).
#include <algorithm>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/content/chunker.h"
#include "plumb/content/content_defined.h"
#include "plumb/content/multi_digest.h"

namespace plumb {
namespace {

using Chunks = std::vector<std::string_view>;

std::string RandomBytes(std::mt19937_64* random, size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; i += 8) {
    uint64_t value = (*random)();
    std::memcpy(bytes.data() + i, &value, std::min<size_t>(8, size - i));
  }
  return bytes;
}

// A file of a header and tensors.
struct Model {
  std::string header;
  std::vector<std::string> tensors;

  std::string Bytes() const {
    std::string bytes = header;
    for (const std::string& tensor : tensors) bytes += tensor;
    return bytes;
  }

  std::vector<ByteRange> Ranges() const {
    std::vector<ByteRange> ranges;
    uint64_t at = header.size();
    for (const std::string& tensor : tensors) {
      ranges.push_back({at, at + tensor.size()});
      at += tensor.size();
    }
    return ranges;
  }
};

Chunks CutAtTensors(std::string_view bytes, std::span<const ByteRange> tensors) {
  Chunks chunks;
  for (const PlannedChunk& chunk : PlanChunks(bytes.size(), tensors)) {
    chunks.push_back(bytes.substr(0, chunk.size_bytes));
    bytes.remove_prefix(chunk.size_bytes);
  }
  return chunks;
}

Chunks CutByContent(std::string_view bytes) {
  Chunks chunks;
  while (!bytes.empty()) {
    chunks.push_back(bytes.substr(0, CutContentDefined(AsBytes(bytes))));
    bytes.remove_prefix(chunks.back().size());
  }
  return chunks;
}

std::vector<Digest> DigestsOf(const Chunks& chunks) {
  std::vector<std::span<const uint8_t>> messages;
  for (std::string_view chunk : chunks) messages.push_back(AsBytes(chunk));
  std::vector<Digest> digests(messages.size());
  Sha256Many(messages, digests);
  return digests;
}

// The chunks of `after` that `before` has not.
Chunks NewChunks(const Chunks& before, const Chunks& after) {
  const std::vector<Digest> known = DigestsOf(before);
  const std::unordered_set<Digest> known_set(known.begin(), known.end());
  const std::vector<Digest> digests = DigestsOf(after);
  Chunks fresh;
  for (size_t i = 0; i < after.size(); ++i) {
    if (!known_set.contains(digests[i])) fresh.push_back(after[i]);
  }
  return fresh;
}

size_t Total(const Chunks& chunks) {
  size_t total = 0;
  for (std::string_view chunk : chunks) total += chunk.size();
  return total;
}

class DeduplicationTest : public testing::Test {
 protected:
  DeduplicationTest() {
    model_.header = RandomBytes(&random_, 9'000);
    for (int i = 0; i < 24; ++i) {
      model_.tensors.push_back(RandomBytes(&random_, (64u << 10) + random_() % (2u << 20)));
    }
    changed_ = model_;
  }

  Chunks NewAtTensors() {
    before_ = model_.Bytes();
    after_ = changed_.Bytes();
    return NewChunks(CutAtTensors(before_, model_.Ranges()), CutAtTensors(after_, changed_.Ranges()));
  }

  Chunks NewByContent() {
    before_ = model_.Bytes();
    after_ = changed_.Bytes();
    return NewChunks(CutByContent(before_), CutByContent(after_));
  }

  std::mt19937_64 random_{7};
  Model model_;
  Model changed_;
  std::string before_;
  std::string after_;
};

TEST_F(DeduplicationTest, LongerHeaderChangesItsChunkOnly) {
  changed_.header += RandomBytes(&random_, 777);
  EXPECT_EQ(NewAtTensors(), Chunks{changed_.header});
}

TEST_F(DeduplicationTest, OtherOrderChangesTheHeaderOnly) {
  std::shuffle(changed_.tensors.begin(), changed_.tensors.end(), random_);
  changed_.header[0] ^= 1;
  EXPECT_EQ(NewAtTensors(), Chunks{changed_.header});
}

TEST_F(DeduplicationTest, FiveMoreRowsAddAtMostOneChunkOfTheVocabulary) {
  constexpr size_t kRowBytes = 4096;
  changed_.header[0] ^= 1;
  changed_.tensors[0] += RandomBytes(&random_, 5 * kRowBytes);
  const Chunks fresh = NewAtTensors();
  ASSERT_GE(fresh.size(), 2u);
  EXPECT_EQ(fresh.front(), changed_.header);
  // The tensor's last chunk grew, and may have grown over a cut.
  const size_t last = model_.tensors[0].size() % limits::kChunkBytes + 5 * kRowBytes;
  EXPECT_EQ(Total(fresh), changed_.header.size() + last);
}

TEST_F(DeduplicationTest, ChangedTensorsAreNewAndNoOthers) {
  for (size_t i : {3, 11}) {
    for (char& byte : changed_.tensors[i]) byte = static_cast<char>(byte ^ 1);
  }
  EXPECT_EQ(Total(NewAtTensors()), changed_.tensors[3].size() + changed_.tensors[11].size());
}

TEST_F(DeduplicationTest, SmallTensorsShareTheFateOfTheirRun) {
  model_.tensors.insert(model_.tensors.begin() + 5, {std::string(100, 'a'), std::string(200, 'b')});
  changed_ = model_;
  changed_.tensors[6][0] ^= 1;
  EXPECT_EQ(Total(NewAtTensors()), 300u);
}

TEST_F(DeduplicationTest, BytesPutInNearTheFrontChangeFewContentDefinedChunks) {
  changed_.header.insert(100, "a few bytes more");
  const Chunks fresh = NewByContent();
  EXPECT_GE(fresh.size(), 1u);
  EXPECT_LE(fresh.size(), 3u);
}

TEST_F(DeduplicationTest, BytesTakenOutInTheMiddleChangeFewContentDefinedChunks) {
  changed_.tensors[12].erase(1000, 5);
  EXPECT_LE(NewByContent().size(), 3u);
}

TEST_F(DeduplicationTest, OtherOrderChangesContentDefinedChunksAtTheSeamsOnly) {
  std::rotate(changed_.tensors.begin(), changed_.tensors.begin() + 10, changed_.tensors.end());
  EXPECT_LE(NewByContent().size(), 9u);
}

}  // namespace
}  // namespace plumb
