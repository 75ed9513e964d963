#include "registry/access/access.h"

#include <set>

#include "registry/access/secret.h"
#include "registry/storage/memory_metadata_store.h"
#include "tests/unit/registry/testing.h"

namespace plumb {
namespace {

using testing_support::ManualClock;

TEST(ScopeTest, ParseIsTheInverseOfRender) {
  for (std::string text : {"read", "admin", "publish:*", "publish:lab", "publish:a.b_c-d"}) {
    auto scope = ParseScope(text);
    ASSERT_OK(scope) << text;
    EXPECT_EQ(RenderScope(*scope), text);
  }
}

TEST(ScopeTest, UnknownScopesAreRefused) {
  for (std::string text : {"", "write", "publish", "publish:", "publish:a/b", "publish:..", "Admin", "admin ", "read:x",
                           "publish:**", "publish:-a"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseScope(text).status())) << text;
  }
}

TEST(ScopeTest, WhatEachPermits) {
  struct Case {
    std::string held;
    Scope needed;
    bool permitted;
  };
  const Case cases[] = {
      {"read", Scope::Read(), true},
      {"read", Scope::PublishAnywhere(), false},
      {"read", Scope::Publish("lab"), false},
      {"read", Scope::Admin(), false},
      {"publish:lab", Scope::Read(), true},
      {"publish:lab", Scope::PublishAnywhere(), true},
      {"publish:lab", Scope::Publish("lab"), true},
      {"publish:lab", Scope::Publish("lab2"), false},
      {"publish:lab", Scope::Publish("la"), false},
      {"publish:lab", Scope::PublishEverywhere(), false},
      {"publish:lab", Scope::Admin(), false},
      {"publish:*", Scope::Publish("lab"), true},
      {"publish:*", Scope::PublishEverywhere(), true},
      {"publish:*", Scope::Admin(), false},
      {"admin", Scope::Read(), true},
      {"admin", Scope::Publish("lab"), true},
      {"admin", Scope::PublishEverywhere(), true},
      {"admin", Scope::Admin(), true},
  };
  for (const Case& c : cases) {
    std::vector<Scope> held = {*ParseScope(c.held)};
    EXPECT_EQ(Permits(held, c.needed), c.permitted) << c.held << " for " << RenderScope(c.needed);
  }
  EXPECT_FALSE(Permits({}, Scope::Read()));
}

TEST(SecretTest, HasItsFormAndNeverRepeats) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    auto secret = NewSecret();
    ASSERT_OK(secret);
    EXPECT_TRUE(LooksLikeSecret(*secret)) << *secret;
    EXPECT_EQ(secret->size(), 49u);
    EXPECT_TRUE(seen.insert(*secret).second);
  }
}

