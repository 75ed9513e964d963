// A server in this process, reached over real gRPC.
#ifndef PLUMB_TESTS_UNIT_REGISTRY_SERVER_FIXTURE_H_
#define PLUMB_TESTS_UNIT_REGISTRY_SERVER_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "plumb/v1/admin.grpc.pb.h"
#include "plumb/v1/catalogue.grpc.pb.h"
#include "plumb/v1/content.grpc.pb.h"
#include "plumb/v1/errors.pb.h"
#include "plumb/v1/publishing.grpc.pb.h"
#include "registry/server/server.h"
#include "tests/unit/registry/testing.h"

namespace plumb::testing_support {

class ServerFixture : public ::testing::Test {
 protected:
  ServerFixture() {
    options_.data_dir = folder_.Join("data");
    options_.listen = "127.0.0.1:0";
    options_.stop_grace = std::chrono::seconds(2);
  }
  void SetUp() override { Start(); }

  void Start() {
    server_.reset();
    auto started = Server::New(options_);
    ASSERT_OK(started) << started.status();
    server_ = *std::move(started);
    Connect();
    admin_ = *ReadFile(server_->admin_token_file(), 1000);
    admin_.pop_back();
  }
  void Connect() {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(64 << 20);
    channel_ = grpc::CreateCustomChannel(server_->address(), grpc::InsecureChannelCredentials(), arguments);
    catalogue_ = v1::CatalogueService::NewStub(channel_);
    publishing_ = v1::PublishingService::NewStub(channel_);
    content_ = v1::ContentService::NewStub(channel_);
    administration_ = v1::AdminService::NewStub(channel_);
  }
  // A call's context with the given token; no token when empty.
  std::unique_ptr<grpc::ClientContext> As(const std::string& token) {
    auto context = std::make_unique<grpc::ClientContext>();
    if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
    return context;
  }
  std::unique_ptr<grpc::ClientContext> AsAdmin() { return As(admin_); }

  std::string MakeToken(const std::string& name, const std::vector<std::string>& scopes) {
    v1::CreateTokenRequest request;
    request.set_name(name);
    for (const std::string& scope : scopes) request.add_scopes(scope);
    v1::CreateTokenResponse response;
    EXPECT_OK(administration_->CreateToken(AsAdmin().get(), request, &response));
    return response.secret();
  }
  // Sends messages on one stream; returns all responses.
  std::vector<v1::UploadChunksResponse> Upload(const std::vector<v1::UploadChunksRequest>& messages,
                                               grpc::Status* final_status = nullptr) {
    auto context = AsAdmin();
    auto stream = content_->UploadChunks(context.get());
    for (const v1::UploadChunksRequest& message : messages) {
      if (!stream->Write(message)) break;
    }
    stream->WritesDone();
    std::vector<v1::UploadChunksResponse> responses;
    for (v1::UploadChunksResponse response; stream->Read(&response);) responses.push_back(response);
    grpc::Status status = stream->Finish();
    if (final_status != nullptr) {
      *final_status = status;
    } else {
      EXPECT_OK(status) << status.error_message();
    }
    return responses;
  }
  static v1::UploadChunksRequest Message(const std::string& data, uint32_t offset, const std::string& whole = "") {
    v1::UploadChunksRequest message;
    if (!whole.empty()) {
      message.mutable_chunk()->set_digest(Sha256Of(whole).ToBytes());
      message.mutable_chunk()->set_size_bytes(static_cast<uint32_t>(whole.size()));
    }
    message.set_offset(offset);
    message.set_data(data);
    return message;
  }
  grpc::Status PutList(const SampleFile& file, v1::PutChunkListResponse* response, const std::string& root = "") {
    auto context = AsAdmin();
    auto writer = content_->PutChunkList(context.get(), response);
    v1::PutChunkListRequest message;
    ChunkList list = file.List();
    message.set_tree_root(root.empty() ? list.TreeRoot().ToBytes() : root);
    for (const ChunkRef& chunk : list.chunks()) {
      v1::Chunk* added = message.add_chunks();
      added->set_digest(chunk.digest.ToBytes());
      added->set_size_bytes(chunk.size_bytes);
    }
    writer->Write(message);
    writer->WritesDone();
    return writer->Finish();
  }
  grpc::Status Commit(const v1::Manifest& manifest, v1::CommitReleaseResponse* last, const std::string& token) {
    v1::CommitReleaseRequest request;
    request.set_manifest(manifest.SerializeAsString());
    auto context = As(token);
    auto reader = publishing_->CommitRelease(context.get(), request);
    while (reader->Read(last)) {
    }
    return reader->Finish();
  }
  // Uploads and commits as the admin; returns the digest.
  std::string Publish(const std::string& model, const std::string& version, const std::vector<SampleFile>& files) {
    for (const SampleFile& file : files) {
      for (const std::string& chunk : file.chunks) Upload({Message(chunk, 0, chunk)});
      v1::PutChunkListResponse response;
      EXPECT_OK(PutList(file, &response));
    }
    v1::CommitReleaseResponse last;
    grpc::Status status = Commit(MakeManifest(model, version, files), &last, admin_);
    EXPECT_OK(status) << status.error_message();
    return last.release().digest();
  }
  grpc::Status Resolve(const std::string& model, const std::string& version, const std::string& token = "") {
    v1::ResolveRequest request;
    request.set_model(model);
    if (!version.empty()) request.set_version(version);
    v1::Release release;
    return catalogue_->Resolve(As(token).get(), request, &release);
  }
  v1::ReadChunksRequest ReadRequest(const std::string& chunk, uint32_t offset = 0, uint32_t limit = 0) {
    v1::ReadChunksRequest request;
    v1::ChunkRange* range = request.add_ranges();
    range->mutable_chunk()->set_digest(Sha256Of(chunk).ToBytes());
    range->mutable_chunk()->set_size_bytes(static_cast<uint32_t>(chunk.size()));
    range->set_offset(offset);
    range->set_limit(limit);
    return request;
  }
  std::vector<v1::ReadChunksResponse> Read(const v1::ReadChunksRequest& request, grpc::Status* status = nullptr) {
    auto context = As("");
    auto reader = content_->ReadChunks(context.get(), request);
    std::vector<v1::ReadChunksResponse> responses;
    for (v1::ReadChunksResponse response; reader->Read(&response);) responses.push_back(response);
    grpc::Status final_status = reader->Finish();
    if (status != nullptr) *status = final_status;
    return responses;
  }
  // The detail of one type in a status, by the end of its type's name.
  template <typename Detail>
  static std::optional<Detail> DetailOf(const grpc::Status& status, const std::string& type) {
    v1::StatusDetails details;
    if (!details.ParseFromString(status.error_details())) return std::nullopt;
    for (const google::protobuf::Any& any : details.details()) {
      Detail detail;
      if (any.type_url() == "type.googleapis.com/" + type && detail.ParseFromString(any.value())) return detail;
    }
    return std::nullopt;
  }

  TemporaryFolder folder_;
  ServerOptions options_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::CatalogueService::Stub> catalogue_;
  std::unique_ptr<v1::PublishingService::Stub> publishing_;
  std::unique_ptr<v1::ContentService::Stub> content_;
  std::unique_ptr<v1::AdminService::Stub> administration_;
  std::string admin_;
};

}  // namespace plumb::testing_support

#endif  // PLUMB_TESTS_UNIT_REGISTRY_SERVER_FIXTURE_H_
