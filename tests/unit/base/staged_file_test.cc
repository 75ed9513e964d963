#include "plumb/base/staged_file.h"

#include "gmock/gmock.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb {
namespace {

size_t CountFiles(const ScratchFolder& folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++count;
  return count;
}

TEST(StagedFileTest, AppearsWholeAndOnlyWhenPublished) {
  ScratchFolder folder;
  {
    absl::StatusOr<StagedFile> file = StagedFile::Create(folder.PathOf("x"), 6);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE(file->Write(AsBytes("cd"), 4).ok());
    ASSERT_TRUE(file->Write(AsBytes("ab"), 0).ok());
    EXPECT_FALSE(std::filesystem::exists(folder.PathOf("x")));
    ASSERT_TRUE(file->Publish(/*replace=*/false).ok());
  }
  EXPECT_EQ(folder.Read("x"), std::string("ab\0\0cd", 6));
  EXPECT_EQ(CountFiles(folder), 1u);
}

TEST(StagedFileTest, LeavesNothingWhenItIsNotPublished) {
  ScratchFolder folder;
  { ASSERT_TRUE(StagedFile::Create(folder.PathOf("x"), 1 << 20).ok()); }
  EXPECT_EQ(CountFiles(folder), 0u);
}

TEST(StagedFileTest, ReplacesOnlyWhenTold) {
  ScratchFolder folder;
  folder.Write("x", "old");
  absl::StatusOr<StagedFile> file = StagedFile::Create(folder.PathOf("x"), 3);
  ASSERT_TRUE(file.ok() && file->Write(AsBytes("new"), 0).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(file->Publish(/*replace=*/false)));
  EXPECT_EQ(folder.Read("x"), "old");
  absl::StatusOr<StagedFile> again = StagedFile::Create(folder.PathOf("x"), 3);
  ASSERT_TRUE(again.ok() && again->Write(AsBytes("new"), 0).ok());
  ASSERT_TRUE(again->Publish(/*replace=*/true).ok());
  EXPECT_EQ(folder.Read("x"), "new");
  EXPECT_EQ(CountFiles(folder), 1u);
}

TEST(StagedFileTest, AnEmptyFileAndAMissingFolder) {
  ScratchFolder folder;
  ASSERT_TRUE(StagedFile::Create(folder.PathOf("x"), 0)->Publish(false).ok());
  EXPECT_EQ(folder.Read("x"), "");
  EXPECT_TRUE(absl::IsNotFound(StagedFile::Create(folder.PathOf("missing/x"), 1).status()));
}

}  // namespace
}  // namespace plumb
