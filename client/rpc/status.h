// gRPC statuses as ours.
#ifndef PLUMB_CLIENT_RPC_STATUS_H_
#define PLUMB_CLIENT_RPC_STATUS_H_

#include <grpcpp/support/status.h>

#include <chrono>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "plumb/v1/types.pb.h"

namespace plumb::rpc {

// The same code and message. A delay the server asked for (RetryInfo) is kept: see RetryDelay.
// `registry` is named when it could not be reached.
absl::Status FromGrpc(const grpc::Status& status, std::string_view registry);

// One item's status; the codes are gRPC's, which are absl's.
absl::Status FromItem(const v1::ItemStatus& status);

// How long the server asked to wait before trying again.
std::optional<std::chrono::milliseconds> RetryDelay(const absl::Status& status);

// The failure of a call in which nothing moved for so long. UNAVAILABLE, but no reason to try again at once.
absl::Status Stalled(std::string_view registry, std::chrono::milliseconds stall_max);

// True when the same call may succeed later: the server cannot be reached or asked to wait.
bool IsRetryable(const absl::Status& status);

}  // namespace plumb::rpc

#endif  // PLUMB_CLIENT_RPC_STATUS_H_
