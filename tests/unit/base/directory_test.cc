#include "plumb/base/directory.h"

#include <sys/stat.h>

#include "gmock/gmock.h"
#include "plumb/base/status.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb {
namespace {

// A folder `in`, and beside it `out`, where nothing may be read or written.
class DirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    scratch_.Write("out/secret", "secret");
    auto opened = Directory::Create(scratch_.PathOf("in"));
    ASSERT_TRUE(opened.ok()) << opened.status();
    directory_.emplace(*std::move(opened));
  }
  void Link(const std::string& target, const std::string& name) {
    std::filesystem::create_symlink(target, scratch_.PathOf("in/" + name));
  }
  bool Exists(const std::string& name) { return std::filesystem::exists(scratch_.PathOf(name)); }
  absl::Status WriteHere(const std::string& name, std::string_view text) {
    PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, directory_->OpenForWriting(name));
    return PwriteAll(fd.get(), AsBytes(text), 0, name);
  }
  ScratchFolder scratch_;
  std::optional<Directory> directory_;
};

TEST_F(DirectoryTest, OpenNeedsAFolder) {
  EXPECT_TRUE(absl::IsNotFound(Directory::Open(scratch_.PathOf("none")).status()));
  EXPECT_FALSE(Directory::Open(scratch_.PathOf("out/secret")).ok());
  EXPECT_TRUE(Directory::Create(scratch_.PathOf("a/b/c")).ok());
  EXPECT_TRUE(Exists("a/b/c"));
  EXPECT_EQ(directory_->path(), scratch_.PathOf("in"));
}

TEST_F(DirectoryTest, WritesAndReadsWithFolders) {
  ASSERT_TRUE(WriteHere("a/b/f", "text").ok());
  EXPECT_EQ(scratch_.Read("in/a/b/f"), "text");
  auto fd = directory_->OpenFile("a/b/f");
  ASSERT_TRUE(fd.ok()) << fd.status();
  EXPECT_EQ(*FileSize(fd->get(), "f"), 4u);
}

