#include "client/rpc/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
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
// How often an idle connection is asked whether it stands. The answer, and what is sent, may take a while longer than
// ConnectionOptions::stall_max, so that calls in which nothing moves end by that.
constexpr int kKeepaliveMs = 40'000;
constexpr int64_t kKeepaliveMsMax = 24 * 3'600'000;
constexpr std::chrono::milliseconds kBeyondStall = std::chrono::seconds(10);
// Given to find out why a connection failed.
constexpr std::chrono::seconds kLookFor(3);

// `host:port`, with the default port when none is given.
std::string WithPort(std::string_view registry) {
  size_t bracket = registry.rfind(']');
  size_t colon = registry.rfind(':');
  bool has_port = colon != registry.npos && (bracket == registry.npos || colon > bracket);
  return has_port ? std::string(registry) : fmt::format("{}:7070", registry);
}

std::optional<std::string> ProcessVariable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

absl::StatusOr<std::string> ReadRoots(const std::string& ca_file) {
  absl::StatusOr<std::string> roots = ReadFile(ca_file.empty() ? kSystemCertificates : ca_file, kCertificatesBytesMax);
  if (roots.ok()) return roots;
  return ca_file.empty() ? "" : absl::StatusOr<std::string>(Annotate(roots.status(), "read trusted certificates"));
}

// How to get to `registry`, which is `host:port`.
absl::StatusOr<Route> FindRoute(const std::string& registry, const ConnectionOptions& options) {
  Route route;
  absl::StatusOr<HostPort> target = SplitHostPort(registry);
  if (!target.ok()) return WithErrorClass(target.status(), ErrorClass::kUsage);
  route.target = *std::move(target);
  route.tls = options.tls == TlsMode::kOn ||
              (options.tls == TlsMode::kAuto && (!options.ca_file.empty() || !IsLoopbackHost(route.target.host)));
  if (route.tls) {
    PLUMB_ASSIGN_OR_RETURN(route.roots_pem, ReadRoots(options.ca_file));
  }
  PLUMB_ASSIGN_OR_RETURN(route.proxy, ChooseProxy(route.target, route.tls, &ProcessVariable));
  return route;
}

std::shared_ptr<grpc::ChannelCredentials> MakeCredentials(const Route& route) {
  if (!route.tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = route.roots_pem;
  return grpc::SslCredentials(ssl);
}

// gRPC's names for a connection through a proxy; its own choice of proxy, by rules of its own, is switched off.
void UseProxy(const Route& route, const std::string& registry, grpc::ChannelArguments* arguments) {
  arguments->SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (!route.proxy.has_value()) return;
  arguments->SetString("grpc.http_connect_server", registry);
  arguments->SetString(GRPC_ARG_DEFAULT_AUTHORITY, registry);
  std::string authorization = ProxyAuthorization(*route.proxy);
  if (!authorization.empty()) arguments->SetString("grpc.http_connect_headers", authorization);
}

grpc::ChannelArguments MakeArguments(const Route& route, const std::string& registry,
                                     std::chrono::milliseconds stall_max) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(limits::kMessageBytesMax);
  arguments.SetMaxSendMessageSize(limits::kMessageBytesMax);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  // Its name misleads: so long an attempt may take, with its handshakes, before it counts as failed.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // Two connections of one process, as in a mirror sync, must not share a socket and its flow control.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A connection that a firewall has forgotten, or a host that is gone, is noticed while the registry works on an
  // answer.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  auto patience = std::clamp<int64_t>((stall_max + kBeyondStall).count(), kKeepaliveMs, kKeepaliveMsMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, static_cast<int>(patience));
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  UseProxy(route, registry, &arguments);
  return arguments;
}

