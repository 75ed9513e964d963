#include "client/rpc/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "plumb/base/status.h"

namespace plumb::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Variables = std::map<std::string, std::string>;

absl::StatusOr<std::optional<Proxy>> Choose(const std::string& target, bool tls, const Variables& variables) {
  return ChooseProxy(*SplitHostPort(target), tls, [&](const std::string& name) -> std::optional<std::string> {
    auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  });
}

// The address of the proxy; `direct` without one.
std::string Chosen(const std::string& target, bool tls, const Variables& variables) {
  absl::StatusOr<std::optional<Proxy>> proxy = Choose(target, tls, variables);
  if (!proxy.ok()) return proxy.status().ToString();
  return proxy->has_value() ? (*proxy)->Address() : "direct";
}

TEST(ChooseProxy, GoesByTheSchemeAsCurlDoes) {
  EXPECT_EQ(Chosen("r.example:7070", false, {{"http_proxy", "http://p:1"}}), "p:1");
  EXPECT_EQ(Chosen("r.example:7070", false, {{"HTTP_PROXY", "http://p:1"}}), "direct");
  EXPECT_EQ(Chosen("r.example:7070", false, {{"https_proxy", "http://p:1"}}), "direct");
  EXPECT_EQ(Chosen("r.example:7070", false, {{"grpc_proxy", "http://p:1"}}), "direct");
  EXPECT_EQ(Chosen("r.example:7070", true, {{"http_proxy", "http://p:1"}}), "direct");
  EXPECT_EQ(Chosen("r.example:7070", true, {{"https_proxy", "http://p:1"}, {"HTTPS_PROXY", "http://q:1"}}), "p:1");
  EXPECT_EQ(Chosen("r.example:7070", true, {{"HTTPS_PROXY", "http://q:1"}}), "q:1");
  for (bool tls : {false, true}) {
    EXPECT_EQ(Chosen("r.example:7070", tls, {{"ALL_PROXY", "http://a:1"}}), "a:1");
    EXPECT_EQ(Chosen("r.example:7070", tls, {{"all_proxy", "http://b:1"}, {"ALL_PROXY", "http://a:1"}}), "b:1");
    EXPECT_EQ(Chosen("r.example:7070", tls, {}), "direct");
    EXPECT_EQ(Chosen("r.example:7070", tls, {{"http_proxy", ""}, {"https_proxy", ""}}), "direct");
  }
}