TEST_F(DirectoryTest, PathsThatLeaveAreRefusedByEveryCall) {
  auto secret = OpenForReading(scratch_.PathOf("out/secret"));
  ASSERT_TRUE(WriteHere("f", "x").ok());
  for (const char* name : {"../out/secret", "..", ".", "", "/etc/passwd", "a/../../out/secret", "a//b", "./f"}) {
    SCOPED_TRACE(name);
    EXPECT_TRUE(absl::IsInvalidArgument(directory_->OpenFile(name).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(directory_->OpenForWriting(name).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(directory_->MakeDirectory(name)));
    EXPECT_TRUE(absl::IsInvalidArgument(directory_->Rename(name, "g")));
    EXPECT_TRUE(absl::IsInvalidArgument(directory_->Rename("f", name)));
    EXPECT_TRUE(absl::IsInvalidArgument(directory_->Remove(name)));
    EXPECT_TRUE(absl::IsInvalidArgument(directory_->Stat(name).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(directory_->SyncParent(name)));
    EXPECT_TRUE(absl::IsInvalidArgument(directory_->ShareFile(secret->get(), name, true).status()));
  }
  EXPECT_EQ(scratch_.Read("out/secret"), "secret");
}

TEST_F(DirectoryTest, LinkedFolderLeadsNowhere) {
  Link("../out", "link");
  ASSERT_TRUE(WriteHere("f", "x").ok());
  auto fd = directory_->OpenFile("f");
  EXPECT_TRUE(absl::IsInvalidArgument(directory_->OpenFile("link/secret").status()));
  EXPECT_FALSE(directory_->OpenForWriting("link/new").ok());
  EXPECT_FALSE(directory_->OpenForWriting("link/deep/new").ok());
  EXPECT_FALSE(directory_->MakeDirectory("link/new").ok());
  EXPECT_FALSE(directory_->Rename("f", "link/new").ok());
  EXPECT_FALSE(directory_->Rename("link/secret", "stolen").ok());
  EXPECT_FALSE(directory_->Remove("link/secret").ok());
  EXPECT_FALSE(directory_->Stat("link/secret").ok());
  EXPECT_FALSE(directory_->ShareFile(fd->get(), "link/new", true).ok());
  EXPECT_EQ(scratch_.Read("out/secret"), "secret");
  EXPECT_FALSE(Exists("out/new"));
  EXPECT_FALSE(Exists("out/deep"));
  EXPECT_FALSE(Exists("in/stolen"));
}

TEST_F(DirectoryTest, LinkedFileIsNotFollowed) {
  Link("../out/secret", "absolute-or-not");
  Link(scratch_.PathOf("out/secret"), "absolute");
  Link("f", "inside");
  ASSERT_TRUE(WriteHere("f", "x").ok());
  for (const char* name : {"absolute-or-not", "absolute", "inside"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(directory_->OpenFile(name).status())) << name;
    EXPECT_TRUE(absl::IsInvalidArgument(directory_->OpenForWriting(name).status())) << name;
  }
  EXPECT_EQ(scratch_.Read("out/secret"), "secret");
}

TEST_F(DirectoryTest, DanglingLinkIsNotWrittenThrough) {
  Link("../out/new", "link");
  EXPECT_FALSE(directory_->OpenForWriting("link").ok());
  EXPECT_FALSE(Exists("out/new"));
}

TEST_F(DirectoryTest, RenameAndRemoveActOnTheLinkItself) {
  Link("../out/secret", "link");
  ASSERT_TRUE(WriteHere("f", "x").ok());
  EXPECT_TRUE(directory_->Rename("f", "link").ok());
  EXPECT_EQ(scratch_.Read("in/link"), "x");
  Link("../out/secret", "other");
  EXPECT_TRUE(directory_->Remove("other").ok());
  EXPECT_EQ(scratch_.Read("out/secret"), "secret");
}

TEST_F(DirectoryTest, OnlyRegularFilesAreOpened) {
  ASSERT_EQ(::mkfifo(scratch_.PathOf("in/fifo").c_str(), 0600), 0);
  ASSERT_TRUE(directory_->MakeDirectory("folder").ok());
  EXPECT_TRUE(absl::IsInvalidArgument(directory_->OpenFile("fifo").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(directory_->OpenFile("folder").status()));
  EXPECT_TRUE(absl::IsNotFound(directory_->OpenFile("none").status()));
  EXPECT_TRUE(absl::IsNotFound(directory_->OpenFile("none/f").status()));
}

TEST_F(DirectoryTest, FileInTheWayOfAFolder) {
  ASSERT_TRUE(WriteHere("f", "x").ok());
  EXPECT_FALSE(directory_->OpenForWriting("f/g").ok());
  EXPECT_FALSE(directory_->MakeDirectory("f").ok());
  EXPECT_EQ(scratch_.Read("in/f"), "x");
}

TEST_F(DirectoryTest, RenameReplacesAndMakesFolders) {
  ASSERT_TRUE(WriteHere("f", "new").ok());
  ASSERT_TRUE(WriteHere("a/g", "old").ok());
  EXPECT_TRUE(directory_->Rename("f", "a/g").ok());
  EXPECT_EQ(scratch_.Read("in/a/g"), "new");
  EXPECT_FALSE(Exists("in/f"));
  EXPECT_TRUE(directory_->Rename("a/g", "b/c/h").ok());
  EXPECT_EQ(scratch_.Read("in/b/c/h"), "new");
  EXPECT_TRUE(absl::IsNotFound(directory_->Rename("none", "x")));
}

TEST_F(DirectoryTest, RemoveIsFineWithoutTheFile) {
  ASSERT_TRUE(WriteHere("f", "x").ok());
  EXPECT_TRUE(directory_->Remove("f").ok());
  EXPECT_TRUE(directory_->Remove("f").ok());
  EXPECT_TRUE(directory_->Remove("none/f").ok());
  EXPECT_FALSE(Exists("in/f"));
}

TEST_F(DirectoryTest, StatTellsSizeAndLinks) {
  ASSERT_TRUE(WriteHere("f", "12345").ok());
  auto info = directory_->Stat("f");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->size_bytes, 5u);
  EXPECT_EQ(info->links, 1u);
  EXPECT_GT(info->mtime_ns, 0);
  EXPECT_TRUE(directory_->SyncParent("f").ok());
  EXPECT_TRUE(absl::IsNotFound(directory_->SyncParent("none/f")));
}

TEST_F(DirectoryTest, LinkGivesTheVeryFileAnotherName) {
  ASSERT_TRUE(WriteHere("f", "x").ok());
  auto fd = directory_->OpenFile("f");
  ASSERT_TRUE(fd.ok());
  EXPECT_TRUE(directory_->Link(fd->get(), "a/again").ok());
  EXPECT_TRUE(absl::IsAlreadyExists(directory_->Link(fd->get(), "a/again")));
  EXPECT_EQ(directory_->Stat("a/again")->links, 2u);
  ASSERT_TRUE(directory_->Remove("f").ok());
  ASSERT_TRUE(directory_->Remove("a/again").ok());
  EXPECT_TRUE(absl::IsNotFound(directory_->Link(fd->get(), "b"))) << "it has no name left";
}

TEST_F(DirectoryTest, ShareFileGivesTheSameBytes) {
  std::string content(3'000'000, 'x');
  ASSERT_TRUE(WriteHere("f", content).ok());
  auto fd = directory_->OpenFile("f");
  ASSERT_TRUE(fd.ok());
  for (bool allow_hard_link : {true, false}) {
    std::string name = allow_hard_link ? "a/linked" : "a/copied";
    auto method = directory_->ShareFile(fd->get(), name, allow_hard_link);
    ASSERT_TRUE(method.ok()) << method.status();
    EXPECT_EQ(scratch_.Read("in/" + name), content);
    bool linked = *method == Directory::ShareMethod::kHardLink;
    EXPECT_TRUE(allow_hard_link || !linked);
    EXPECT_EQ(directory_->Stat(name)->links, linked ? 2u : 1u);
  }
}

TEST_F(DirectoryTest, ShareFileReplacesNothing) {
  ASSERT_TRUE(WriteHere("f", "x").ok());
  ASSERT_TRUE(WriteHere("g", "old").ok());
  Link("../out/new", "link");
  auto fd = directory_->OpenFile("f");
  for (bool allow_hard_link : {true, false}) {
    EXPECT_TRUE(absl::IsAlreadyExists(directory_->ShareFile(fd->get(), "g", allow_hard_link).status()));
    EXPECT_FALSE(directory_->ShareFile(fd->get(), "link", allow_hard_link).ok());
  }
  EXPECT_EQ(scratch_.Read("in/g"), "old");
  EXPECT_FALSE(Exists("out/new"));
}

TEST_F(DirectoryTest, ListIsSortedAndSkips) {
  for (const char* name : {"b", "a/z", "a/b/c", ".git/config", "a/.git", "c"}) ASSERT_TRUE(WriteHere(name, "xy").ok());
  auto entries = directory_->List({".git", "c"});
  ASSERT_TRUE(entries.ok()) << entries.status();
  std::vector<std::string> paths;
  for (const DirectoryEntry& entry : *entries) {
    paths.push_back(entry.path);
    EXPECT_EQ(entry.size_bytes, 2u);
  }
  EXPECT_THAT(paths, testing::ElementsAre("a/.git", "a/b/c", "a/z", "b"));
}

TEST_F(DirectoryTest, ListNamesALinkOrDevice) {
  ASSERT_TRUE(directory_->MakeDirectory("a").ok());
  Link("../../out", "a/link");
  absl::Status status = directory_->List({}).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(Message(status)), testing::HasSubstr("a/link"));
  EXPECT_TRUE(directory_->List({"a"}).ok());
  ASSERT_EQ(::mkfifo(scratch_.PathOf("in/fifo").c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(directory_->List({"a"}).status()));
}

}  // namespace
}  // namespace plumb
