#include "registry/server/server.h"

#include <filesystem>
#include <mutex>
#include <utility>

#include "fmt/format.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "registry/access/access.h"
#include "registry/catalogue/catalogue.h"
#include "registry/catalogue/releases.h"
#include "registry/server/address_claim.h"
#include "registry/server/certificate.h"
#include "registry/server/endpoint.h"
#include "registry/server/identity.h"
#include "registry/server/request_log.h"
#include "registry/service/admin_service.h"
#include "registry/service/catalogue_service.h"
#include "registry/service/content_service.h"
#include "registry/service/publishing_service.h"
#include "registry/storage/data_directory.h"
#include "registry/storage/pack_store.h"
#include "registry/storage/partial_uploads.h"
#include "registry/storage/rocksdb_metadata_store.h"
#include "spdlog/spdlog.h"

#ifndef PLUMB_VERSION
#define PLUMB_VERSION "unknown"
#endif

namespace plumb {
namespace {

// Threads beyond those that streams hold: short calls, collection, fsck.
constexpr int kSpareThreads = 48;
constexpr int kFrameBytesMax = 16'777'215;  // HTTP/2's own limit.
constexpr int kPingsMs = 5000;
constexpr int kKeepaliveMs = 60'000;
constexpr int kStreamWindowBytes = 2 << 20;  // One message and the next on its way.

v1::Capabilities DescribeCapabilities(const std::string& registry_id, bool anonymous_read) {
  v1::Capabilities capabilities;
  capabilities.set_server_version(PLUMB_VERSION);
  capabilities.add_protocols("plumb.v1");
  capabilities.add_digest_functions("sha256");
  capabilities.set_chunk_bytes_max(limits::kChunkBytesMax);
  capabilities.set_batch_items_max(limits::kBatchItemsMax);
  capabilities.set_message_data_bytes_max(limits::kMessageDataBytesMax);
  capabilities.set_manifest_bytes_max(limits::kManifestBytesMax);
  capabilities.set_page_size_max(limits::kPageSizeMax);
  capabilities.set_anonymous_read(anonymous_read);
  capabilities.set_registry_id(registry_id);
  return capabilities;
}

void Configure(const ServerOptions& options, grpc::ServerBuilder* builder) {
  grpc::ResourceQuota quota("plumbd");
  quota.Resize(options.message_memory_bytes);
  const ServiceLimits& limits = options.limits;
  quota.SetMaxThreads(limits.uploads_max + limits.reads_max + limits.watchers_max + limits.commits_max + kSpareThreads);
  builder->SetResourceQuota(quota);
  builder->SetMaxReceiveMessageSize(limits::kMessageBytesMax);
  builder->SetMaxSendMessageSize(limits::kMessageBytesMax);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kFrameBytesMax);
  // A fixed window for each stream: probing grows it until the quota is used up, and then gRPC resets streams.
  builder->AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
  // Two servers on one port would each get some of the calls.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Clients look every so often whether a connection still stands.
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingsMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // And a caller that is gone without a word holds its streams no longer than this.
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveMs);
  if (options.log_requests) LogRequests(builder);
}

}  // namespace

// In the order in which they are made; closed in the opposite one.
struct Server::Parts {
  explicit Parts(DataDirectory data_directory) : directory(std::move(data_directory)) {}

  absl::Status OpenStores(const ServerOptions& options);
  absl::Status Serve(const ServerOptions& options);
  // What an operator wants to know of a server that begins to serve.
  void LogStart(const ServerOptions& options) const;

  DataDirectory directory;
  Endpoint endpoint;
  std::chrono::milliseconds stop_grace{0};
  std::unique_ptr<RocksDbMetadataStore> metadata;
  std::unique_ptr<PackStore> chunks;
  std::unique_ptr<PartialUploads> partials;
  std::shared_ptr<Certificate> certificate;
  std::unique_ptr<Catalogue> catalogue;
  std::unique_ptr<Access> access;
  std::string registry_id;
  std::unique_ptr<Gatekeeper> gatekeeper;
  std::unique_ptr<CatalogueService> catalogue_service;
  std::unique_ptr<PublishingService> publishing_service;
  std::unique_ptr<ContentService> content_service;
  std::unique_ptr<AdminService> admin_service;
  std::unique_ptr<grpc::Server> server;
  std::once_flag stopped;
};

absl::Status Server::Parts::OpenStores(const ServerOptions& options) {
  PLUMB_ASSIGN_OR_RETURN(metadata, RocksDbMetadataStore::New(directory.Join("metadata")));
  if (std::filesystem::exists(directory.Join("chunks"))) {
    return FailedPrecondition(
        fmt::format("{} was made by a version of plumbd that kept chunks in single files, which this one does not read",
                    directory.path()));
  }
  PLUMB_ASSIGN_OR_RETURN(
      chunks,
      PackStore::New(directory.Join("packs"), metadata.get(),
                     {.reserve_bytes = options.reserve_bytes, .pack_bytes = options.pack_bytes}, options.clock));
  PLUMB_ASSIGN_OR_RETURN(partials,
                         PartialUploads::New(directory.Join("uploads"), PartialUploads::Bounds(), options.clock));
  PLUMB_ASSIGN_OR_RETURN(catalogue, Catalogue::New(metadata.get(), chunks.get(), options.clock));
  access = std::make_unique<Access>(metadata.get(), options.anonymous_read, options.clock);
  PLUMB_ASSIGN_OR_RETURN(registry_id, EnsureIdentity(directory.Join("admin.token"), *access, metadata.get()));
  return absl::OkStatus();
}

