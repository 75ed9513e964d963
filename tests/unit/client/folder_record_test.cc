#include "client/library/folder_record.h"

#include <gtest/gtest.h>

#include "plumb/base/status.h"
#include "plumb/client/release_folder.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/client/test_files.h"

namespace plumb {
namespace {

using testing::RandomBytes;

class FolderRecordTest : public ::testing::Test {
 protected:
  FolderRecordTest() {
    content_ = RandomBytes(2'500'000, 3);
    v1::Manifest manifest;
    manifest.set_schema_version(1);
    manifest.set_model("lab/tiny");
    manifest.set_version("v1");
    manifest.set_kind(v1::KIND_WEIGHTS);
    *manifest.add_files() = testing::FileOf("model.bin", content_);
    manifest_ = *BuildManifest(manifest);
  }
  const v1::File& file() const { return manifest_.manifest.files(0); }
  std::string Inside(const std::string& name) { return scratch_.path() + "/" + name; }

  ScratchFolder scratch_;
  Directory folder_ = *Directory::Open(scratch_.path());
  std::string content_;
  StoredManifest manifest_;
};

TEST_F(FolderRecordTest, TheRecordComesBack) {
  ASSERT_TRUE(WriteRecord(folder_, manifest_, {"model.bin"}).ok());
  auto opened = ReleaseFolder::Open(scratch_.path());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->manifest().digest, manifest_.digest);
  EXPECT_EQ(opened->selected(), (std::vector<std::string>{"model.bin"}));
}

TEST_F(FolderRecordTest, AnotherFolderIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(ReleaseFolder::Open(scratch_.path()).status()));
}

TEST_F(FolderRecordTest, AChangedManifestIsRefused) {
  ASSERT_TRUE(WriteRecord(folder_, manifest_, {}).ok());
  std::string bytes = manifest_.bytes;
  bytes.back() ^= 1;
  testing::Write(Inside(kManifestName), bytes);
  EXPECT_EQ(ErrorClassOf(ReleaseFolder::Open(scratch_.path()).status()), ErrorClass::kVerification);
}

TEST_F(FolderRecordTest, ASelectionOfUnknownFilesIsRefused) {
  ASSERT_TRUE(WriteRecord(folder_, manifest_, {"../../etc/passwd"}).ok());
  EXPECT_EQ(ErrorClassOf(ReleaseFolder::Open(scratch_.path()).status()), ErrorClass::kVerification);
}

TEST_F(FolderRecordTest, AChunkListComesBack) {
  ChunkList list = testing::ChunksOf(content_);
  ASSERT_TRUE(SaveChunkList(folder_, list).ok());
  auto loaded = LoadChunkList(folder_, file());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->chunks(), list.chunks());
}

TEST_F(FolderRecordTest, AMissingChunkListIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(LoadChunkList(folder_, file()).status()));
}

TEST_F(FolderRecordTest, AForeignChunkListIsRefused) {
  ASSERT_TRUE(SaveChunkList(folder_, testing::ChunksOf("other")).ok());
  ASSERT_TRUE(folder_
                  .Rename(ChunkListName(testing::ChunksOf("other").TreeRoot()),
                          ChunkListName(*Digest::FromBytes(file().tree_root())))
                  .ok());
  EXPECT_EQ(ErrorClassOf(LoadChunkList(folder_, file()).status()), ErrorClass::kVerification);
}

TEST_F(FolderRecordTest, AHugeChunkListIsNotRead) {
  testing::Write(Inside("x"), std::string(100'000, 'x'));
  ASSERT_TRUE(folder_.Rename("x", ChunkListName(*Digest::FromBytes(file().tree_root()))).ok());
  EXPECT_TRUE(absl::IsOutOfRange(LoadChunkList(folder_, file()).status()));
}

TEST_F(FolderRecordTest, TheLockIsForOne) {
  auto first = LockFolder(folder_);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(ErrorClassOf(LockFolder(folder_).status()), ErrorClass::kLocalStorage);
  *first = UniqueFd();
  EXPECT_TRUE(LockFolder(folder_).ok());
}

}  // namespace
}  // namespace plumb