TEST(ChooseProxy, ThisMachineIsNeverReachedThroughOne) {
  for (const char* target : {"localhost:1", "LOCALHOST:1", "localhost.:1", "a.localhost:1", "127.0.0.1:1",
                             "127.9.8.7:1", "127.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "0.0.0.0:1", "[::]:1"}) {
    EXPECT_EQ(Chosen(target, false, {{"http_proxy", "http://p:1"}, {"all_proxy", "http://p:1"}}), "direct") << target;
  }
  for (const char* target : {"localhosts:1", "128.0.0.1:1", "[::2]:1", "127.0.0.1.example:1"}) {
    EXPECT_EQ(Chosen(target, false, {{"http_proxy", "http://p:1"}}), "p:1") << target;
  }
}

TEST(ChooseProxy, NoProxyListsNamesAddressesAndNetworks) {
  auto exempt = [](const std::string& target, const std::string& list) {
    return Chosen(target, false, {{"http_proxy", "http://p:1"}, {"no_proxy", list}}) == "direct";
  };
  EXPECT_TRUE(exempt("r.example:7070", "r.example"));
  EXPECT_TRUE(exempt("R.Example.:7070", "other, r.EXAMPLE"));
  EXPECT_TRUE(exempt("r.example:7070", "example"));
  EXPECT_TRUE(exempt("r.example:7070", ".example"));
  EXPECT_TRUE(exempt("example:7070", ".example"));
  EXPECT_TRUE(exempt("r.example:7070", "*.example"));
  EXPECT_TRUE(exempt("r.example:7070", "*"));
  EXPECT_TRUE(exempt("r.example:7070", "a b r.example"));
  EXPECT_TRUE(exempt("r.example:7070", "r.example:7070"));
  EXPECT_FALSE(exempt("r.example:7070", "r.example:7071"));
  EXPECT_FALSE(exempt("r.example:7070", "ample"));
  EXPECT_FALSE(exempt("r.example:7070", "x.r.example"));
  EXPECT_FALSE(exempt("r.example:7070", ""));
  EXPECT_FALSE(exempt("r.example:7070", ".,,"));
  EXPECT_TRUE(exempt("10.1.2.3:7070", "10.1.2.3"));
  EXPECT_TRUE(exempt("10.1.2.3:7070", "10.0.0.0/8"));
  EXPECT_TRUE(exempt("10.1.2.3:7070", "10.1.2.2/31"));
  EXPECT_FALSE(exempt("10.1.2.3:7070", "10.1.2.2/32"));
  EXPECT_FALSE(exempt("11.1.2.3:7070", "10.0.0.0/8"));
  EXPECT_FALSE(exempt("10.1.2.3:7070", "10.0.0.0/33"));
  EXPECT_FALSE(exempt("10.1.2.3:7070", "2.3"));
  EXPECT_TRUE(exempt("[fd00::1]:7070", "fd00::1"));
  EXPECT_TRUE(exempt("[fd00::1]:7070", "[fd00::1]"));
  EXPECT_TRUE(exempt("[fd00::1]:7070", "[fd00::1]:7070"));
  EXPECT_TRUE(exempt("[fd00::1]:7070", "fd00::/16"));
  EXPECT_FALSE(exempt("[fd00::1]:7070", "10.0.0.0/8"));
  EXPECT_EQ(Chosen("r.example:1", false, {{"http_proxy", "p:1"}, {"NO_PROXY", "r.example"}}), "direct");
  EXPECT_EQ(Chosen("r.example:1", false, {{"http_proxy", "p:1"}, {"no_proxy", "x"}, {"NO_PROXY", "r.example"}}), "p:1");
}

TEST(ChooseProxy, TakesAnUrlApart) {
  absl::StatusOr<std::optional<Proxy>> proxy =
      Choose("r:1", false, {{"http_proxy", "http://me:p%40ss@p.example:3128/x"}});
  ASSERT_TRUE(proxy.ok() && proxy->has_value());
  EXPECT_EQ((*proxy)->Address(), "p.example:3128");
  EXPECT_EQ((*proxy)->credentials, "me:p@ss");
  EXPECT_EQ((*proxy)->variable, "http_proxy");
  EXPECT_EQ(Chosen("r:1", false, {{"http_proxy", "p"}}), "p:1080");
  EXPECT_EQ(Chosen("r:1", false, {{"http_proxy", "http://[fd00::1]"}}), "[fd00::1]:1080");
  EXPECT_EQ(Chosen("r:1", false, {{"http_proxy", "HTTP://[fd00::1]:3128/"}}), "[fd00::1]:3128");
}

TEST(ChooseProxy, WhatItCannotUseIsNamedWithoutItsSecrets) {
  for (const char* url : {"socks5://me:secret@p:1", "https://me:secret@p:1", "http://me:secret@:1", "me:secret@p:x"}) {
    absl::Status status = Choose("r:1", false, {{"http_proxy", url}}).status();
    EXPECT_EQ(ErrorClassOf(status), ErrorClass::kUsage) << url;
    EXPECT_THAT(std::string(Message(status)), HasSubstr("http_proxy"));
    EXPECT_THAT(std::string(Message(status)), Not(HasSubstr("secret")));
  }
  // An exempt target needs none.
  EXPECT_EQ(Chosen("r:1", false, {{"http_proxy", "socks5://p:1"}, {"no_proxy", "r"}}), "direct");
}

}  // namespace
}  // namespace plumb::rpc
