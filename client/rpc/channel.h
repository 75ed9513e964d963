// The gRPC channel behind a Connection, and how calls are made on it.
#ifndef PLUMB_CLIENT_RPC_CHANNEL_H_
#define PLUMB_CLIENT_RPC_CHANNEL_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/sync_stream.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/rpc/retry.h"
#include "client/rpc/status.h"
#include "plumb/client/connection_options.h"
#include "plumb/v1/admin.grpc.pb.h"
#include "plumb/v1/catalogue.grpc.pb.h"
#include "plumb/v1/content.grpc.pb.h"
#include "plumb/v1/publishing.grpc.pb.h"

namespace plumb::rpc {

// Time limit of calls that answer at once; streams have none.
inline constexpr std::chrono::seconds kCallTimeout{60};

// Thread-safe.
class Channel {
 public:
  // FAILED_PRECONDITION when the token would travel in the clear; INVALID_ARGUMENT for a bad host.
  static absl::StatusOr<std::unique_ptr<Channel>> Open(const ConnectionOptions& options);

  v1::CatalogueService::Stub& catalogue() { return *catalogue_; }
  v1::ContentService::Stub& content() { return *content_; }
  v1::PublishingService::Stub& publishing() { return *publishing_; }
  v1::AdminService::Stub& admin() { return *admin_; }
  // `host:port`.
  const std::string& registry() const { return registry_; }
  int retries() const { return retries_; }

  // The streams that carry chunk data, as raw messages (proto/wire).
  std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, v1::UploadChunksResponse>> UploadChunks(
      grpc::ClientContext* context);
  std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> ReadChunks(grpc::ClientContext* context,
                                                                   const v1::ReadChunksRequest& request);

  // Adds the token to a call's metadata.
  void Authorize(grpc::ClientContext* context) const;

  // One call, tried again while that may help.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    return Call(stub, method, request, retries_);
  }
  // The same with another number of tries; 0 for calls that must not be repeated.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request, int retries) {
    Backoff backoff(retries);
    while (true) {
      grpc::ClientContext context;
      Authorize(&context);
      context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
      Response response;
      absl::Status status = FromGrpc((stub.*method)(&context, request, &response), registry_);
      if (status.ok()) return response;
      if (!backoff.WaitToRetry(status)) return status;
    }
  }

 private:
  Channel() = default;

  std::string registry_;
  std::string token_;
  int retries_ = 0;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::CatalogueService::Stub> catalogue_;
  std::unique_ptr<v1::ContentService::Stub> content_;
  std::unique_ptr<v1::PublishingService::Stub> publishing_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
};

}  // namespace plumb::rpc

#endif  // PLUMB_CLIENT_RPC_CHANNEL_H_
