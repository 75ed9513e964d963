#include "client/rpc/status.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "absl/strings/cord.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/connect_problem.h"
#include "plumb/v1/errors.pb.h"

namespace plumb::rpc {
namespace {

constexpr char kRetryDelayUrl[] = "plumb/retry-delay-ms";
constexpr char kFinalUrl[] = "plumb/final";
constexpr int64_t kRetryDelayMsMax = 30'000;

void KeepRetryDelay(const std::string& binary_details, absl::Status* status) {
  v1::StatusDetails details;
  if (!details.ParseFromString(binary_details)) return;
  for (const google::protobuf::Any& detail : details.details()) {
    if (!detail.type_url().ends_with("/google.rpc.RetryInfo")) continue;
    v1::RetryInfo info;
    if (!info.ParseFromString(detail.value())) continue;
    int64_t seconds = std::clamp<int64_t>(info.retry_delay().seconds(), 0, kRetryDelayMsMax / 1000);
    int64_t ms = std::clamp<int64_t>(seconds * 1000 + info.retry_delay().nanos() / 1'000'000, 0, kRetryDelayMsMax);
    status->SetPayload(kRetryDelayUrl, absl::Cord(std::to_string(ms)));
  }
}

}  // namespace

absl::Status FromGrpc(const grpc::Status& status, std::string_view registry) {
  if (status.ok()) return absl::OkStatus();
  auto code = static_cast<absl::StatusCode>(status.error_code());
  std::string message = status.error_message();
  if (code == absl::StatusCode::kUnavailable) {
    // gRPC tells the whole chain of its attempts; the last link says what happened.
    size_t last = message.rfind(": ");
    message = fmt::format("cannot reach the registry at {}: {}", registry,
                          last == std::string::npos ? message : message.substr(last + 2));
  }
  absl::Status converted(code, message);
  if (status.error_message().find("DNS resolution failed") != std::string::npos) {
    converted = WithConnectProblem(std::move(converted), ConnectProblem::kName);
  }
  // A server short of memory resets streams (HTTP/2 ENHANCE_YOUR_CALM) without saying when to come back.
  if (code == absl::StatusCode::kResourceExhausted && message.find("RST_STREAM") != std::string::npos) {
    converted.SetPayload(kRetryDelayUrl, absl::Cord("500"));
  }
  KeepRetryDelay(status.error_details(), &converted);
  return converted;
}

absl::Status FromItem(const v1::ItemStatus& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.code()), status.message());
}

std::optional<std::chrono::milliseconds> RetryDelay(const absl::Status& status) {
  auto payload = status.GetPayload(kRetryDelayUrl);
  if (!payload.has_value()) return std::nullopt;
  return std::chrono::milliseconds(std::atoll(std::string(*payload).c_str()));
}

absl::Status Stalled(std::string_view registry, std::chrono::milliseconds stall_max) {
  absl::Status status = Unavailable(fmt::format("the registry at {} is connected but has made no progress for {} s",
                                                registry, static_cast<double>(stall_max.count()) / 1000));
  status.SetPayload(kFinalUrl, absl::Cord("1"));
  return WithConnectProblem(std::move(status), ConnectProblem::kLost);
}

bool IsRetryable(const absl::Status& status) {
  if (status.GetPayload(kFinalUrl).has_value()) return false;
  return absl::IsUnavailable(status) || RetryDelay(status).has_value();
}

}  // namespace plumb::rpc
