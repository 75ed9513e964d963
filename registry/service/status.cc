#include "registry/service/status.h"

#include <string>

#include "absl/strings/cord.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"
#include "plumb/v1/errors.pb.h"

namespace plumb {
namespace {

constexpr std::string_view kTypePrefix = "type.googleapis.com/";
// The name under which ordinary gRPC tools know the message; ours has the same fields.
constexpr char kRetryInfoUrl[] = "type.googleapis.com/google.rpc.RetryInfo";
constexpr size_t kMessageBytesMax = 2048;

std::string ShortMessage(const absl::Status& status) {
  std::string_view text = Message(status);
  size_t size = std::min(text.size(), kMessageBytesMax);
  // Not in the middle of a character.
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  std::string message(text.substr(0, size));
  if (IsValidUtf8(message)) return message;
  for (char& byte : message) {
    if (static_cast<unsigned char>(byte) >= 0x80) byte = '?';
  }
  return message;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  v1::StatusDetails details;
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    if (!std::string_view(url.data(), url.size()).starts_with(kTypePrefix)) return;
    google::protobuf::Any* any = details.add_details();
    any->set_type_url(std::string(url));
    any->set_value(std::string(payload));
  });
  std::string message = ShortMessage(status);
  auto code = static_cast<grpc::StatusCode>(status.raw_code());
  if (details.details().empty()) return {code, message};
  details.set_code(status.raw_code());
  details.set_message(message);
  return {code, message, details.SerializeAsString()};
}

v1::ItemStatus ToItemStatus(const absl::Status& status) {
  v1::ItemStatus item;
  item.set_code(status.raw_code());
  if (!status.ok()) item.set_message(ShortMessage(status));
  return item;
}

absl::Status WithRetryDelay(absl::Status status, std::chrono::milliseconds delay) {
  v1::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(delay.count() / 1000);
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(delay.count() % 1000 * 1'000'000));
  status.SetPayload(kRetryInfoUrl, absl::Cord(info.SerializeAsString()));
  return status;
}

}  // namespace plumb
