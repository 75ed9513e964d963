#include "plumb/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plumb/base/status.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb {
namespace {

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFdTest, ClosesAtTheEnd) {
  int fd = -1;
  {
    UniqueFd owner(::open("/dev/null", O_RDONLY));
    fd = owner.get();
    EXPECT_TRUE(IsOpen(fd));
  }
  EXPECT_FALSE(IsOpen(fd));
}

TEST(UniqueFdTest, MovesWithoutClosing) {
  UniqueFd first(::open("/dev/null", O_RDONLY));
  int fd = first.get();
  UniqueFd second(std::move(first));
  EXPECT_TRUE(IsOpen(fd));
  UniqueFd third(::open("/dev/null", O_RDONLY));
  int replaced = third.get();
  third = std::move(second);
  EXPECT_FALSE(IsOpen(replaced));
  EXPECT_EQ(third.get(), fd);
  UniqueFd& self = third;
  third = std::move(self);
  EXPECT_TRUE(IsOpen(fd));
}

TEST(UniqueFdTest, CloseOnlyOnce) {
  UniqueFd fd(::open("/dev/null", O_RDONLY));
  EXPECT_TRUE(fd.Close().ok());
  EXPECT_FALSE(fd.valid());
  EXPECT_TRUE(fd.Close().ok());
  EXPECT_FALSE(UniqueFd().valid());
}

TEST(FileTest, ReadFileUpToItsLimit) {
  ScratchFolder folder;
  std::string path = folder.Write("f", "12345");
  EXPECT_EQ(*ReadFile(path, 5), "12345");
  EXPECT_TRUE(absl::IsOutOfRange(ReadFile(path, 4).status()));
  EXPECT_EQ(*ReadFile(folder.Write("empty", ""), 0), "");
  EXPECT_TRUE(absl::IsNotFound(ReadFile(folder.PathOf("none"), 5).status()));
}

