// What --config takes and what it refuses.
#include "registry/server/config_file.h"

#include "registry/server/flags.h"
#include "tests/unit/registry/testing.h"

namespace plumb {
namespace {

using testing_support::Overwrite;
using testing_support::TemporaryFolder;

std::string ErrorOf(const std::string& text) {
  return std::string(Message(CheckConfigKeys(text, "x.toml", {"data", "listen", "tls-cert", "no-anonymous-read"})));
}

TEST(CheckConfigKeys, KnownKeysAreTaken) {
  EXPECT_EQ(ErrorOf("# a remark\ndata = \"/d\"\nlisten = 'h:1'\ntls-cert = \"c\"\nno-anonymous-read = true\n"), "");
  EXPECT_EQ(ErrorOf(""), "");
}

TEST(CheckConfigKeys, AnUnknownKeyIsNamedWithTheOneThatWasMeant) {
  EXPECT_NE(ErrorOf("tls_cert = \"c\"").find("\"tls_cert\", did you mean tls-cert?"), std::string::npos);
  EXPECT_NE(ErrorOf("lisen = \"c\"").find("did you mean listen?"), std::string::npos);
  EXPECT_NE(ErrorOf("No_Anonymous_Read = true").find("did you mean no-anonymous-read?"), std::string::npos);
  EXPECT_NE(ErrorOf("colour = 1").find("unknown key \"colour\"; expected one of data, listen"), std::string::npos);
}

TEST(CheckConfigKeys, SectionsAndDoublesAreRefused) {
  EXPECT_NE(ErrorOf("data = \"/d\"\n[tls]\ncert = \"c\"\n").find("unknown section [tls]"), std::string::npos);
  EXPECT_NE(ErrorOf("[server]\ndata = \"/d\"\n").find("unknown section [server]"), std::string::npos);
  EXPECT_NE(ErrorOf("data = \"/d\"\ndata = \"/e\"\n").find("set twice"), std::string::npos);
}

TEST(ParseFlagsWithAFile, ASlipOfThePenIsAnError) {
  TemporaryFolder folder;
  Overwrite(folder.Join("c.toml"), "data = \"/d\"\ntls_cert = \"c.pem\"\ntls-key = \"k.pem\"\n");
  auto flags = ParseFlags({"--config", folder.Join("c.toml")});
  EXPECT_EQ(ErrorClassOf(flags.status()), ErrorClass::kUsage);
  EXPECT_NE(Message(flags.status()).find("did you mean tls-cert?"), std::string::npos) << flags.status();
}

TEST(ParseFlagsWithAFile, EveryFlagIsAKey) {
  TemporaryFolder folder;
  Overwrite(folder.Join("c.toml"),
            "data = \"/d\"\nlisten = \"h:1\"\ntls-cert = \"c\"\ntls-key = \"k\"\nno-anonymous-read = true\n"
            "max-memory = 128\nreserve = 7\npack-size = 8\nmax-uploads = 9\nmax-downloads = 10\nmax-watchers = 11\n"
            "stop-grace = 12\nlog-level = \"debug\"\n");
  auto flags = ParseFlags({"--config", folder.Join("c.toml")});
  ASSERT_OK(flags) << flags.status();
  EXPECT_EQ(flags->options.tls_cert_file, "c");
  EXPECT_EQ(flags->options.limits.watchers_max, 11);
  EXPECT_TRUE(flags->options.log_requests);
}

TEST(NearestKey, IsEmptyWhenNothingIsNear) {
  EXPECT_EQ(NearestKey("zzzzzz", {"data", "listen"}), "");
  EXPECT_EQ(NearestKey("dta", {"data", "listen"}), "data");
  EXPECT_EQ(NearestKey("", {}), "");
}

}  // namespace
}  // namespace plumb
