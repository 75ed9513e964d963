#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "plumb/base/directory.h"
#include "plumb/base/local_path.h"
#include "plumb/base/status.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kSnapshot[] = "hub/models--o--n/snapshots/abc";

// A folder `in`, a hub cache entry, and `out`, of which nothing may be read.
class DirectoryLinksTest : public testing::Test {
 protected:
  void SetUp() override {
    scratch_.Write("out/secret", "secret");
    scratch_.Write("in/real", "inside");
    scratch_.Write("hub/models--o--n/blobs/1234", "blob");
    scratch_.Write("hub/models--o--n/refs/main", "abc");
    std::filesystem::create_directories(scratch_.PathOf(kSnapshot));
  }
  void Link(const std::string& target, const std::string& name) {
    std::filesystem::create_directories(std::filesystem::path(scratch_.PathOf(name)).parent_path());
    std::filesystem::create_symlink(target, scratch_.PathOf(name));
  }
  absl::StatusOr<std::string> ReadFrom(const std::string& folder, const std::string& name) {
    PLUMB_ASSIGN_OR_RETURN(Directory directory, Directory::OpenFollowingLinks(scratch_.PathOf(folder)));
    PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, directory.OpenFile(name));
    PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd.get(), name));
    std::string text(size, '\0');
    PLUMB_RETURN_IF_ERROR(PreadExactly(fd.get(), {reinterpret_cast<uint8_t*>(text.data()), size}, 0, name));
    return text;
  }
  absl::StatusOr<std::vector<std::string>> ListOf(const std::string& folder) {
    PLUMB_ASSIGN_OR_RETURN(Directory directory, Directory::OpenFollowingLinks(scratch_.PathOf(folder)));
    PLUMB_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> entries, directory.List(RecordFolders()));
    std::vector<std::string> found;
    for (const DirectoryEntry& entry : entries) found.push_back(fmt::format("{} {}", entry.path, entry.size_bytes));
    return found;
  }
  // Opening and listing refuse `link` in `folder`, with the name and `reason` in the message.
  void ExpectRefused(const std::string& folder, const std::string& name, const std::string& link,
                     const std::string& reason) {
    SCOPED_TRACE(name);
    for (const absl::Status& status : {ReadFrom(folder, name).status(), ListOf(folder).status()}) {
      EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy) << status;
      EXPECT_THAT(
          std::string(Message(status)),
          AllOf(HasSubstr(scratch_.PathOf(folder) + ": " + link + " is a symbolic link to "), HasSubstr(reason)));
    }
  }
  // Reads in/link until it was read and refused often enough.
  void ExpectNothingElse() {
    int read = 0;
    int refused = 0;
    for (int i = 0; i < 200'000 && (read < 1000 || refused < 1000); ++i) {
      auto text = ReadFrom("in", "link");
      ++(text.ok() ? read : refused);
      ASSERT_EQ(text.value_or("inside"), "inside");
    }
    EXPECT_GT(read, 0);
    EXPECT_GT(refused, 0);
  }
  ScratchFolder scratch_;
};

TEST_F(DirectoryLinksTest, FilesInsideAreFollowed) {
  Link("real", "in/link");
  Link("link", "in/chain");
  Link("../real", "in/sub/up");
  Link(scratch_.PathOf("in/real"), "in/absolute");
  Link("../in/real", "in/around");
  for (const char* name : {"link", "chain", "sub/up", "absolute", "around", "real"}) {
    auto text = ReadFrom("in", name);
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_EQ(*text, "inside") << name;
  }
  auto listed = ListOf("in");
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_THAT(*listed, ElementsAre("absolute 6", "around 6", "chain 6", "link 6", "real 6", "sub/up 6"));
  // The folder itself may be named by a link.
  Link("in", "named");
  EXPECT_EQ(*ReadFrom("named", "link"), "inside");
}

TEST_F(DirectoryLinksTest, HubCacheEntryIsFollowed) {
  Link("../../blobs/1234", std::string(kSnapshot) + "/config.json");
  Link("../../../blobs/1234", std::string(kSnapshot) + "/unet/model.bin");
  auto listed = ListOf(kSnapshot);
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_THAT(*listed, ElementsAre("config.json 4", "unet/model.bin 4"));
  EXPECT_EQ(*ReadFrom(kSnapshot, "config.json"), "blob");
  // A folder below the snapshot belongs to the same entry.
  EXPECT_EQ(*ReadFrom(std::string(kSnapshot) + "/unet", "model.bin"), "blob");
}

TEST_F(DirectoryLinksTest, OnlyBlobsOfTheOwnEntryAreFollowed) {
  scratch_.Write("hub/models--o--other/blobs/9", "other");
  for (const char* target : {"../../refs/main", "../../../models--o--other/blobs/9", "../../blobs/../refs/main"}) {
    Link(target, std::string(kSnapshot) + "/link");
    ExpectRefused(kSnapshot, "link", "link", "outside the folder");
    std::filesystem::remove(scratch_.PathOf(std::string(kSnapshot) + "/link"));
  }
  // Blobs that are a link themselves are nobody's word.
  Link("../../out", "hub/models--o--fake/blobs");
  Link("../../blobs/secret", "hub/models--o--fake/snapshots/abc/link");
  ExpectRefused("hub/models--o--fake/snapshots/abc", "link", "link", "outside the folder");
  // What a blob leads to is looked at, not where it is named.
  Link(scratch_.PathOf("out/secret"), "hub/models--o--n/blobs/5678");
  Link("../../blobs/5678", std::string(kSnapshot) + "/link");
  ExpectRefused(kSnapshot, "link", "link", "/out/secret, outside the folder");
  // Without the folder `snapshots` there is no entry.
  Link("../blobs/1234", "hub/models--o--n/elsewhere/link");
  ExpectRefused("hub/models--o--n/elsewhere", "link", "link", "outside the folder");
}

