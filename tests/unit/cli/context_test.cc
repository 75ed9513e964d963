#include "client/cli/context.h"

#include <fstream>
#include <sstream>
#include <string>

#include "client/cli/exit_code.h"
#include "gtest/gtest.h"
#include "plumb/client/credentials.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb::cli {
namespace {

class ContextTest : public testing::Test {
 protected:
  void SetUp() override {
    environment_.out = &out_;
    environment_.err = &err_;
    settings_.registry = "models.example.org:7070";
    settings_.credentials_file = home_ + "/plumb/credentials.json";
  }

  std::string TokenFor(const std::string& registry) {
    Output output(environment_, false, false, true);
    absl::StatusOr<ConnectionOptions> options = Context(environment_, settings_, &output).OptionsFor(registry);
    return options.ok() ? options->token : options.status().ToString();
  }

  std::ostringstream out_;
  std::ostringstream err_;
  Environment environment_;
  Settings settings_;
  ScratchFolder scratch_;
  const std::string& home_ = scratch_.path();
};

TEST_F(ContextTest, SendsTheTokenToTheConfiguredRegistry) {
  settings_.token = "secret";
  EXPECT_EQ(TokenFor(""), "secret");
  EXPECT_EQ(TokenFor("models.example.org"), "secret");
  EXPECT_EQ(TokenFor("models.example.org:7070"), "secret");
}

TEST_F(ContextTest, SendsTheTokenToNoOtherHost) {
  settings_.token = "secret";
  EXPECT_EQ(TokenFor("evil.example:7070"), "");
}

TEST_F(ContextTest, SendsTheTokenToNoOtherPort) {
  settings_.token = "secret";
  EXPECT_EQ(TokenFor("models.example.org:7071"), "");
}

TEST_F(ContextTest, SendsTheTokenFileToNoOtherHost) {
  settings_.token_file = home_ + "/token";
  std::ofstream(settings_.token_file) << "  from-file \n";
  EXPECT_EQ(TokenFor(""), "from-file");
  EXPECT_EQ(TokenFor("evil.example"), "");
}

TEST_F(ContextTest, AnotherHostGetsWhatWasKeptForIt) {
  settings_.token = "secret";
  ASSERT_TRUE(StoreCredential(settings_.credentials_file, "other.example:7070", "kept").ok());
  EXPECT_EQ(TokenFor("other.example"), "kept");
}

TEST_F(ContextTest, AnEmptyTokenFileIsWrongUsage) {
  std::ofstream(home_ + "/token") << " \n";
  EXPECT_EQ(ExitCodeFor(ReadTokenFile(home_ + "/token").status()), kWrongUsage);
}

TEST_F(ContextTest, AMissingTokenFileIsNotFound) {
  EXPECT_EQ(ExitCodeFor(ReadTokenFile(home_ + "/missing").status()), kNotFound);
}

TEST_F(ContextTest, WithoutAPlaceForTheCacheIsWrongUsage) {
  Output output(environment_, false, false, true);
  EXPECT_EQ(ExitCodeFor(Context(environment_, settings_, &output).OpenCache().status()), kWrongUsage);
}

TEST(ListCommand, OfAnUnknownVersionListsTheModel) {
  EXPECT_EQ(ListCommand({.model = "acme/tiny", .version = "v9"}), "plumb list acme/tiny");
  EXPECT_EQ(ListCommand({.model = "acme/tiny", .tag = "stable"}), "plumb list acme/tiny");
}

TEST(ListCommand, OfAnUnknownModelListsTheNamespace) {
  EXPECT_EQ(ListCommand({.model = "acme/tiny"}), "plumb list acme/");
}

TEST(ListCommand, KeepsTheHost) {
  EXPECT_EQ(ListCommand({.registry = "a.example:1", .model = "acme/tiny", .version = "v9"}),
            "plumb list a.example:1/acme/tiny");
}

}  // namespace
}  // namespace plumb::cli
