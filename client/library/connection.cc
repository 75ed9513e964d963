#include "plumb/client/connection.h"

#include <grpc/support/log.h>

#include <algorithm>
#include <utility>

#include "client/rpc/channel.h"
#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {

void SilenceTransport() {
  gpr_set_log_function([](gpr_log_func_args*) {});
}

Connection::Connection(std::unique_ptr<rpc::Channel> channel) : channel_(std::move(channel)) {}
Connection::~Connection() = default;

const std::string& Connection::registry() const { return channel_->registry(); }
const v1::Capabilities& Connection::capabilities() const { return capabilities_; }

bool Connection::offline() const { return channel_->offline(); }

std::unique_ptr<Connection> Connection::Offline(const std::string& registry) {
  std::unique_ptr<Connection> connection(new Connection(rpc::Channel::OpenOffline(registry)));
  connection->capabilities_.set_batch_items_max(limits::kBatchItemsMax);
  return connection;
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Connect(const ConnectionOptions& options) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<rpc::Channel> channel, rpc::Channel::Open(options));
  std::unique_ptr<Connection> connection(new Connection(std::move(channel)));
  rpc::Channel& opened = *connection->channel_;
  absl::StatusOr<v1::Capabilities> answer =
      opened.Call(opened.catalogue(), &v1::CatalogueService::Stub::GetCapabilities, v1::GetCapabilitiesRequest(),
                  rpc::Repeat::kBriefly);
  if (!answer.ok()) return opened.Explain(answer.status());
  connection->capabilities_ = *std::move(answer);
  v1::Capabilities& capabilities = connection->capabilities_;
  auto has = [](const auto& list, std::string_view wanted) {
    return std::any_of(list.begin(), list.end(), [&](const std::string& item) { return item == wanted; });
  };
  if (!has(capabilities.protocols(), "plumb.v1") || !has(capabilities.digest_functions(), "sha256")) {
    return FailedPrecondition(
        fmt::format("registry {} does not speak plumb.v1 with sha256; is plumb too old for it?", opened.registry()));
  }
  if (capabilities.chunk_bytes_max() < limits::kChunkBytes) {
    return FailedPrecondition(fmt::format("registry {} takes chunks of at most {} bytes, this client cuts {}",
                                          opened.registry(), capabilities.chunk_bytes_max(), limits::kChunkBytes));
  }
  // A server that states no limit is held to ours.
  uint32_t batch = capabilities.batch_items_max();
  capabilities.set_batch_items_max(batch == 0 ? limits::kBatchItemsMax : std::min(batch, limits::kBatchItemsMax));
  return connection;
}

}  // namespace plumb
