// The parts of a data folder that are no packs: the lock and uploads that broke.
#include "registry/storage/data_directory.h"
#include "registry/storage/partial_uploads.h"
#include "tests/unit/registry/testing.h"

namespace plumb {
namespace {

using testing_support::ManualClock;
using testing_support::Overwrite;
using testing_support::TemporaryFolder;

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
    EXPECT_OK(uploads_->Keep({Sha256Of(name)}, AsBytes(bytes)));
  }
  uint32_t Kept(const std::string& name) { return uploads_->KeptBytes({Sha256Of(name)}); }

  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<PartialUploads> uploads_;
};

TEST_F(PartialUploadsTest, KeepsAndGivesBack) {
  Keep("a", "half");
  EXPECT_EQ(Kept("a"), 4u);
  auto bytes = uploads_->Load({Sha256Of("a")});
  EXPECT_EQ(std::string(bytes->begin(), bytes->end()), "half");
  EXPECT_EQ(Kept("b"), 0u);
  EXPECT_TRUE(uploads_->Load({Sha256Of("b")})->empty());
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
  uploads_->Drop({Sha256Of("a")});
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
