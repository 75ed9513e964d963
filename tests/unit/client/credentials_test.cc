#include "plumb/client/credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "plumb/base/file.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/client/test_files.h"

namespace plumb {
namespace {

class CredentialsTest : public ::testing::Test {
 protected:
  ScratchFolder scratch_;
  std::string file_ = scratch_.path() + "/config/plumb/credentials.json";
};

TEST_F(CredentialsTest, NoFileIsNoToken) { EXPECT_EQ(*LoadCredential(file_, "host:1"), ""); }

TEST_F(CredentialsTest, KeepsATokenForEachRegistry) {
  ASSERT_TRUE(StoreCredential(file_, "a:1", "first").ok());
  ASSERT_TRUE(StoreCredential(file_, "b:2", "second").ok());
  EXPECT_EQ(*LoadCredential(file_, "a:1"), "first");
  EXPECT_EQ(*LoadCredential(file_, "b:2"), "second");
  EXPECT_EQ(*LoadCredential(file_, "c:3"), "");
}

TEST_F(CredentialsTest, ForgetsAToken) {
  ASSERT_TRUE(StoreCredential(file_, "a:1", "first").ok());
  ASSERT_TRUE(StoreCredential(file_, "a:1", "").ok());
  EXPECT_EQ(*LoadCredential(file_, "a:1"), "");
}

TEST_F(CredentialsTest, TheFileIsForItsOwnerAlone) {
  ASSERT_TRUE(StoreCredential(file_, "a:1", "first").ok());
  struct stat info {};
  ASSERT_EQ(::stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(CredentialsTest, AFileThatOthersCanReadIsRefused) {
  ASSERT_TRUE(StoreCredential(file_, "a:1", "first").ok());
  ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(LoadCredential(file_, "a:1").status()));
}

TEST_F(CredentialsTest, AForeignFileIsRefusedAndNotOverwritten) {
  ASSERT_TRUE(MakeDirectories(scratch_.path() + "/config/plumb").ok());
  testing::Write(file_, "[1, 2]");
  ASSERT_EQ(::chmod(file_.c_str(), 0600), 0);
  EXPECT_FALSE(LoadCredential(file_, "a:1").ok());
  EXPECT_FALSE(StoreCredential(file_, "a:1", "x").ok());
  EXPECT_EQ(*ReadFile(file_, 100), "[1, 2]");
}

}  // namespace
}  // namespace plumb
