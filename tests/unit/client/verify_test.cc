#include <gtest/gtest.h>
#include <unistd.h>

#include "client/library/folder_record.h"
#include "plumb/base/status.h"
#include "plumb/client/release_folder.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/client/test_files.h"

namespace plumb {
namespace {

using Ranges = std::vector<std::pair<uint64_t, uint64_t>>;
using testing::RandomBytes;

constexpr uint64_t kMiB = 1 << 20;

class VerifyTest : public ::testing::Test {
 protected:
  VerifyTest() { Record(testing::FileOf("model.bin", content_)); }

  // A pulled folder with the one file.
  void Record(const v1::File& file) {
    v1::Manifest manifest;
    manifest.set_schema_version(1);
    manifest.set_model("lab/tiny");
    manifest.set_version("v1");
    manifest.set_kind(v1::KIND_WEIGHTS);
    *manifest.add_files() = file;
    ASSERT_TRUE(WriteRecord(folder_, *BuildManifest(manifest), {file.path()}).ok());
    ASSERT_TRUE(SaveChunkList(folder_, testing::ChunksOf(content_)).ok());
    testing::Write(Path(), content_);
  }
  std::string Path() const { return scratch_.path() + "/model.bin"; }
  FileVerdict Verify(const VerifyOptions& options = {}) {
    auto result = VerifyFolder(scratch_.path(), {}, options);
    EXPECT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->ok, result->files.at(0).ok);
    return result->files.at(0);
  }

  ScratchFolder scratch_;
  Directory folder_ = *Directory::Open(scratch_.path());
  std::string content_ = RandomBytes(5'500'000, 4);
};

TEST_F(VerifyTest, AnIntactFileIsOk) {
  for (bool whole : {false, true}) {
    FileVerdict verdict = Verify({.whole_sha256 = whole});
    EXPECT_TRUE(verdict.ok) << verdict.message;
    EXPECT_TRUE(verdict.present && verdict.bad_ranges.empty() && verdict.message.empty());
  }
}

TEST_F(VerifyTest, NeighbouringBadChunksAreOneRange) {
  for (uint64_t at : {uint64_t{0}, 2 * kMiB + 5, 4 * kMiB - 1}) content_[at] ^= 1;
  testing::Write(Path(), content_);
  for (bool whole : {false, true}) {
    FileVerdict verdict = Verify({.whole_sha256 = whole});
    EXPECT_EQ(verdict.bad_ranges, (Ranges{{0, kMiB}, {2 * kMiB, 4 * kMiB}}));
    EXPECT_EQ(verdict.message, "2 byte range(s) differ");
  }
}

TEST_F(VerifyTest, AShorterAndALongerFileAreNamed) {
  ASSERT_EQ(::truncate(Path().c_str(), 3 * kMiB + 1), 0);
  EXPECT_EQ(Verify().bad_ranges, (Ranges{{3 * kMiB, content_.size()}}));
  testing::Write(Path(), content_ + "more");
  FileVerdict longer = Verify();
  EXPECT_EQ(longer.bad_ranges, (Ranges{{content_.size(), content_.size() + 4}}));
  EXPECT_EQ(longer.message, "expected 5500000 bytes, found 5500004");
}

TEST_F(VerifyTest, AMissingFileIsAllWrong) {
  ASSERT_EQ(::unlink(Path().c_str()), 0);
  FileVerdict verdict = Verify();
  EXPECT_FALSE(verdict.present);
  EXPECT_EQ(verdict.bad_ranges, (Ranges{{0, content_.size()}}));
}

TEST_F(VerifyTest, AWrongWholeFileHashIsFoundWhenAskedFor) {
  v1::File file = testing::FileOf("model.bin", content_);
  file.set_sha256(Sha256Of("something else").ToBytes());
  Record(file);
  EXPECT_TRUE(Verify().ok);
  FileVerdict verdict = Verify({.whole_sha256 = true});
  EXPECT_FALSE(verdict.ok);
  EXPECT_EQ(verdict.bad_ranges, (Ranges{{0, content_.size()}}));
  EXPECT_EQ(verdict.message, "the file's SHA-256 is not the one in the manifest");
}

TEST_F(VerifyTest, ProgressEndsAtTheTotalEvenForAShortFile) {
  ASSERT_EQ(::truncate(Path().c_str(), kMiB), 0);
  uint64_t last = 0, total = 0;
  Operation operation{.progress = [&](const Progress& progress) {
    EXPECT_GE(progress.done_bytes, last);
    last = progress.done_bytes;
    total = progress.total_bytes;
  }};
  ASSERT_TRUE(VerifyFolder(scratch_.path(), operation).ok());
  EXPECT_EQ(last, content_.size());
  EXPECT_EQ(total, content_.size());
}

TEST_F(VerifyTest, CancellationEndsIt) {
  Cancellation cancellation;
  cancellation.Cancel();
  EXPECT_TRUE(absl::IsCancelled(VerifyFolder(scratch_.path(), {.cancellation = &cancellation}).status()));
}

}  // namespace
}  // namespace plumb
