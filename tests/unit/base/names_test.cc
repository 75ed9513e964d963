#include "plumb/base/names.h"

#include <random>

#include "gtest/gtest.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

const std::string kDigest(64, 'a');

TEST(ModelNameTest, Legal) {
  for (const char* name : {"a/b", "org/model", "Org-1/Model_2.5", "0/9", "a.b-c_d/e"}) {
    EXPECT_TRUE(ValidateModelName(name).ok()) << name;
  }
}

TEST(ModelNameTest, Illegal) {
  for (const char* name : {"",       "a",      "/",       "a/",         "/b",    "a/b/c", "a b/c",  "a/b c",
                           "-a/b",   "a/b-",   ".a/b",    "a/.b",       "a/b.",  "_a/b",  "a--b/c", "a/b--c",
                           "a..b/c", "a/b..c", "a/b.git", "\xc3\xa4/b", "a/b@1", "a/b:t", "a\n/b"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ValidateModelName(name))) << name;
  }
}

TEST(ModelNameTest, LengthAtTheLimitAndOnePast) {
  std::string name = "a/" + std::string(limits::kModelNameBytesMax - 2, 'b');
  EXPECT_TRUE(ValidateModelName(name).ok());
  EXPECT_FALSE(ValidateModelName(name + "b").ok());
}

TEST(ModelNameTest, Namespace) { EXPECT_EQ(NamespaceOf("org/model"), "org"); }

TEST(VersionTest, Legal) {
  for (const char* version : {"1", "v1", "1.0.0-rc.1+build_5", "step-1000", "a-", "a.", "a--b"}) {
    EXPECT_TRUE(ValidateVersion(version).ok()) << version;
  }
}

TEST(VersionTest, Illegal) {
  for (const char* version : {"", ".a", "-a", "+a", "_a", "a..b", "a b", "a/b", "a@b", "a:b", "\xc3\xa4", "a\n"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ValidateVersion(version))) << version;
  }
}

TEST(VersionTest, LengthAtTheLimitAndOnePast) {
  EXPECT_TRUE(ValidateVersion(std::string(limits::kVersionBytesMax, 'v')).ok());
  EXPECT_FALSE(ValidateVersion(std::string(limits::kVersionBytesMax + 1, 'v')).ok());
}

struct ReferenceCase {
  std::string text;
  Reference reference;
};

TEST(ReferenceTest, EveryForm) {
  const ReferenceCase cases[] = {
      {"a/b", {.model = "a/b"}},
      {"a/b@v1", {.model = "a/b", .version = "v1"}},
      {"a/b:latest", {.model = "a/b", .tag = "latest"}},
      {"a/b@sha256:" + kDigest, {.model = "a/b", .digest_hex = kDigest}},
      {"host.example/a/b", {.registry = "host.example", .model = "a/b"}},
      {"host.example:7070/a/b:t", {.registry = "host.example:7070", .model = "a/b", .tag = "t"}},
      {"localhost:7070/a/b@1", {.registry = "localhost:7070", .model = "a/b", .version = "1"}},
      {"localhost/a/b", {.registry = "localhost", .model = "a/b"}},
      {"127.0.0.1:1/a/b", {.registry = "127.0.0.1:1", .model = "a/b"}},
      {"[::1]:7070/a/b", {.registry = "[::1]:7070", .model = "a/b"}},
      {"a/b@sha256:" + kDigest.substr(0, kDigestDigitsMin),
       {.model = "a/b", .digest_hex = kDigest.substr(0, kDigestDigitsMin)}},
      {"a.b/c", {.model = "a.b/c"}},
  };
  for (const ReferenceCase& c : cases) {
    auto parsed = ParseReference(c.text);
    ASSERT_TRUE(parsed.ok()) << c.text << ": " << parsed.status();
    EXPECT_EQ(*parsed, c.reference) << c.text;
    EXPECT_EQ(RenderReference(c.reference), c.text);
  }
}

TEST(ReferenceTest, DigestIsMadeLowerCase) {
  auto parsed = ParseReference("a/b@sha256:" + std::string(64, 'A'));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->digest_hex, kDigest);
}

TEST(ReferenceTest, IllegalIsAUsageError) {
  for (const std::string& text :
       {std::string(), std::string("a"), std::string("a/b@"), std::string("a/b:"), std::string("a/b@v1:t"),
        std::string("a/b:t@v1"), std::string("a/b@sha256:"), "a/b@sha256:" + kDigest.substr(0, kDigestDigitsMin - 1),
        "a/b@sha256:" + kDigest + "a", "a/b@sha256:" + kDigest.substr(1) + "g", std::string("/a/b"),
        std::string("ho st/a/b"), std::string("h/a/b/c"), std::string("https://h/a/b"), std::string("a/b@..")}) {
    absl::Status status = ParseReference(text).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << text;
    EXPECT_EQ(ErrorClassOf(status), ErrorClass::kUsage) << text;
  }
}

TEST(ReferenceTest, APathInsideAReleaseIsNoHost) {
  for (const char* text : {"lab/x/file.gguf", "lab/x/sub/file.gguf", "lab/x/file.gguf@v1"}) {
    absl::Status status = ParseReference(text).status();
    EXPECT_EQ(ErrorClassOf(status), ErrorClass::kUsage) << text;
    EXPECT_NE(Message(status).find("\"lab\" is not a host"), std::string_view::npos) << status;
  }
}

TEST(ReferenceTest, AUrlIsNamedAsSuch) {
  EXPECT_NE(Message(ParseReference("https://models.example.org/a/b").status()).find("it is a URL"),
            std::string_view::npos);
}

TEST(ReferenceTest, RandomReferencesRoundTrip) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  auto word = [&] {
    std::string text;
    for (uint64_t length = 1 + random() % 8; length > 0; --length) text += "abcXYZ0189"[random() % 10];
    return text;
  };
  for (int i = 0; i < 1000; ++i) {
    Reference reference{.model = word() + "/" + word()};
    if (random() % 2 != 0) reference.registry = word() + "." + word() + (random() % 2 != 0 ? ":7070" : "");
    uint64_t selector = random() % 4;
    if (selector == 1) reference.version = word();
    if (selector == 2) reference.tag = word();
    if (selector == 3) reference.digest_hex = kDigest;
    auto parsed = ParseReference(RenderReference(reference));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, reference) << RenderReference(reference);
  }
}

}  // namespace
}  // namespace plumb
