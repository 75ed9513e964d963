#include "client/rpc/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb::rpc {
namespace {

constexpr char kSystemCertificates[] = "/etc/ssl/certs/ca-certificates.crt";
constexpr uint64_t kCertificatesBytesMax = 16u << 20;

// `host:port`, with the default port when none is given.
std::string WithPort(std::string_view registry) {
  size_t bracket = registry.rfind(']');
  size_t colon = registry.rfind(':');
  bool has_port = colon != registry.npos && (bracket == registry.npos || colon > bracket);
  return has_port ? std::string(registry) : fmt::format("{}:7070", registry);
}

bool IsLoopback(std::string_view registry) {
  std::string_view host = registry.substr(0, registry.rfind(':'));
  return host == "localhost" || host.starts_with("127.") || host == "[::1]";
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(const ConnectionOptions& options, bool tls) {
  if (!tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  absl::StatusOr<std::string> roots =
      ReadFile(options.ca_file.empty() ? kSystemCertificates : options.ca_file, kCertificatesBytesMax);
  if (!roots.ok() && !options.ca_file.empty()) return Annotate(roots.status(), "read trusted certificates");
  if (roots.ok()) ssl.pem_root_certs = *std::move(roots);
  return grpc::SslCredentials(ssl);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Channel>> Channel::Open(const ConnectionOptions& options) {
  if (options.registry.empty() || options.registry.find('/') != std::string::npos) {
    return WithErrorClass(
        InvalidArgument(fmt::format("\"{}\" is not a registry: expected host[:port]", options.registry)),
        ErrorClass::kUsage);
  }
  std::unique_ptr<Channel> made(new Channel);
  made->registry_ = WithPort(options.registry);
  made->token_ = options.token;
  made->retries_ = options.retries;
  bool tls = options.tls == TlsMode::kOn || (options.tls == TlsMode::kAuto && !IsLoopback(made->registry_));
  if (options.tls == TlsMode::kAuto && !options.ca_file.empty()) tls = true;
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<grpc::ChannelCredentials> credentials, MakeCredentials(options, tls));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(limits::kMessageBytesMax);
  arguments.SetMaxSendMessageSize(limits::kMessageBytesMax);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  // Its name misleads: so long an attempt may take, with its handshakes, before it counts as failed.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // Two connections of one process, as in a mirror sync, must not share a socket and its flow control.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  std::shared_ptr<grpc::Channel> channel = grpc::CreateCustomChannel(made->registry_, credentials, arguments);
  made->channel_ = channel;
  made->catalogue_ = v1::CatalogueService::NewStub(channel);
  made->content_ = v1::ContentService::NewStub(channel);
  made->publishing_ = v1::PublishingService::NewStub(channel);
  made->admin_ = v1::AdminService::NewStub(channel);
  return made;
}

std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, v1::UploadChunksResponse>> Channel::UploadChunks(
    grpc::ClientContext* context) {
  grpc::internal::RpcMethod method("/plumb.v1.ContentService/UploadChunks", grpc::internal::RpcMethod::BIDI_STREAMING,
                                   channel_);
  using Factory = grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, v1::UploadChunksResponse>;
  return std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, v1::UploadChunksResponse>>(
      Factory::Create(channel_.get(), method, context));
}

std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> Channel::ReadChunks(grpc::ClientContext* context,
                                                                          const v1::ReadChunksRequest& request) {
  grpc::internal::RpcMethod method("/plumb.v1.ContentService/ReadChunks", grpc::internal::RpcMethod::SERVER_STREAMING,
                                   channel_);
  return std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>>(
      grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(channel_.get(), method, context, request));
}

void Channel::Authorize(grpc::ClientContext* context) const {
  if (!token_.empty()) context->AddMetadata("authorization", "Bearer " + token_);
}

}  // namespace plumb::rpc
