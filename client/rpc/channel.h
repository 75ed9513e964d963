// The gRPC channel behind a Connection, and how calls are made on it.
#ifndef PLUMB_CLIENT_RPC_CHANNEL_H_
#define PLUMB_CLIENT_RPC_CHANNEL_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/sync_stream.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/rpc/call_watch.h"
#include "client/rpc/diagnosis.h"
#include "client/rpc/retry.h"
#include "client/rpc/status.h"
#include "plumb/base/status.h"
#include "plumb/client/connection_options.h"
#include "plumb/v1/admin.grpc.pb.h"
#include "plumb/v1/catalogue.grpc.pb.h"
#include "plumb/v1/content.grpc.pb.h"
#include "plumb/v1/publishing.grpc.pb.h"

namespace plumb::rpc {

// How long a call that fails is tried again.
enum class Repeat {
  kNever,      // It must not be repeated.
  kBriefly,    // ConnectionOptions::connect_for.
  kPatiently,  // ConnectionOptions::retry_for.
};

// Thread-safe.
class Channel {
 public:
  // FAILED_PRECONDITION when the token would travel in the clear; INVALID_ARGUMENT (ErrorClass::kUsage) for a bad host
  // or proxy.
  static absl::StatusOr<std::unique_ptr<Channel>> Open(const ConnectionOptions& options);
  // A channel on which every call fails at once, as OfflineError().
  static std::unique_ptr<Channel> OpenOffline(const std::string& registry);

  v1::CatalogueService::Stub& catalogue() { return *catalogue_; }
  v1::ContentService::Stub& content() { return *content_; }
  v1::PublishingService::Stub& publishing() { return *publishing_; }
  v1::AdminService::Stub& admin() { return *admin_; }
  // `host:port`.
  const std::string& registry() const { return registry_; }
  // How to try again; `operation`, which may be null, can end the waiting.
  Backoff NewBackoff(const Operation* operation, Repeat repeat = Repeat::kPatiently);
  // To be told of every call.
  CallWatch* watch() { return watch_.get(); }
  // The failure of a first call, with what a look at the connection shows; others stay as they are.
  absl::Status Explain(absl::Status failure) const;
  bool offline() const { return offline_; }
  // UNAVAILABLE: that the registry would have to be asked.
  absl::Status OfflineError() const;

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
                                const Request& request, Repeat repeat = Repeat::kPatiently) {
    if (offline_) return OfflineError();
    Backoff backoff = NewBackoff(nullptr, repeat);
    while (true) {
      grpc::ClientContext context;
      Authorize(&context);
      WatchedCall call(watch(), &context, nullptr);
      Owed answer(&call);
      Response response;
      absl::Status status = call.End((stub.*method)(&context, request, &response));
      if (status.ok()) {
        backoff.Reset();
        return response;
      }
      PLUMB_RETURN_IF_ERROR(backoff.WaitToRetry(status));
    }
  }

 private:
  Channel() = default;

  std::string registry_;
  std::string token_;
  Route route_;
  std::chrono::milliseconds connect_for_{0};
  std::chrono::milliseconds retry_for_{0};
  const Cancellation* cancellation_ = nullptr;
  std::unique_ptr<WaitNotice> notice_;
  std::unique_ptr<CallWatch> watch_;
  bool offline_ = false;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::CatalogueService::Stub> catalogue_;
  std::unique_ptr<v1::ContentService::Stub> content_;
  std::unique_ptr<v1::PublishingService::Stub> publishing_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
};

}  // namespace plumb::rpc

#endif  // PLUMB_CLIENT_RPC_CHANNEL_H_
