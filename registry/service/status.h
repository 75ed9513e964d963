// Statuses as gRPC carries them.
#ifndef PLUMB_REGISTRY_SERVICE_STATUS_H_
#define PLUMB_REGISTRY_SERVICE_STATUS_H_

#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/support/status.h"
#include "plumb/v1/types.pb.h"

namespace plumb {

// Code and message as they are, and every payload whose name is a message type's in
// v1::StatusDetails. A message is cut at 2048 bytes, so that the trailer fits what clients accept.
grpc::Status ToGrpcStatus(const absl::Status& status);

// The same for one item of a batch.
v1::ItemStatus ToItemStatus(const absl::Status& status);

// `status` with v1::RetryInfo: trying again after `delay` may help.
absl::Status WithRetryDelay(absl::Status status, std::chrono::milliseconds delay);

// Ends a unary call: moves the value into `response`, or returns the error.
template <typename Response>
grpc::Status Reply(absl::StatusOr<Response> result, Response* response) {
  if (!result.ok()) return ToGrpcStatus(result.status());
  *response = *std::move(result);
  return grpc::Status::OK;
}

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVICE_STATUS_H_
