#include "client/rpc/call_watch.h"

#include <gtest/gtest.h>

#include <thread>

#include "client/rpc/channel.h"
#include "client/rpc/status.h"
#include "tests/unit/client/listener.h"

namespace plumb::rpc {
namespace {

using std::chrono::milliseconds;

const grpc::Status kCancelled(grpc::StatusCode::CANCELLED, "Cancelled");

// A call to a server that takes connections and says nothing.
absl::Status CallSilent(const ConnectionOptions& options) {
  SilentListener silent;
  ConnectionOptions with = options;
  with.registry = silent.address();
  absl::StatusOr<std::unique_ptr<Channel>> channel = Channel::Open(with);
  if (!channel.ok()) return channel.status();
  return (*channel)
      ->Call((*channel)->catalogue(), &v1::CatalogueService::Stub::GetCapabilities, v1::GetCapabilitiesRequest())
      .status();
}

TEST(CallWatch, TheUserEndsACallThatNobodyAnswers) {
  Cancellation cancellation;
  std::thread user([&] {
    std::this_thread::sleep_for(milliseconds(50));
    cancellation.Cancel();
  });
  absl::Status status = CallSilent({.cancellation = &cancellation});
  user.join();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
}

TEST(CallWatch, AServerThatOwesAnAnswerForTooLongHasFailed) {
  absl::Status status = CallSilent({.stall_max = milliseconds(100)});
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_FALSE(IsRetryable(status));
}

TEST(CallWatch, WhoOwesNothingIsWaitedFor) {
  CallWatch watch("r", nullptr, milliseconds(1));
  grpc::ClientContext context;
  WatchedCall call(&watch, &context, nullptr);
  { Owed answer(&call); }
  std::this_thread::sleep_for(milliseconds(120));
  // Cut off by the other side: worth another try.
  absl::Status status = call.End(kCancelled);
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_TRUE(IsRetryable(status));
}

TEST(CallWatch, EachGiftCountsTimeAnew) {
  CallWatch watch("r", nullptr, milliseconds(300));
  grpc::ClientContext context;
  WatchedCall call(&watch, &context, nullptr);
  call.Owe();
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(milliseconds(50));
    call.Owe();
    call.Give();
  }
  EXPECT_TRUE(IsRetryable(call.End(kCancelled)));
}

TEST(CallWatch, TheOperationsWishCountsToo) {
  Cancellation cancellation;
  Operation operation{.progress = nullptr, .warning = nullptr, .cancellation = &cancellation};
  CallWatch watch("r", nullptr, std::chrono::hours(1));
  grpc::ClientContext context;
  WatchedCall call(&watch, &context, &operation);
  cancellation.Cancel();
  EXPECT_TRUE(absl::IsCancelled(call.End(kCancelled)));
  EXPECT_TRUE(call.End(grpc::Status::OK).ok());
}

}  // namespace
}  // namespace plumb::rpc
