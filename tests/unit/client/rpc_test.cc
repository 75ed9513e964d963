#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/rpc/channel.h"
#include "client/rpc/retry.h"
#include "client/rpc/status.h"
#include "plumb/base/status.h"
#include "plumb/client/connection.h"
#include "plumb/v1/errors.pb.h"

namespace plumb::rpc {
namespace {

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

TEST(StatusTest, GarbageInTheDetailsIsIgnored) {
  absl::Status status = FromGrpc(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "m", "\xff\xff"), "r");
  EXPECT_FALSE(RetryDelay(status).has_value());
  EXPECT_FALSE(IsRetryable(status));
}

TEST(BackoffTest, GivesUpAfterItsRetries) {
  Backoff backoff(1);
  absl::Status down = absl::UnavailableError("down");
  EXPECT_TRUE(backoff.WaitToRetry(down));
  EXPECT_FALSE(backoff.WaitToRetry(down));
  backoff.Reset();
  EXPECT_TRUE(backoff.WaitToRetry(down));
}

TEST(BackoffTest, FinalErrorsAreNotRepeated) {
  Backoff backoff(5);
  EXPECT_FALSE(backoff.WaitToRetry(absl::NotFoundError("x")));
  EXPECT_FALSE(backoff.WaitToRetry(absl::ResourceExhaustedError("disk full")));
}

TEST(ChannelTest, AddsTheDefaultPort) {
  EXPECT_EQ((*Channel::Open({.registry = "127.0.0.1"}))->registry(), "127.0.0.1:7070");
  EXPECT_EQ((*Channel::Open({.registry = "[::1]"}))->registry(), "[::1]:7070");
  EXPECT_EQ((*Channel::Open({.registry = "[::1]:80"}))->registry(), "[::1]:80");
}

TEST(ChannelTest, RefusesWhatIsNoRegistry) {
  for (const char* registry : {"", "http://host"}) {
    EXPECT_EQ(ErrorClassOf(Channel::Open({.registry = registry}).status()), ErrorClass::kUsage);
  }
}

TEST(ChannelTest, AMissingCertificateFileIsNamed) {
  absl::Status status = Channel::Open({.registry = "host", .ca_file = "/nonexistent.pem"}).status();
  EXPECT_THAT(std::string(Message(status)), HasSubstr("/nonexistent.pem"));
}

TEST(ConnectionTest, NobodyThereIsUnavailable) {
  EXPECT_TRUE(absl::IsUnavailable(Connection::Connect({.registry = "127.0.0.1:1", .retries = 0}).status()));
}

}  // namespace
}  // namespace plumb::rpc
