#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "client/rpc/channel.h"
#include "client/rpc/retry.h"
#include "client/rpc/status.h"
#include "plumb/base/status.h"
#include "plumb/client/connect_problem.h"
#include "plumb/client/connection.h"
#include "plumb/v1/errors.pb.h"

namespace plumb::rpc {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

grpc::Status WithRetryInfo(grpc::StatusCode code, int64_t seconds, int32_t nanos) {
  v1::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(seconds);
  info.mutable_retry_delay()->set_nanos(nanos);
  v1::StatusDetails details;
  google::protobuf::Any* any = details.add_details();
  any->set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  any->set_value(info.SerializeAsString());
  return grpc::Status(code, "busy", details.SerializeAsString());
}

TEST(StatusTest, CodesMapOneToOne) {
  for (int code = 0; code <= 16; ++code) {
    EXPECT_EQ(static_cast<int>(FromGrpc(grpc::Status(static_cast<grpc::StatusCode>(code), "m"), "r").code()), code);
  }
}

TEST(StatusTest, AnUnreachableRegistryIsNamed) {
  EXPECT_THAT(std::string(Message(FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "refused"), "host:1"))),
              HasSubstr("host:1"));
}

TEST(StatusTest, TheServersDelayIsKept) {
  absl::Status status = FromGrpc(WithRetryInfo(grpc::StatusCode::RESOURCE_EXHAUSTED, 1, 500'000'000), "r");
  EXPECT_EQ(RetryDelay(status), std::chrono::milliseconds(1500));
  EXPECT_TRUE(IsRetryable(status));
}

TEST(StatusTest, AnAbsurdDelayIsBounded) {
  for (int64_t seconds : {int64_t{1} << 62, int64_t{-5}}) {
    auto delay = RetryDelay(FromGrpc(WithRetryInfo(grpc::StatusCode::UNAVAILABLE, seconds, 0), "r"));
    ASSERT_TRUE(delay.has_value());
    EXPECT_GE(delay->count(), 0);
    EXPECT_LE(delay->count(), 30'000);
  }
}

TEST(StatusTest, AStreamThatABusyServerResetIsTriedAgain) {
  grpc::Status reset(grpc::StatusCode::RESOURCE_EXHAUSTED, "Received RST_STREAM with error code 11");
  EXPECT_TRUE(IsRetryable(FromGrpc(reset, "r")));
}

TEST(StatusTest, OnlyTheLastLinkOfGrpcsChainIsShown) {
  grpc::Status status(grpc::StatusCode::UNAVAILABLE,
                      "failed to connect to all addresses; last error: X: Connection refused");
  EXPECT_EQ(Message(FromGrpc(status, "host:1")), "cannot reach the registry at host:1: Connection refused");
}

TEST(StatusTest, ANameWithoutAnAddressIsKnownAsSuch) {
  grpc::Status status(
      grpc::StatusCode::UNAVAILABLE,
      "DNS resolution failed for nowhere.invalid:7070: C-ares status is not ARES_SUCCESS: Domain name not found");
  EXPECT_EQ(ConnectProblemOf(FromGrpc(status, "nowhere.invalid:7070")), ConnectProblem::kName);
}

TEST(StatusTest, GarbageInTheDetailsIsIgnored) {
  absl::Status status = FromGrpc(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "m", "\xff\xff"), "r");
  EXPECT_FALSE(RetryDelay(status).has_value());
  EXPECT_FALSE(IsRetryable(status));
}

TEST(StatusTest, ACallThatStoodStillIsNotTriedAgain) {
  absl::Status stalled = Stalled("host:1", std::chrono::milliseconds(1500));
  EXPECT_TRUE(absl::IsUnavailable(stalled));
  EXPECT_FALSE(IsRetryable(stalled));
  EXPECT_THAT(std::string(Message(stalled)), AllOf(HasSubstr("host:1"), HasSubstr("1.5 s")));
}

TEST(BackoffTest, WithoutTimeThereIsNoSecondTry) {
  Backoff backoff({});
  EXPECT_TRUE(absl::IsUnavailable(backoff.WaitToRetry(absl::UnavailableError("down"))));
}

