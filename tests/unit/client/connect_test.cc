// Why a connection did not come about: tests/e2e/network_test.py has the certificates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/rpc/diagnosis.h"
#include "plumb/base/status.h"
#include "plumb/client/connection.h"
#include "tests/unit/client/listener.h"

namespace plumb::rpc {
namespace {

using ::testing::HasSubstr;

Diagnosis Diagnose(const Route& route) { return DiagnoseConnection(route, std::chrono::milliseconds(300), nullptr); }

Route To(uint16_t port, bool tls = false) { return {.target = {.host = "127.0.0.1", .port = port}, .tls = tls}; }

Route Through(uint16_t port) {
  Route route{.target = {.host = "registry.test", .port = 7070}};
  route.proxy = Proxy{.host = "127.0.0.1", .port = port, .credentials = "me:secret", .variable = "http_proxy"};
  return route;
}

TEST(DiagnoseConnection, NobodyListens) { EXPECT_EQ(Diagnose(To(1)).problem, ConnectProblem::kRefused); }

TEST(DiagnoseConnection, SomebodyListensAndSaysNothing) {
  SilentListener silent;
  EXPECT_EQ(Diagnose(To(silent.port())).problem, ConnectProblem::kSilent);
  EXPECT_EQ(Diagnose(To(silent.port(), /*tls=*/true)).problem, ConnectProblem::kSilent);
}

TEST(DiagnoseConnection, AWebServerIsNoRegistry) {
  OneAnswer web("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(Diagnose(To(web.port())).problem, ConnectProblem::kSilent);
}

TEST(DiagnoseConnection, PlainTextIsNoTls) {
  OneAnswer web("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(Diagnose(To(web.port(), /*tls=*/true)).problem, ConnectProblem::kNeedsPlainText);
}

TEST(DiagnoseConnection, TheProxyIsNotThere) {
  EXPECT_EQ(Diagnose(Through(1)).problem, ConnectProblem::kProxyUnreachable);
}

TEST(DiagnoseConnection, TheProxyRefuses) {
  OneAnswer proxy("HTTP/1.1 403 Forbidden\r\nX: y\r\n\r\n");
  Diagnosis found = Diagnose(Through(proxy.port()));
  EXPECT_EQ(found.problem, ConnectProblem::kProxyRefused);
  EXPECT_THAT(found.words, HasSubstr("403 Forbidden"));
  EXPECT_THAT(proxy.request(), HasSubstr("CONNECT registry.test:7070 HTTP/1.1\r\n"));
  EXPECT_THAT(proxy.request(), HasSubstr("Proxy-Authorization:Basic bWU6c2VjcmV0\r\n"));
}

TEST(DiagnoseConnection, TheUserEndsIt) {
  SilentListener silent;
  Cancellation cancellation;
  cancellation.Cancel();
  DiagnoseConnection(To(silent.port()), std::chrono::hours(1), &cancellation);
}

TEST(Connect, TheFailureCarriesWhatWasFound) {
  absl::Status status =
      Connection::Connect({.registry = "127.0.0.1:1", .connect_for = std::chrono::milliseconds(0)}).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_EQ(ConnectProblemOf(status), ConnectProblem::kRefused);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("127.0.0.1:1: connect: Connection refused"));
}

TEST(ConnectProblemOf, IsUnknownWhereNothingIsAttached) {
  EXPECT_EQ(ConnectProblemOf(absl::UnavailableError("x")), ConnectProblem::kUnknown);
  EXPECT_TRUE(WithConnectProblem(absl::OkStatus(), ConnectProblem::kTls).ok());
}

}  // namespace
}  // namespace plumb::rpc