absl::Status CheckRegistry(const std::string& registry) {
  size_t scheme = registry.find("://");
  std::string plain = registry.substr(scheme == registry.npos ? 0 : scheme + 3);
  plain = plain.substr(0, plain.find('/'));
  if (!registry.empty() && plain == registry) return absl::OkStatus();
  std::string hint = plain.empty() ? "" : fmt::format("; write {}", plain);
  return WithErrorClass(
      InvalidArgument(fmt::format("\"{}\" is not a registry: expected host[:port]{}", registry, hint)),
      ErrorClass::kUsage);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Channel>> Channel::Open(const ConnectionOptions& options) {
  PLUMB_RETURN_IF_ERROR(CheckRegistry(options.registry));
  std::unique_ptr<Channel> made(new Channel);
  const std::string registry = WithPort(options.registry);
  made->registry_ = registry;
  made->token_ = options.token;
  made->connect_for_ = options.connect_for;
  made->retry_for_ = options.retry_for;
  made->cancellation_ = options.cancellation;
  made->notice_ = std::make_unique<WaitNotice>(registry, options.waiting);
  made->watch_ = std::make_unique<CallWatch>(registry, options.cancellation, options.stall_max);
  PLUMB_ASSIGN_OR_RETURN(made->route_, FindRoute(registry, options));
  const Route& route = made->route_;
  std::shared_ptr<grpc::Channel> channel =
      grpc::CreateCustomChannel(route.proxy.has_value() ? route.proxy->Address() : registry, MakeCredentials(route),
                                MakeArguments(route, registry, options.stall_max));
  made->channel_ = channel;
  made->catalogue_ = v1::CatalogueService::NewStub(channel);
  made->content_ = v1::ContentService::NewStub(channel);
  made->publishing_ = v1::PublishingService::NewStub(channel);
  made->admin_ = v1::AdminService::NewStub(channel);
  return made;
}

std::unique_ptr<Channel> Channel::OpenOffline(const std::string& registry) {
  std::unique_ptr<Channel> made(new Channel);
  const ConnectionOptions none;
  made->registry_ = WithPort(registry);
  made->offline_ = true;
  made->notice_ = std::make_unique<WaitNotice>(made->registry_, none.waiting);
  made->watch_ = std::make_unique<CallWatch>(made->registry_, none.cancellation, none.stall_max);
  // Leads nowhere, for a stream that is opened all the same.
  made->channel_ = grpc::CreateChannel("unix:/nonexistent/plumb-offline", grpc::InsecureChannelCredentials());
  made->catalogue_ = v1::CatalogueService::NewStub(made->channel_);
  made->content_ = v1::ContentService::NewStub(made->channel_);
  made->publishing_ = v1::PublishingService::NewStub(made->channel_);
  made->admin_ = v1::AdminService::NewStub(made->channel_);
  return made;
}

absl::Status Channel::OfflineError() const {
  return Unavailable(
      fmt::format("the registry at {} would have to be asked, and plumb is told to stay offline", registry_));
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

Backoff Channel::NewBackoff(const Operation* operation, Repeat repeat) {
  Backoff::Policy policy{.cancellation = cancellation_, .operation = operation, .notice = notice_.get()};
  if (repeat == Repeat::kBriefly) policy.retry_for = connect_for_;
  if (repeat == Repeat::kPatiently) policy.retry_for = retry_for_;
  return Backoff(policy);
}

absl::Status Channel::Explain(absl::Status failure) const {
  if (!absl::IsUnavailable(failure) || !IsRetryable(failure)) return failure;
  Diagnosis found;
  // To look a name up may take very long, and gRPC has done so.
  if (ConnectProblemOf(failure) == ConnectProblem::kName) {
    found = {route_.proxy.has_value() ? ConnectProblem::kProxyUnreachable : ConnectProblem::kName,
             "the name has no address"};
  } else {
    found = DiagnoseConnection(route_, kLookFor, cancellation_);
  }
  if (cancellation_ != nullptr && cancellation_->cancelled()) return absl::CancelledError("interrupted");
  if (found.words.empty()) return failure;
  std::string way;
  if (route_.proxy.has_value()) {
    way = fmt::format(" through the proxy {} of {}", route_.proxy->Address(), route_.proxy->variable);
  }
  absl::Status explained =
      Unavailable(fmt::format("cannot reach the registry at {}{}: {}", registry_, way, found.words));
  return WithConnectProblem(std::move(explained), found.problem);
}

void Channel::Authorize(grpc::ClientContext* context) const {
  if (!token_.empty()) context->AddMetadata("authorization", "Bearer " + token_);
}

}  // namespace plumb::rpc