TEST(BackoffTest, GivesUpWhenItsTimeIsOver) {
  Backoff backoff({.retry_for = std::chrono::milliseconds(150)});
  absl::Status down = absl::UnavailableError("down");
  int tries = 0;
  while (backoff.WaitToRetry(down).ok()) ++tries;
  EXPECT_GE(tries, 1);
  EXPECT_LE(tries, 3);
  backoff.Reset();
  EXPECT_TRUE(backoff.WaitToRetry(down).ok());
}

TEST(BackoffTest, FinalErrorsAreNotRepeated) {
  Backoff backoff({.retry_for = std::chrono::hours(1)});
  for (const absl::Status& failure :
       {absl::NotFoundError("x"), absl::ResourceExhaustedError("disk full"), Stalled("r", std::chrono::seconds(1))}) {
    EXPECT_EQ(backoff.WaitToRetry(failure).code(), failure.code());
  }
}

TEST(BackoffTest, TheUserEndsTheWaiting) {
  Cancellation cancellation;
  Operation operation{.progress = nullptr, .warning = nullptr, .cancellation = &cancellation};
  Backoff by_operation({.retry_for = std::chrono::hours(1), .operation = &operation});
  Backoff by_connection({.retry_for = std::chrono::hours(1), .cancellation = &cancellation});
  absl::Status busy = FromGrpc(WithRetryInfo(grpc::StatusCode::UNAVAILABLE, 30, 0), "r");
  std::thread user([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancellation.Cancel();
  });
  EXPECT_TRUE(absl::IsCancelled(by_operation.WaitToRetry(busy)));
  EXPECT_TRUE(absl::IsCancelled(by_connection.WaitToRetry(busy)));
  user.join();
}

TEST(WaitNoticeTest, TellsOnceForAnyNumberOfCallsAndOnceWhenItIsOver) {
  std::vector<std::string> told;
  WaitNotice notice("host:1", [&](const std::string& text) { told.push_back(text); });
  notice.End();
  EXPECT_TRUE(told.empty());
  notice.Begin(absl::UnavailableError("Connection refused"), std::chrono::seconds(90));
  notice.Begin(absl::UnavailableError("Connection refused"), std::chrono::seconds(90));
  notice.End();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_THAT(told[0], AllOf(HasSubstr("host:1"), HasSubstr("1:30"), HasSubstr("Connection refused")));
  EXPECT_EQ(told[1], "");
}

TEST(ChannelTest, AddsTheDefaultPort) {
  EXPECT_EQ((*Channel::Open({.registry = "127.0.0.1"}))->registry(), "127.0.0.1:7070");
  EXPECT_EQ((*Channel::Open({.registry = "[::1]"}))->registry(), "[::1]:7070");
  EXPECT_EQ((*Channel::Open({.registry = "[::1]:80"}))->registry(), "[::1]:80");
}

TEST(ChannelTest, RefusesWhatIsNoRegistry) {
  for (const char* registry : {"", "http://host", "host/", "host:port", "host:70700"}) {
    EXPECT_EQ(ErrorClassOf(Channel::Open({.registry = registry}).status()), ErrorClass::kUsage) << registry;
  }
}

TEST(ChannelTest, SaysHowAnUrlIsWrittenAsARegistry) {
  absl::Status status = Channel::Open({.registry = "https://host:443/models"}).status();
  EXPECT_THAT(std::string(Message(status)), HasSubstr("write host:443"));
}

TEST(ChannelTest, AMissingCertificateFileIsNamed) {
  absl::Status status = Channel::Open({.registry = "host", .ca_file = "/nonexistent.pem"}).status();
  EXPECT_THAT(std::string(Message(status)), HasSubstr("/nonexistent.pem"));
}

TEST(ConnectionTest, NobodyThereIsUnavailable) {
  EXPECT_TRUE(absl::IsUnavailable(
      Connection::Connect({.registry = "127.0.0.1:1", .connect_for = std::chrono::milliseconds(0)}).status()));
}

}  // namespace
}  // namespace plumb::rpc
