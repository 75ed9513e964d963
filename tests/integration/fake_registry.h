// A registry in memory that serves one release, and lies where a test tells it to.
#ifndef PLUMB_TESTS_INTEGRATION_FAKE_REGISTRY_H_
#define PLUMB_TESTS_INTEGRATION_FAKE_REGISTRY_H_

#include <grpcpp/server.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "plumb/content/chunk_list.h"
#include "plumb/manifest/manifest.h"
#include "plumb/v1/catalogue.grpc.pb.h"
#include "plumb/v1/content.grpc.pb.h"

namespace plumb::testing {

// Each hook may change an answer before it is sent; unset hooks leave it true.
struct Lies {
  std::function<void(v1::Release*)> resolve;
  std::function<void(std::string* manifest)> manifest;
  std::function<void(v1::GetChunkListResponse*)> chunk_list;
  // `call` counts ReadChunks calls from 0. Returning false ends the stream there with UNAVAILABLE.
  std::function<bool(int call, const ChunkRef& chunk, v1::ReadChunksResponse*)> piece;
  std::function<void(v1::ListModelsResponse*)> models;
  std::function<void(v1::Capabilities*)> capabilities;
};

// Serves on a free loopback port until destroyed.
class FakeRegistry : public v1::CatalogueService::Service, public v1::ContentService::Service {
 public:
  // `files`: path to content. The release is lab/tiny@v1.
  explicit FakeRegistry(const std::map<std::string, std::string>& files, Lies lies = {});
  ~FakeRegistry() override;

  // `127.0.0.1:port`.
  std::string address() const;
  // Serves this manifest, whatever it says.
  void ServeManifest(std::string bytes);
  const v1::Manifest& manifest() const { return manifest_; }
  const ChunkList& chunks(const std::string& path) const { return lists_.at(path); }
  // Largest offset a ReadChunks call asked for.
  uint32_t largest_offset_asked() const { return largest_offset_; }
  int read_calls() const { return read_calls_; }

  grpc::Status GetCapabilities(grpc::ServerContext*, const v1::GetCapabilitiesRequest*, v1::Capabilities*) override;
  grpc::Status Resolve(grpc::ServerContext*, const v1::ResolveRequest*, v1::Release*) override;
  grpc::Status GetManifest(grpc::ServerContext*, const v1::GetManifestRequest*, v1::GetManifestResponse*) override;
  grpc::Status ListModels(grpc::ServerContext*, const v1::ListModelsRequest*, v1::ListModelsResponse*) override;
  grpc::Status GetChunkList(grpc::ServerContext*, const v1::GetChunkListRequest*, v1::GetChunkListResponse*) override;
  grpc::Status ReadChunks(grpc::ServerContext*, const v1::ReadChunksRequest*,
                          grpc::ServerWriter<v1::ReadChunksResponse>*) override;

 private:
  Lies lies_;
  v1::Manifest manifest_;
  std::string manifest_bytes_;
  std::map<std::string, ChunkList> lists_;  // By path.
  std::map<std::string, ChunkList> by_root_;
  std::map<std::string, std::string> chunks_;  // By digest bytes.
  std::atomic<uint32_t> largest_offset_{0};
  std::atomic<int> read_calls_{0};
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace plumb::testing

#endif  // PLUMB_TESTS_INTEGRATION_FAKE_REGISTRY_H_
