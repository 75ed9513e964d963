#include "registry/storage/chunk_store.h"

#include <set>

#include "registry/storage/data_directory.h"
#include "registry/storage/disk_chunk_store.h"
#include "registry/storage/partial_uploads.h"
#include "tests/unit/registry/testing.h"

namespace plumb {
namespace {

using testing_support::ManualClock;
using testing_support::Overwrite;
using testing_support::TemporaryFolder;

class DiskChunkStoreTest : public ::testing::Test {
 protected:
  DiskChunkStoreTest() { Reopen(); }
  void Reopen(uint64_t reserve = 0) {
    store_.reset();
    auto opened = DiskChunkStore::New(folder_.Join("chunks"), reserve, clock_.AsClock());
    ASSERT_OK(opened);
    store_ = *std::move(opened);
  }
  std::string PathOf(const Digest& digest) const {
    return folder_.Join("chunks/" + digest.ToHex().substr(0, 2) + "/" + digest.ToHex());
  }
  Digest Put(const std::string& bytes) {
    Digest digest = Sha256Of(bytes);
    EXPECT_OK(store_->Put(digest, AsBytes(bytes)));
    return digest;
  }
  std::string Read(const Digest& digest, uint32_t offset, size_t size) {
    std::string bytes(size, '\0');
    absl::Status status = store_->Read(digest, offset, {reinterpret_cast<uint8_t*>(bytes.data()), size});
    return status.ok() ? bytes : "error";
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<DiskChunkStore> store_;
};

TEST_F(DiskChunkStoreTest, UnknownChunkIsNotThere) {
  Digest digest = Sha256Of("x");
  EXPECT_FALSE(store_->Find(digest)->has_value());
  EXPECT_FALSE(store_->Touch(digest)->has_value());
  std::vector<uint8_t> out(1);
  EXPECT_TRUE(absl::IsNotFound(store_->Read(digest, 0, out)));
  EXPECT_OK(store_->Remove(digest));
  EXPECT_OK(store_->Quarantine(digest));
}

TEST_F(DiskChunkStoreTest, WhatWasPutIsReadWholeAndInPart) {
  Digest digest = Put("hello world");
  EXPECT_EQ((*store_->Find(digest))->size_bytes, 11u);
  EXPECT_EQ(Read(digest, 0, 11), "hello world");
  EXPECT_EQ(Read(digest, 6, 5), "world");
}

TEST_F(DiskChunkStoreTest, ReadingPastTheEndIsDataLoss) {
  Digest digest = Put("hello");
  std::vector<uint8_t> out(6);
  EXPECT_TRUE(absl::IsDataLoss(store_->Read(digest, 0, out)));
}

TEST_F(DiskChunkStoreTest, ChunksOutliveTheStore) {
  Digest digest = Put("hello");
  Reopen();
  EXPECT_EQ(Read(digest, 0, 5), "hello");
}

TEST_F(DiskChunkStoreTest, PuttingAgainReplacesADamagedFile) {
  Digest digest = Put("hello");
  Overwrite(PathOf(digest), "");
  Put("hello");
  EXPECT_EQ(Read(digest, 0, 5), "hello");
}

TEST_F(DiskChunkStoreTest, PutAndTouchRenewTheTime) {
  Digest digest = Put("hello");
  TimePoint first = (*store_->Find(digest))->touched;
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ((*store_->Find(digest))->touched, first);
  EXPECT_EQ((*store_->Touch(digest))->touched - first, std::chrono::hours(1));
  clock_.Advance(std::chrono::hours(1));
  Put("hello");
  EXPECT_EQ((*store_->Find(digest))->touched - first, std::chrono::hours(2));
}

TEST_F(DiskChunkStoreTest, RemovedChunkIsGone) {
  Digest digest = Put("hello");
  EXPECT_OK(store_->Remove(digest));
  EXPECT_FALSE(store_->Find(digest)->has_value());
}

TEST_F(DiskChunkStoreTest, QuarantinedChunkIsGoneButNotDeleted) {
  Digest digest = Put("hello");
  EXPECT_OK(store_->Quarantine(digest));
  EXPECT_FALSE(store_->Find(digest)->has_value());
  EXPECT_TRUE(std::filesystem::exists(folder_.Join("chunks/quarantine/" + digest.ToHex())));
}

TEST_F(DiskChunkStoreTest, ForEachSeesEveryChunkInOrderAndNothingElse) {
  std::set<Digest> expected;
  for (int i = 0; i < 50; ++i) expected.insert(Put("chunk " + std::to_string(i)));
  std::filesystem::create_directory(folder_.Join("chunks/00"));
  Overwrite(folder_.Join("chunks/00/README"), "not a chunk");
  std::vector<Digest> seen;
  EXPECT_OK(store_->ForEach([&](const Digest& digest, const ChunkInfo&) {
    seen.push_back(digest);
    return absl::OkStatus();
  }));
  EXPECT_EQ(seen, std::vector<Digest>(expected.begin(), expected.end()));
}

TEST_F(DiskChunkStoreTest, ForEachEndsWithTheVisitorsError) {
  Put("a");
  EXPECT_TRUE(absl::IsCancelled(
      store_->ForEach([](const Digest&, const ChunkInfo&) { return absl::CancelledError("enough"); })));
}

TEST_F(DiskChunkStoreTest, HalfWrittenFilesOfACrashVanishAtTheNextStart) {
  Overwrite(folder_.Join("chunks/temporary/7"), "half a chu");
  Reopen();
  EXPECT_TRUE(std::filesystem::is_empty(folder_.Join("chunks/temporary")));
}

TEST_F(DiskChunkStoreTest, SizeOfADamagedFileIsToldAsItIs) {
  Digest digest = Put("hello");
  Overwrite(PathOf(digest), "hell");
  EXPECT_EQ((*store_->Find(digest))->size_bytes, 4u);
}

class PartialUploadsTest : public ::testing::Test {
 protected:
  PartialUploadsTest() { Reopen({}); }
  void Reopen(PartialUploads::Bounds bounds) {
    uploads_.reset();
    auto opened = PartialUploads::New(folder_.Join("uploads"), bounds, clock_.AsClock());
    ASSERT_OK(opened);
    uploads_ = *std::move(opened);
  }
  void Keep(const std::string& name, const std::string& bytes) {
    EXPECT_OK(uploads_->Keep(Sha256Of(name), AsBytes(bytes)));
  }
  uint32_t Kept(const std::string& name) { return uploads_->KeptBytes(Sha256Of(name)); }

  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<PartialUploads> uploads_;
};

TEST_F(PartialUploadsTest, KeepsAndGivesBack) {
  Keep("a", "half");
  EXPECT_EQ(Kept("a"), 4u);
  auto bytes = uploads_->Load(Sha256Of("a"));
  EXPECT_EQ(std::string(bytes->begin(), bytes->end()), "half");
  EXPECT_EQ(Kept("b"), 0u);
  EXPECT_TRUE(uploads_->Load(Sha256Of("b"))->empty());
}

TEST_F(PartialUploadsTest, LaterBytesReplaceEarlierOnes) {
  Keep("a", "half");
  Keep("a", "longer half");
  EXPECT_EQ(Kept("a"), 11u);
}

TEST_F(PartialUploadsTest, SurvivesAReopen) {
  Keep("a", "half");
  Reopen({});
  EXPECT_EQ(Kept("a"), 4u);
}

TEST_F(PartialUploadsTest, DroppedIsForgotten) {
  Keep("a", "half");
  uploads_->Drop(Sha256Of("a"));
  EXPECT_EQ(Kept("a"), 0u);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.Join("uploads")));
}

TEST_F(PartialUploadsTest, OldestGivesWayAtTheCount) {
  Reopen({.count_max = 2});
  Keep("a", "1");
  clock_.Advance(std::chrono::seconds(1));
  Keep("b", "1");
  clock_.Advance(std::chrono::seconds(1));
  Keep("c", "1");
  EXPECT_EQ(Kept("a"), 0u);
  EXPECT_EQ(Kept("b"), 1u);
  EXPECT_EQ(Kept("c"), 1u);
}

TEST_F(PartialUploadsTest, OldestGivesWayAtTheBytes) {
  Reopen({.bytes_max = 10});
  Keep("a", "123456");
  clock_.Advance(std::chrono::seconds(1));
  Keep("b", "1234");
  EXPECT_EQ(Kept("a"), 6u);
  clock_.Advance(std::chrono::seconds(1));
  Keep("c", "1");
  EXPECT_EQ(Kept("a"), 0u);
  EXPECT_EQ(Kept("b"), 4u);
}

TEST_F(PartialUploadsTest, OldOnesAreDropped) {
  Reopen({.age_max = std::chrono::hours(1)});
  Keep("a", "1");
  clock_.Advance(std::chrono::minutes(59));
  EXPECT_EQ(uploads_->DropOld(), 0u);
  clock_.Advance(std::chrono::minutes(2));
  EXPECT_EQ(uploads_->DropOld(), 1u);
  EXPECT_EQ(Kept("a"), 0u);
}

TEST_F(PartialUploadsTest, StrangeFilesAreRemovedAtStart) {
  Overwrite(folder_.Join("uploads/x.tmp"), "left by a crash");
  Reopen({});
  EXPECT_TRUE(std::filesystem::is_empty(folder_.Join("uploads")));
}

TEST(DataDirectoryTest, MakesTheFolderAndHoldsItAlone) {
  TemporaryFolder folder;
  auto first = DataDirectory::Open(folder.Join("a/b"));
  ASSERT_OK(first);
  EXPECT_EQ(first->Join("x"), folder.Join("a/b/x"));
  auto second = DataDirectory::Open(folder.Join("a/b"));
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status()));
  EXPECT_EQ(ErrorClassOf(second.status()), ErrorClass::kLocalStorage);
  EXPECT_NE(Message(second.status()).find(std::to_string(::getpid())), std::string_view::npos);
}

TEST(DataDirectoryTest, IsFreeAgainAfterwards) {
  TemporaryFolder folder;
  ASSERT_OK(DataDirectory::Open(folder.Join("a")));
  EXPECT_OK(DataDirectory::Open(folder.Join("a")));
}

}  // namespace
}  // namespace plumb