absl::Status Server::Parts::Serve(const ServerOptions& options) {
  gatekeeper = std::make_unique<Gatekeeper>(access.get());
  catalogue_service =
      std::make_unique<CatalogueService>(&catalogue->reader(), &catalogue->journal(), gatekeeper.get(),
                                         DescribeCapabilities(registry_id, options.anonymous_read), options.limits);
  publishing_service = std::make_unique<PublishingService>(catalogue.get(), gatekeeper.get(), options.limits);
  content_service =
      std::make_unique<ContentService>(&catalogue->content(), partials.get(), gatekeeper.get(), options.limits);
  admin_service = std::make_unique<AdminService>(access.get(), catalogue.get(), partials.get(), gatekeeper.get());
  std::shared_ptr<grpc::ServerCredentials> credentials =
      certificate == nullptr ? grpc::InsecureServerCredentials() : CertificateCredentials(certificate);
  // Both act on every server that is built after them.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  Configure(options, &builder);
  int port = 0;
  builder.AddListeningPort(RenderEndpoint(endpoint), credentials, &port);
  builder.RegisterService(catalogue_service.get());
  builder.RegisterService(publishing_service.get());
  builder.RegisterService(content_service.get());
  builder.RegisterService(admin_service.get());
  server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return Unavailable(
        fmt::format("cannot listen on {}: the address is in use or not this machine's", RenderEndpoint(endpoint)));
  }
  endpoint.port = port;
  return absl::OkStatus();
}

void Server::Parts::LogStart(const ServerOptions& options) const {
  std::string how =
      certificate == nullptr ? "plain text" : fmt::format("TLS, certificate until {}", certificate->expires());
  spdlog::info("plumbd {} serves {} on {} ({}), reading {}", PLUMB_VERSION, directory.path(), RenderEndpoint(endpoint),
               how, options.anonymous_read ? "without a token" : "with a token only");
  absl::StatusOr<v1::Stats> stats = ComputeStats(*metadata, *chunks);
  if (stats.ok()) {
    spdlog::info("registry {}: {} releases, {} chunks, {} MiB stored", registry_id, stats->releases(), stats->chunks(),
                 stats->stored_bytes() >> 20);
  }
  if (certificate == nullptr && !IsLoopback(endpoint)) {
    spdlog::warn(
        "tokens and models cross the network in plain text: use --tls-cert and --tls-key, or put a proxy that "
        "speaks TLS in front and --listen on 127.0.0.1");
  }
}

absl::StatusOr<std::unique_ptr<Server>> Server::New(ServerOptions options) {
  if (options.data_dir.empty()) {
    return WithErrorClass(InvalidArgument("no data folder was given"), ErrorClass::kUsage);
  }
  PLUMB_ASSIGN_OR_RETURN(Endpoint endpoint, ParseEndpoint(options.listen));
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<Certificate> certificate, OpenCertificate(options));
  // Held until gRPC listens: a server that cannot have its address leaves nothing behind.
  PLUMB_ASSIGN_OR_RETURN(AddressClaim claim, AddressClaim::Take(endpoint));
  PLUMB_ASSIGN_OR_RETURN(DataDirectory directory, DataDirectory::Open(options.data_dir));
  auto parts = std::make_unique<Parts>(std::move(directory));
  parts->endpoint = std::move(endpoint);
  parts->certificate = std::move(certificate);
  parts->stop_grace = options.stop_grace;
  absl::Status opened = parts->OpenStores(options);
  if (!opened.ok()) return WithErrorClass(std::move(opened), ErrorClass::kLocalStorage);
  PLUMB_RETURN_IF_ERROR(parts->Serve(options));
  parts->LogStart(options);
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Shutdown(); }

absl::Status Server::ReloadCertificate() {
  return parts_->certificate == nullptr ? absl::OkStatus() : parts_->certificate->Reload();
}

int Server::port() const { return parts_->endpoint.port; }
std::string Server::address() const { return RenderEndpoint(parts_->endpoint); }
std::string Server::admin_token_file() const { return parts_->directory.Join("admin.token"); }

void Server::Shutdown() {
  std::call_once(parts_->stopped, [this] {
    if (auto* health = parts_->server->GetHealthCheckService(); health != nullptr) health->SetServingStatus(false);
    parts_->catalogue->journal().StopWaiting();
    parts_->server->Shutdown(std::chrono::system_clock::now() + parts_->stop_grace);
    parts_->server->Wait();
  });
}

}  // namespace plumb