TEST(FileTest, OnlyRegularFilesAreOpened) {
  ScratchFolder folder;
  EXPECT_TRUE(absl::IsInvalidArgument(OpenForReading(folder.path()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(OpenForReading("/dev/null").status()));
  ASSERT_EQ(::mkfifo(folder.PathOf("fifo").c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(OpenForReading(folder.PathOf("fifo")).status()));
}

TEST(FileTest, PreadExactlyWithinAndPastTheEnd) {
  ScratchFolder folder;
  auto fd = OpenForReading(folder.Write("f", "0123456789"));
  ASSERT_TRUE(fd.ok()) << fd.status();
  std::vector<uint8_t> out(4);
  EXPECT_TRUE(PreadExactly(fd->get(), out, 6, "f").ok());
  EXPECT_EQ(AsText(out), "6789");
  EXPECT_TRUE(absl::IsOutOfRange(PreadExactly(fd->get(), out, 7, "f")));
  EXPECT_TRUE(absl::IsOutOfRange(PreadExactly(fd->get(), out, 100, "f")));
  EXPECT_TRUE(PreadExactly(fd->get(), {}, 100, "f").ok());
}

TEST(FileTest, PwriteAllMakesHolesAndOverwrites) {
  ScratchFolder folder;
  UniqueFd fd(::open(folder.PathOf("f").c_str(), O_RDWR | O_CREAT, 0600));
  ASSERT_TRUE(PwriteAll(fd.get(), AsBytes("cd"), 2, "f").ok());
  ASSERT_TRUE(PwriteAll(fd.get(), AsBytes("ab"), 0, "f").ok());
  EXPECT_EQ(folder.Read("f"), "abcd");
  EXPECT_EQ(*FileSize(fd.get(), "f"), 4u);
}

TEST(FileTest, ErrorsOfADescriptorAreReported) {
  EXPECT_FALSE(FileSize(-1, "f").ok());
  std::vector<uint8_t> out(1);
  EXPECT_FALSE(PreadExactly(-1, out, 0, "f").ok());
  EXPECT_FALSE(PwriteAll(-1, out, 0, "f").ok());
}

TEST(FileTest, WriteAtomicallyReplaces) {
  ScratchFolder folder;
  std::string path = folder.PathOf("f");
  ASSERT_TRUE(WriteFileAtomically(path, "one").ok());
  ASSERT_TRUE(WriteFileAtomically(path, "two", 0600).ok());
  EXPECT_EQ(folder.Read("f"), "two");
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(FileTest, WriteAtomicallyLeavesNothingBeside) {
  ScratchFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.PathOf("f"), "x").ok());
  std::filesystem::create_directory(folder.PathOf("taken"));
  EXPECT_FALSE(WriteFileAtomically(folder.PathOf("taken"), "x").ok());
  EXPECT_TRUE(absl::IsNotFound(WriteFileAtomically(folder.PathOf("none/f"), "x")));
  size_t entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) entries += entry.exists() ? 1 : 0;
  EXPECT_EQ(entries, 2u);
}

TEST(FileTest, WriteAtomicallyReplacesALinkNotItsTarget) {
  ScratchFolder folder;
  folder.Write("target", "old");
  std::filesystem::create_symlink("target", folder.PathOf("link"));
  ASSERT_TRUE(WriteFileAtomically(folder.PathOf("link"), "new").ok());
  EXPECT_EQ(folder.Read("target"), "old");
  EXPECT_EQ(folder.Read("link"), "new");
}

TEST(FileTest, MakeDirectoriesMakesParents) {
  ScratchFolder folder;
  EXPECT_TRUE(MakeDirectories(folder.PathOf("a/b/c")).ok());
  EXPECT_TRUE(MakeDirectories(folder.PathOf("a/b/c")).ok());
  EXPECT_TRUE(std::filesystem::is_directory(folder.PathOf("a/b/c")));
  folder.Write("file", "");
  EXPECT_FALSE(MakeDirectories(folder.PathOf("file")).ok());
  EXPECT_FALSE(MakeDirectories(folder.PathOf("file/a")).ok());
  EXPECT_FALSE(MakeDirectories("").ok());
}

TEST(FileTest, SyncDirectory) {
  ScratchFolder folder;
  EXPECT_TRUE(SyncDirectory(folder.path()).ok());
  EXPECT_TRUE(absl::IsNotFound(SyncDirectory(folder.PathOf("none"))));
}

TEST(MappedFileTest, HoldsTheBytes) {
  ScratchFolder folder;
  std::string content(100'000, 'x');
  content[50'000] = 'y';
  auto map = MappedFile::Open(folder.Write("f", content));
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(AsText(map->bytes()), content);
  map->Release(0, content.size());
  map->Release(3, 5);
  map->Release(0, UINT64_MAX);
  EXPECT_EQ(AsText(map->bytes()), content);
  MappedFile other = *std::move(map);
  EXPECT_EQ(AsText(other.bytes()), content);
}

TEST(MappedFileTest, EmptyFile) {
  ScratchFolder folder;
  auto map = MappedFile::Open(folder.Write("f", ""));
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_TRUE(map->bytes().empty());
  map->Release(0, 10);
}

TEST(MappedFileTest, AssignmentReplaces) {
  ScratchFolder folder;
  auto first = MappedFile::Open(folder.Write("a", "first"));
  auto second = MappedFile::Open(folder.Write("b", "second"));
  ASSERT_TRUE(first.ok() && second.ok());
  *first = *std::move(second);
  EXPECT_EQ(AsText(first->bytes()), "second");
}

TEST(MappedFileTest, MissingFile) {
  ScratchFolder folder;
  EXPECT_TRUE(absl::IsNotFound(MappedFile::Open(folder.PathOf("none")).status()));
  EXPECT_FALSE(MappedFile::FromFd(-1, "x").ok());
}

TEST(MakeDirectoriesTest, SaysNoWhereNoFolderCanBeMade) {
  EXPECT_FALSE(MakeDirectories("/proc/nope").ok());
  EXPECT_FALSE(MakeDirectories("/proc/nope/deeper/still").ok());
}

}  // namespace
}  // namespace plumb