TEST(SecretTest, EveryLetterAndDigitComesUp) {
  std::string text = *RandomText(20'000);
  EXPECT_EQ(std::set<char>(text.begin(), text.end()).size(), 62u);
}

TEST(SecretTest, OtherFormsAreNoSecrets) {
  std::string secret = *NewSecret();
  for (std::string text : {std::string(), std::string("plumb_"), secret + "a", secret.substr(0, 48), "Plumb" + secret,
                           secret.substr(0, 48) + "-"}) {
    EXPECT_FALSE(LooksLikeSecret(text)) << text;
  }
}

class AccessTest : public ::testing::Test {
 protected:
  std::string Make(const std::string& name, const std::vector<std::string>& scopes,
                   std::chrono::seconds lifetime = std::chrono::seconds(0)) {
    auto made = access_.Create(name, scopes, lifetime);
    EXPECT_OK(made) << made.status();
    return made.ok() ? made->secret : "";
  }
  ManualClock clock_;
  MemoryMetadataStore store_;
  Access access_{&store_, true, clock_.AsClock()};
};

TEST_F(AccessTest, TokenIsRecognised) {
  std::string secret = Make("ci", {"publish:lab", "read"});
  auto principal = access_.Authenticate(secret);
  ASSERT_OK(principal);
  EXPECT_EQ(principal->name, "ci");
  EXPECT_EQ(principal->scopes.size(), 2u);
  EXPECT_FALSE(principal->anonymous);
}

TEST_F(AccessTest, WrongTokensAreUnauthenticated) {
  Make("ci", {"admin"});
  for (const std::string& secret : {std::string(), std::string("plumb_x"), *NewSecret()}) {
    EXPECT_TRUE(absl::IsUnauthenticated(access_.Authenticate(secret).status())) << secret;
  }
}

TEST_F(AccessTest, TheStoreHoldsNoSecret) {
  std::string secret = Make("ci", {"admin"});
  EXPECT_OK(store_.Scan("", "", [&](std::string_view key, std::string_view value) {
    EXPECT_EQ(key.find(secret), key.npos);
    EXPECT_EQ(value.find(secret), value.npos);
    EXPECT_EQ(value.find(secret.substr(6)), value.npos);
    return true;
  }));
}

TEST_F(AccessTest, AnonymousMayReadWhenAllowed) {
  auto anonymous = access_.Authenticate(std::nullopt);
  ASSERT_OK(anonymous);
  EXPECT_OK(access_.Authorize(*anonymous, Scope::Read()));
  EXPECT_TRUE(absl::IsUnauthenticated(access_.Authorize(*anonymous, Scope::PublishAnywhere())));
  Access closed(&store_, false, clock_.AsClock());
  EXPECT_TRUE(absl::IsUnauthenticated(closed.Authorize(*closed.Authenticate(std::nullopt), Scope::Read())));
}

TEST_F(AccessTest, MissingScopeIsNamed) {
  auto principal = access_.Authenticate(Make("ci", {"publish:lab"}));
  absl::Status status = access_.Authorize(*principal, Scope::Publish("other"));
  EXPECT_TRUE(absl::IsPermissionDenied(status));
  EXPECT_NE(Message(status).find("publish:other"), std::string_view::npos) << status;
  EXPECT_NE(Message(status).find("ci"), std::string_view::npos);
}

TEST_F(AccessTest, TokenExpires) {
  std::string secret = Make("short", {"read"}, std::chrono::seconds(60));
  clock_.Advance(std::chrono::seconds(59));
  EXPECT_OK(access_.Authenticate(secret));
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(absl::IsUnauthenticated(access_.Authenticate(secret).status()));
}

TEST_F(AccessTest, RevokedTokenIsWorthlessAtOnceAndItsNameIsFree) {
  std::string secret = Make("ci", {"read"});
  EXPECT_OK(access_.Revoke("ci"));
  EXPECT_TRUE(absl::IsUnauthenticated(access_.Authenticate(secret).status()));
  EXPECT_TRUE(absl::IsNotFound(access_.Revoke("ci")));
  Make("ci", {"admin"});
  EXPECT_TRUE(absl::IsUnauthenticated(access_.Authenticate(secret).status()));
}

TEST_F(AccessTest, BadRequestsForTokens) {
  auto code = [&](const std::string& name, const std::vector<std::string>& scopes, int64_t seconds = 0) {
    return access_.Create(name, scopes, std::chrono::seconds(seconds)).status().code();
  };
  Make("ci", {"read"});
  EXPECT_EQ(code("ci", {"read"}), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(code("", {"read"}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("a b", {"read"}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("anonymous", {"read"}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(std::string(129, 'a'), {"read"}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(std::string(128, 'a'), {"read"}), absl::StatusCode::kOk);
  EXPECT_EQ(code("b", {}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("b", {"root"}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("b", {"read"}, int64_t{1} << 60), absl::StatusCode::kInvalidArgument);
}

TEST_F(AccessTest, ListIsOrderedAndPaged) {
  for (std::string name : {"c", "a", "b"}) Make(name, {"read"});
  auto first = access_.List("", 2);
  ASSERT_EQ(first->size(), 2u);
  EXPECT_EQ((*first)[0].name(), "a");
  auto rest = access_.List("b", 2);
  ASSERT_EQ(rest->size(), 1u);
  EXPECT_EQ((*rest)[0].name(), "c");
}

}  // namespace
}  // namespace plumb
