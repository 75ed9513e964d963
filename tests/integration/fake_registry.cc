#include "tests/integration/fake_registry.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/content/chunker.h"

namespace plumb::testing {
namespace {

constexpr uint32_t kPiece = 100'000;

}  // namespace

FakeRegistry::FakeRegistry(const std::map<std::string, std::string>& files, Lies lies) : lies_(std::move(lies)) {
  manifest_.set_schema_version(1);
  manifest_.set_model("lab/tiny");
  manifest_.set_version("v1");
  manifest_.set_kind(v1::KIND_WEIGHTS);
  for (const auto& [path, content] : files) {
    ChunkList list;
    size_t offset = 0;
    for (const PlannedChunk& planned : PlanChunks(content.size(), {})) {
      std::string bytes = content.substr(offset, planned.size_bytes);
      Digest digest = Sha256Of(bytes);
      list.Append({digest, planned.size_bytes}).IgnoreError();
      chunks_[digest.ToBytes()] = std::move(bytes);
      offset += planned.size_bytes;
    }
    v1::File* file = manifest_.add_files();
    file->set_path(path);
    file->set_size_bytes(content.size());
    file->set_sha256(Sha256Of(content).ToBytes());
    file->set_tree_root(list.TreeRoot().ToBytes());
    file->set_chunk_count(list.size());
    by_root_[file->tree_root()] = list;
    lists_[path] = std::move(list);
  }
  manifest_bytes_ = manifest_.SerializeAsString();
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(static_cast<v1::CatalogueService::Service*>(this));
  builder.RegisterService(static_cast<v1::ContentService::Service*>(this));
  server_ = builder.BuildAndStart();
}

FakeRegistry::~FakeRegistry() { server_->Shutdown(); }

std::string FakeRegistry::address() const { return fmt::format("127.0.0.1:{}", port_); }

void FakeRegistry::ServeManifest(std::string bytes) { manifest_bytes_ = std::move(bytes); }

grpc::Status FakeRegistry::GetCapabilities(grpc::ServerContext*, const v1::GetCapabilitiesRequest*,
                                           v1::Capabilities* response) {
  response->add_protocols("plumb.v1");
  response->add_digest_functions("sha256");
  response->set_chunk_bytes_max(limits::kChunkBytesMax);
  if (lies_.capabilities) lies_.capabilities(response);
  return grpc::Status::OK;
}

grpc::Status FakeRegistry::Resolve(grpc::ServerContext*, const v1::ResolveRequest*, v1::Release* response) {
  response->set_model("lab/tiny");
  response->set_version("v1");
  response->set_digest(Sha256Of(manifest_bytes_).ToBytes());
  if (lies_.resolve) lies_.resolve(response);
  return grpc::Status::OK;
}

grpc::Status FakeRegistry::GetManifest(grpc::ServerContext*, const v1::GetManifestRequest*,
                                       v1::GetManifestResponse* response) {
  response->set_manifest(manifest_bytes_);
  if (lies_.manifest) lies_.manifest(response->mutable_manifest());
  return grpc::Status::OK;
}

grpc::Status FakeRegistry::ListModels(grpc::ServerContext*, const v1::ListModelsRequest*,
                                      v1::ListModelsResponse* response) {
  if (lies_.models) lies_.models(response);
  return grpc::Status::OK;
}

grpc::Status FakeRegistry::GetChunkList(grpc::ServerContext*, const v1::GetChunkListRequest* request,
                                        v1::GetChunkListResponse* response) {
  auto list = by_root_.find(request->tree_root());
  if (list == by_root_.end()) return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such chunk list");
  for (size_t i = request->first(); i < list->second.size(); ++i) {
    v1::Chunk* chunk = response->add_chunks();
    chunk->set_digest(list->second.chunks()[i].digest.ToBytes());
    chunk->set_size_bytes(list->second.chunks()[i].size_bytes);
  }
  response->set_chunk_count(list->second.size());
  if (lies_.chunk_list) lies_.chunk_list(response);
  return grpc::Status::OK;
}

grpc::Status FakeRegistry::ReadChunks(grpc::ServerContext*, const v1::ReadChunksRequest* request,
                                      grpc::ServerWriter<v1::ReadChunksResponse>* writer) {
  int call = read_calls_.fetch_add(1);
  for (int i = 0; i < request->ranges_size(); ++i) {
    const v1::ChunkRange& range = request->ranges(i);
    largest_offset_ = std::max(largest_offset_.load(), range.offset());
    const std::string& bytes = chunks_[range.chunk().digest()];
    ChunkRef chunk{*Digest::FromBytes(range.chunk().digest()), range.chunk().size_bytes()};
    for (uint32_t offset = range.offset(); offset < bytes.size(); offset += kPiece) {
      v1::ReadChunksResponse piece;
      piece.set_index(static_cast<uint32_t>(i));
      piece.set_offset(offset);
      piece.set_data(bytes.substr(offset, kPiece));
      piece.set_last(offset + kPiece >= bytes.size());
      if (lies_.piece && !lies_.piece(call, chunk, &piece)) {
        return grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut");
      }
      if (!writer->Write(piece)) return grpc::Status::CANCELLED;
    }
  }
  return grpc::Status::OK;
}

}  // namespace plumb::testing
