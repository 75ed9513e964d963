#include "client/cli/settings.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "client/cli/exit_code.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

class SettingsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/plumb-settings-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    home_ = pattern;
    variables_["HOME"] = home_;
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  void WriteConfig(const std::string& text) {
    std::filesystem::create_directories(home_ + "/.config/plumb");
    std::ofstream(home_ + "/.config/plumb/config.toml") << text;
  }

  absl::StatusOr<Settings> Resolve() {
    return ResolveSettings(flags_, [this](const std::string& name) -> std::optional<std::string> {
      auto found = variables_.find(name);
      if (found == variables_.end()) return std::nullopt;
      return found->second;
    });
  }

  GlobalFlags flags_;
  std::map<std::string, std::string> variables_;
  std::string home_;
};

TEST_F(SettingsTest, HasDefaults) {
  absl::StatusOr<Settings> settings = Resolve();
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->registry, "127.0.0.1:7070");
  EXPECT_EQ(settings->token, "");
  EXPECT_EQ(settings->tls, TlsMode::kAuto);
  EXPECT_FALSE(settings->quiet);
  EXPECT_EQ(settings->credentials_file, home_ + "/.config/plumb/credentials.json");
  EXPECT_EQ(settings->cache_folder, home_ + "/.cache/plumb");
  EXPECT_EQ(settings->state_folder, home_ + "/.local/state/plumb");
}

TEST_F(SettingsTest, TakesTheRegistryFromTheConfiguration) {
  WriteConfig("registry = \"config.example:1\"\n");
  EXPECT_EQ(Resolve()->registry, "config.example:1");
}

TEST_F(SettingsTest, VariableWinsOverConfiguration) {
  WriteConfig("registry = \"config.example:1\"\n");
  variables_["PLUMB_REGISTRY"] = "variable.example:2";
  EXPECT_EQ(Resolve()->registry, "variable.example:2");
}

TEST_F(SettingsTest, FlagWinsOverVariable) {
  WriteConfig("registry = \"config.example:1\"\n");
  variables_["PLUMB_REGISTRY"] = "variable.example:2";
  flags_.registry = "flag.example:3";
  EXPECT_EQ(Resolve()->registry, "flag.example:3");
}

TEST_F(SettingsTest, AnEmptyVariableIsNone) {
  WriteConfig("registry = \"config.example:1\"\n");
  variables_["PLUMB_REGISTRY"] = "";
  EXPECT_EQ(Resolve()->registry, "config.example:1");
}

TEST_F(SettingsTest, PrecedenceHoldsForTls) {
  WriteConfig("tls = \"on\"\n");
  EXPECT_EQ(Resolve()->tls, TlsMode::kOn);
  variables_["PLUMB_TLS"] = "off";
  EXPECT_EQ(Resolve()->tls, TlsMode::kOff);
  flags_.tls = "auto";
  EXPECT_EQ(Resolve()->tls, TlsMode::kAuto);
}

TEST_F(SettingsTest, PrecedenceHoldsForTheCaFile) {
  WriteConfig("ca_file = \"/config.pem\"\n");
  EXPECT_EQ(Resolve()->ca_file, "/config.pem");
  variables_["PLUMB_CA_FILE"] = "/variable.pem";
  EXPECT_EQ(Resolve()->ca_file, "/variable.pem");
  flags_.ca_file = "/flag.pem";
  EXPECT_EQ(Resolve()->ca_file, "/flag.pem");
}

TEST_F(SettingsTest, RefusesAnUnknownTlsMode) {
  flags_.tls = "maybe";
  EXPECT_EQ(ExitCodeFor(Resolve().status()), kWrongUsage);
}

TEST_F(SettingsTest, ReadsBooleansFromTheConfiguration) {
  WriteConfig("quiet = true\nno_color = true\n");
  EXPECT_TRUE(Resolve()->quiet);
  EXPECT_TRUE(Resolve()->no_color);
}

TEST_F(SettingsTest, AVariableCanSwitchOffWhatTheConfigurationSwitchedOn) {
  WriteConfig("quiet = true\n");
  variables_["PLUMB_QUIET"] = "0";
  EXPECT_FALSE(Resolve()->quiet);
}

TEST_F(SettingsTest, RefusesABooleanThatIsNone) {
  variables_["PLUMB_QUIET"] = "perhaps";
  EXPECT_EQ(ExitCodeFor(Resolve().status()), kWrongUsage);
}

TEST_F(SettingsTest, HonoursNoColor) {
  variables_["NO_COLOR"] = "1";
  EXPECT_TRUE(Resolve()->no_color);
}

TEST_F(SettingsTest, AnEmptyNoColorIsNotSet) {
  variables_["NO_COLOR"] = "";
  EXPECT_FALSE(Resolve()->no_color);
}