TEST_F(DirectoryLinksTest, HostileLinksAreRefused) {
  scratch_.Write("in/.git/config", "token");
  scratch_.Write("in/.plumb/manifest", "record");
  std::filesystem::create_directories(scratch_.PathOf("in/folder"));
  const std::pair<std::string, std::string> cases[] = {
      {"../out/secret", "cp -L"},
      {scratch_.PathOf("out/secret"), "outside the folder"},
      {"/etc/passwd", "/etc/passwd, outside the folder"},
      {"/dev/zero", "outside the folder"},
      {"/proc/self/environ", "outside the folder"},
      {"none", "nothing is there"},
      {"real/x", "nothing is there"},
      {"link", "cannot be followed"},
      {"folder", "a folder, and links are followed to files only"},
      {"../out", "a folder"},
      {"..", "a folder"},
      {".git/config", "git's or plumb's own"},
      {".plumb/manifest", "git's or plumb's own"},
  };
  for (const auto& [target, reason] : cases) {
    Link(target, "in/link");
    ExpectRefused("in", "link", "link", reason);
    std::filesystem::remove(scratch_.PathOf("in/link"));
  }
}

TEST_F(DirectoryLinksTest, LinkToAFifoIsRefused) {
  ASSERT_EQ(::mkfifo(scratch_.PathOf("hub/models--o--n/blobs/fifo").c_str(), 0600), 0);
  Link("../../blobs/fifo", std::string(kSnapshot) + "/link");
  ExpectRefused(kSnapshot, "link", "link", "no regular file");
}

TEST_F(DirectoryLinksTest, LinkedFolderOnTheWayIsRefused) {
  scratch_.Write("in/folder/f", "x");
  Link("folder", "in/link");
  ExpectRefused("in", "link/f", "link", "a folder");
  Link("../out", "in/away");
  EXPECT_EQ(ErrorClassOf(ReadFrom("in", "away/secret").status()), ErrorClass::kPolicy);
}

TEST_F(DirectoryLinksTest, NothingIsWrittenThroughALink) {
  Link("real", "in/link");
  auto directory = Directory::OpenFollowingLinks(scratch_.PathOf("in"));
  ASSERT_TRUE(directory.ok());
  EXPECT_TRUE(absl::IsInvalidArgument(directory->OpenForWriting("link").status()));
  EXPECT_EQ(scratch_.Read("in/real"), "inside");
}

TEST_F(DirectoryLinksTest, AbsentFilesAndBadNamesAreAsEver) {
  EXPECT_TRUE(absl::IsNotFound(ReadFrom("in", "none").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadFrom("in", "../out/secret").status()));
  EXPECT_TRUE(absl::IsNotFound(Directory::OpenFollowingLinks(scratch_.PathOf("none")).status()));
}

// A link that changes all the time is read as one of the files it may lead to, or not at all.
TEST_F(DirectoryLinksTest, LinkThatChangesMeanwhileLeadsNowhereElse) {
  std::atomic<bool> done = false;
  std::thread changer([&] {
    for (size_t i = 0; !done; ++i) {
      const std::string next = scratch_.PathOf("next");
      if (::symlink(i % 2 == 0 ? "real" : "../out/secret", next.c_str()) == 0) {
        ::rename(next.c_str(), scratch_.PathOf("in/link").c_str());
      }
    }
  });
  ExpectNothingElse();
  done = true;
  changer.join();
}

// The same with the file that it leads to replaced by a link.
TEST_F(DirectoryLinksTest, TargetThatBecomesALinkIsNotFollowedOut) {
  Link("target", "in/link");
  std::atomic<bool> done = false;
  std::thread changer([&] {
    for (size_t i = 0; !done; ++i) {
      const std::string next = scratch_.PathOf("next");
      if (i % 2 == 0) {
        scratch_.Write("next", "inside");
      } else if (::symlink("../out/secret", next.c_str()) != 0) {
        continue;
      }
      ::rename(next.c_str(), scratch_.PathOf("in/target").c_str());
    }
  });
  ExpectNothingElse();
  done = true;
  changer.join();
}

using LocalPathTest = DirectoryLinksTest;

TEST_F(LocalPathTest, FoldersAndFiles) {
  auto folder = OpenLocalPath(scratch_.PathOf("in"));
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_EQ(folder->file, "");
  auto file = OpenLocalPath(scratch_.PathOf("in/real"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->folder.path(), scratch_.PathOf("in"));
  EXPECT_EQ(file->file, "real");
}

TEST_F(LocalPathTest, WhatIsNotThereIsNamed) {
  for (const char* name : {"none", "none/f", "in/none", "in/real/", "in/real/f"}) {
    absl::Status status = OpenLocalPath(scratch_.PathOf(name)).status();
    EXPECT_TRUE(absl::IsNotFound(status)) << status;
    EXPECT_EQ(Message(status), "no such file or directory: " + scratch_.PathOf(name));
  }
}

TEST_F(LocalPathTest, LinkIntoTheHubCacheKeepsItsFolder) {
  Link("../../blobs/1234", std::string(kSnapshot) + "/model.bin");
  auto file = OpenLocalPath(scratch_.PathOf(std::string(kSnapshot) + "/model.bin"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->folder.path(), scratch_.PathOf(kSnapshot));
  EXPECT_EQ(file->file, "model.bin");
}

TEST_F(LocalPathTest, NamedLinkIsTheUsersWord) {
  Link("../out/secret", "in/link");
  auto file = OpenLocalPath(scratch_.PathOf("in/link"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->file, "secret");
  EXPECT_TRUE(file->folder.OpenFile("secret").ok());
}

}  // namespace
}  // namespace plumb