TEST_F(SettingsTest, XdgFoldersWinOverHome) {
  variables_["XDG_CONFIG_HOME"] = home_ + "/c";
  variables_["XDG_CACHE_HOME"] = home_ + "/k";
  variables_["XDG_STATE_HOME"] = home_ + "/s";
  absl::StatusOr<Settings> settings = Resolve();
  EXPECT_EQ(settings->credentials_file, home_ + "/c/plumb/credentials.json");
  EXPECT_EQ(settings->cache_folder, home_ + "/k/plumb");
  EXPECT_EQ(settings->state_folder, home_ + "/s/plumb");
}

TEST_F(SettingsTest, RelativeXdgFoldersAreIgnored) {
  variables_["XDG_CACHE_HOME"] = "relative";
  EXPECT_EQ(Resolve()->cache_folder, home_ + "/.cache/plumb");
}

TEST_F(SettingsTest, PlumbCacheNamesTheFolderItself) {
  variables_["PLUMB_CACHE"] = "/elsewhere";
  EXPECT_EQ(Resolve()->cache_folder, "/elsewhere");
}

TEST_F(SettingsTest, WorksWithoutHome) {
  variables_.clear();
  absl::StatusOr<Settings> settings = Resolve();
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->cache_folder, "");
  EXPECT_EQ(settings->credentials_file, "");
}

TEST_F(SettingsTest, ANamedConfigurationMustExist) {
  flags_.config = home_ + "/missing.toml";
  EXPECT_EQ(ExitCodeFor(Resolve().status()), kNotFound);
}

TEST_F(SettingsTest, ANamedConfigurationReplacesTheUsualOne) {
  WriteConfig("registry = \"usual.example:1\"\n");
  std::ofstream(home_ + "/other.toml") << "registry = \"other.example:2\"\n";
  variables_["PLUMB_CONFIG"] = home_ + "/other.toml";
  EXPECT_EQ(Resolve()->registry, "other.example:2");
}

TEST_F(SettingsTest, PlumbTokenWinsOverAConfiguredTokenFile) {
  WriteConfig("token_file = \"/config.token\"\n");
  EXPECT_EQ(Resolve()->token_file, "/config.token");
  variables_["PLUMB_TOKEN"] = "secret";
  EXPECT_EQ(Resolve()->token_file, "");
  EXPECT_EQ(Resolve()->token, "secret");
}

TEST_F(SettingsTest, ATokenFileFlagWinsOverPlumbToken) {
  variables_["PLUMB_TOKEN"] = "secret";
  flags_.token_file = "/flag.token";
  EXPECT_EQ(Resolve()->token_file, "/flag.token");
}

TEST(ParseConfig, NamesAnUnknownKeyAndTheOneMeant) {
  absl::Status status = ParseConfig("registri = \"x\"\n", "config.toml").status();
  EXPECT_EQ(ExitCodeFor(status), kWrongUsage);
  EXPECT_NE(Message(status).find("did you mean registry?"), std::string::npos) << status;
}

TEST(ParseConfig, RefusesASecret) {
  EXPECT_EQ(ExitCodeFor(ParseConfig("token = \"secret\"\n", "config.toml").status()), kWrongUsage);
}

TEST(ParseConfig, RefusesAList) {
  EXPECT_EQ(ExitCodeFor(ParseConfig("registry = [\"a\", \"b\"]\n", "config.toml").status()), kWrongUsage);
}

TEST(ParseConfig, RefusesAKeyTwice) {
  EXPECT_EQ(ExitCodeFor(ParseConfig("tls = \"on\"\ntls = \"off\"\n", "config.toml").status()), kWrongUsage);
}

TEST(ParseConfig, AllowsComments) {
  auto config = ParseConfig("# where\nregistry = \"a:1\"\n", "config.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->at("registry"), "a:1");
}

TEST(ParseConfig, OfNothingIsNothing) { EXPECT_TRUE(ParseConfig("", "config.toml")->empty()); }

TEST(NormaliseRegistry, AddsThePort) { EXPECT_EQ(NormaliseRegistry("models.example.org"), "models.example.org:7070"); }

TEST(NormaliseRegistry, KeepsThePort) {
  EXPECT_EQ(NormaliseRegistry("models.example.org:443"), "models.example.org:443");
}

TEST(NormaliseRegistry, KnowsLocalhost) { EXPECT_EQ(NormaliseRegistry("localhost"), "127.0.0.1:7070"); }

TEST(NormaliseRegistry, UnderstandsBrackets) {
  EXPECT_EQ(NormaliseRegistry("[::1]"), "[::1]:7070");
  EXPECT_EQ(NormaliseRegistry("[::1]:9"), "[::1]:9");
}

}  // namespace
}  // namespace plumb::cli
