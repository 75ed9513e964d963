// The catalogue, publishing and administration over real gRPC: what is answered, and what is refused how.
#include <string>

#include "tests/unit/registry/server_fixture.h"

namespace plumb {
namespace {

using testing_support::MakeManifest;
using testing_support::SampleFile;

const SampleFile kFile = {"a.bin", {"first chunk", "second chunk"}};

using ServiceTest = testing_support::ServerFixture;

TEST_F(ServiceTest, CapabilitiesNeedNoToken) {
  v1::Capabilities capabilities;
  ASSERT_OK(catalogue_->GetCapabilities(As("").get(), {}, &capabilities));
  EXPECT_EQ(capabilities.protocols(0), "plumb.v1");
  EXPECT_EQ(capabilities.chunk_bytes_max(), 4u << 20);
  EXPECT_TRUE(capabilities.anonymous_read());
  EXPECT_FALSE(capabilities.registry_id().empty());
  std::string id = capabilities.registry_id();
  Start();
  ASSERT_OK(catalogue_->GetCapabilities(As("").get(), {}, &capabilities));
  EXPECT_EQ(capabilities.registry_id(), id);
}

TEST_F(ServiceTest, PublishedBytesComeBack) {
  std::string digest = Publish("lab/m", "v1", {kFile});
  ASSERT_OK(Resolve("lab/m", "v1"));
  v1::GetManifestRequest request;
  request.set_digest(digest);
  v1::GetManifestResponse response;
  ASSERT_OK(catalogue_->GetManifest(As("").get(), request, &response));
  EXPECT_EQ(Sha256Of(response.manifest()).ToBytes(), digest);
  v1::GetChunkListRequest list_request;
  list_request.set_tree_root(kFile.List().TreeRoot().ToBytes());
  v1::GetChunkListResponse list;
  ASSERT_OK(content_->GetChunkList(As("").get(), list_request, &list));
  ASSERT_EQ(list.chunks_size(), 2);
  EXPECT_EQ(list.chunk_count(), 2u);
  list_request.set_first(1);
  list_request.set_limit(1);
  ASSERT_OK(content_->GetChunkList(As("").get(), list_request, &list));
  EXPECT_EQ(list.chunks(0).digest(), Sha256Of("second chunk").ToBytes());
  auto responses = Read(ReadRequest("second chunk"));
  ASSERT_EQ(responses.size(), 1u);
  EXPECT_EQ(responses[0].data(), "second chunk");
  EXPECT_TRUE(responses[0].last());
}

TEST_F(ServiceTest, EverythingSurvivesARestart) {
  Publish("lab/m", "v1", {kFile});
  Start();
  EXPECT_OK(Resolve("lab/m", "v1"));
  EXPECT_EQ(Read(ReadRequest("first chunk"))[0].data(), "first chunk");
}

TEST_F(ServiceTest, UnknownReferenceIsNotFound) {
  EXPECT_EQ(Resolve("lab/m", "v1").error_code(), grpc::StatusCode::NOT_FOUND);
  Publish("lab/m", "v1", {kFile});
  grpc::Status status = Resolve("lab/m", "v2");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_NE(status.error_message().find("v2"), std::string::npos);
}

TEST_F(ServiceTest, BadTokenIsUnauthenticatedEvenForReading) {
  Publish("lab/m", "v1", {kFile});
  EXPECT_EQ(Resolve("lab/m", "v1", "plumb_wrong").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  auto context = std::make_unique<grpc::ClientContext>();
  context->AddMetadata("authorization", "Basic abc");
  v1::Release release;
  EXPECT_EQ(catalogue_->Resolve(context.get(), {}, &release).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(ServiceTest, ReadingCanBeClosedToStrangers) {
  options_.anonymous_read = false;
  Start();
  Publish("lab/m", "v1", {kFile});
  EXPECT_EQ(Resolve("lab/m", "v1").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_OK(Resolve("lab/m", "v1", MakeToken("reader", {"read"})));
}

TEST_F(ServiceTest, ScopesDecideWhoMayDoWhat) {
  std::string digest = Publish("lab/m", "v1", {kFile});
  std::string reader = MakeToken("reader", {"read"});
  std::string lab = MakeToken("lab", {"publish:lab"});
  std::string other = MakeToken("other", {"publish:other"});
  auto tag = [&](const std::string& token) {
    v1::SetTagRequest request;
    request.set_model("lab/m");
    request.set_tag("latest");
    request.set_digest(digest);
    v1::SetTagResponse response;
    return publishing_->SetTag(As(token).get(), request, &response);
  };
  EXPECT_EQ(tag("").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(tag(reader).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  grpc::Status denied = tag(other);
  EXPECT_EQ(denied.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_NE(denied.error_message().find("publish:lab"), std::string::npos);
  EXPECT_OK(tag(lab));
  v1::CommitReleaseResponse last;
  EXPECT_EQ(Commit(MakeManifest("lab/m", "v2", {kFile}), &last, other).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_OK(Commit(MakeManifest("other/m", "v1", {kFile}), &last, other));
  v1::FindMissingResponse missing;
  EXPECT_EQ(content_->FindMissing(As("").get(), {}, &missing).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_OK(content_->FindMissing(As(other).get(), {}, &missing));
  v1::Stats stats;
  EXPECT_EQ(administration_->GetStats(As(lab).get(), {}, &stats).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_OK(administration_->GetStats(AsAdmin().get(), {}, &stats));
  EXPECT_EQ(stats.releases(), 2u);
  v1::GetCursorRequest cursor_request;
  cursor_request.set_name("up");
  v1::Cursor cursor;
  EXPECT_EQ(administration_->GetCursor(As(lab).get(), cursor_request, &cursor).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_OK(administration_->GetCursor(As(MakeToken("all", {"publish:*"})).get(), cursor_request, &cursor));
}

TEST_F(ServiceTest, WhoAmITellsTheToken) {
  v1::Token token;
  EXPECT_EQ(administration_->WhoAmI(As("").get(), {}, &token).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  ASSERT_OK(administration_->WhoAmI(As(MakeToken("ci", {"publish:lab"})).get(), {}, &token));
  EXPECT_EQ(token.name(), "ci");
  EXPECT_EQ(token.scopes(0), "publish:lab");
}

TEST_F(ServiceTest, RevokedTokenStopsWorking) {
  std::string token = MakeToken("ci", {"read"});
  v1::RevokeTokenRequest request;
  request.set_name("ci");
  v1::RevokeTokenResponse response;
  ASSERT_OK(administration_->RevokeToken(AsAdmin().get(), request, &response));
  EXPECT_EQ(Resolve("lab/m", "", token).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(ServiceTest, TokensArePaged) {
  MakeToken("b", {"read"});
  MakeToken("c", {"read"});
  v1::ListTokensRequest request;
  request.mutable_page()->set_page_size(2);
  v1::ListTokensResponse response;
  ASSERT_OK(administration_->ListTokens(AsAdmin().get(), request, &response));
  ASSERT_EQ(response.tokens_size(), 2);
  EXPECT_EQ(response.tokens(0).name(), "admin");
  request.mutable_page()->set_page_token(response.next_page_token());
  ASSERT_OK(administration_->ListTokens(AsAdmin().get(), request, &response));
  ASSERT_EQ(response.tokens_size(), 1);
  EXPECT_EQ(response.tokens(0).name(), "c");
  EXPECT_EQ(response.next_page_token(), "");
}

TEST_F(ServiceTest, MissingContentTravelsInTheDetails) {
  v1::CommitReleaseResponse last;
  grpc::Status status = Commit(MakeManifest("lab/m", "v1", {kFile}), &last, admin_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  auto missing = DetailOf<v1::MissingContent>(status, "plumb.v1.MissingContent");
  ASSERT_TRUE(missing.has_value());
  EXPECT_EQ(missing->tree_roots(0), kFile.List().TreeRoot().ToBytes());
}

TEST_F(ServiceTest, LargestMissingContentFitsTheTrailer) {
  SampleFile file{"many", {}};
  for (int i = 0; i < 300; ++i) file.chunks.push_back("chunk " + std::to_string(i));
  v1::PutChunkListResponse response;
  ASSERT_OK(PutList(file, &response));
  v1::CommitReleaseResponse last;
  grpc::Status status = Commit(MakeManifest("lab/m", "v1", {file}), &last, admin_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION) << status.error_message();
  EXPECT_EQ(DetailOf<v1::MissingContent>(status, "plumb.v1.MissingContent")->chunk_digests_size(), 100);
}

TEST_F(ServiceTest, CommitIsIdempotentAndVersionsAreNotReused) {
  std::string digest = Publish("lab/m", "v1", {kFile});
  v1::CommitReleaseResponse last;
  ASSERT_OK(Commit(MakeManifest("lab/m", "v1", {kFile}), &last, admin_));
  EXPECT_TRUE(last.existed());
  EXPECT_EQ(last.release().digest(), digest);
  v1::Manifest other = MakeManifest("lab/m", "v1", {kFile});
  other.set_license("MIT");
  EXPECT_EQ(Commit(other, &last, admin_).error_code(), grpc::StatusCode::ALREADY_EXISTS);
}

TEST_F(ServiceTest, HostilePathInAManifestIsRefused) {
  for (std::string path : {"../escape", "/etc/passwd", "a/../../b", "a\\b", "NUL", "a//b"}) {
    v1::Manifest manifest = MakeManifest("lab/m", "v1", {kFile});
    manifest.mutable_files(0)->set_path(path);
    v1::CommitReleaseResponse last;
    EXPECT_EQ(Commit(manifest, &last, admin_).error_code(), grpc::StatusCode::INVALID_ARGUMENT) << path;
  }
}

TEST_F(ServiceTest, StaleTagMoveIsAborted) {
  v1::SetTagRequest request;
  request.set_model("lab/m");
  request.set_tag("latest");
  request.set_digest(Publish("lab/m", "v1", {kFile}));
  request.set_expected_revision(5);
  v1::SetTagResponse response;
  EXPECT_EQ(publishing_->SetTag(AsAdmin().get(), request, &response).error_code(), grpc::StatusCode::ABORTED);
}

TEST_F(ServiceTest, EventsAreListedAndWatchedFromACursor) {
  Publish("lab/m", "v1", {kFile});
  v1::WatchRequest watch;
  auto context = As("");
  auto reader = catalogue_->Watch(context.get(), watch);
  v1::Event event;
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.sequence(), 1u);
  Publish("lab/m", "v2", {kFile});
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.sequence(), 2u);
  EXPECT_EQ(event.version(), "v2");
  EXPECT_EQ(event.actor(), "admin");
  context->TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  v1::ListEventsRequest request;
  request.set_page_size(1);
  v1::ListEventsResponse response;
  ASSERT_OK(catalogue_->ListEvents(As("").get(), request, &response));
  EXPECT_EQ(response.events_size(), 1);
  EXPECT_EQ(response.head_sequence(), 2u);
  request.set_after_sequence(2);
  ASSERT_OK(catalogue_->ListEvents(As("").get(), request, &response));
  EXPECT_EQ(response.events_size(), 0);
}

TEST_F(ServiceTest, WatchingPastTheHeadIsOutOfRange) {
  v1::WatchRequest watch;
  watch.set_after_sequence(1);
  auto context = As("");
  auto reader = catalogue_->Watch(context.get(), watch);
  v1::Event event;
  EXPECT_FALSE(reader->Read(&event));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST_F(ServiceTest, WatchersBeyondTheLimitAreToldToTryAgain) {
  options_.limits.watchers_max = 1;
  Start();
  auto first_context = As("");
  auto first = catalogue_->Watch(first_context.get(), {});
  first->WaitForInitialMetadata();
  auto second_context = As("");
  auto second = catalogue_->Watch(second_context.get(), {});
  v1::Event event;
  EXPECT_FALSE(second->Read(&event));
  grpc::Status status = second->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(DetailOf<v1::RetryInfo>(status, "google.rpc.RetryInfo").has_value());
  first_context->TryCancel();
  first->Finish();
}

TEST_F(ServiceTest, StoppingEndsWatchersWithARetryDelay) {
  auto context = As("");
  auto reader = catalogue_->Watch(context.get(), {});
  reader->WaitForInitialMetadata();
  server_->Shutdown();
  v1::Event event;
  EXPECT_FALSE(reader->Read(&event));
  grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(DetailOf<v1::RetryInfo>(status, "google.rpc.RetryInfo").has_value());
}

TEST_F(ServiceTest, GarbageAndFsckStreamToTheirTotals) {
  Publish("lab/m", "v1", {kFile});
  Upload({Message("stray", 0, "stray")});
  v1::CollectGarbageRequest request;
  request.set_grace_seconds(0);
  auto context = AsAdmin();
  auto reader = administration_->CollectGarbage(context.get(), request);
  v1::CollectGarbageResponse totals;
  while (reader->Read(&totals)) {
  }
  ASSERT_OK(reader->Finish());
  EXPECT_TRUE(totals.done());
  EXPECT_EQ(totals.deleted_chunks(), 1u);
  testing_support::ReplaceInFiles(folder_.Join("data/packs"), "first chunk", "first chunK");
  auto fsck_context = AsAdmin();
  auto fsck = administration_->Fsck(fsck_context.get(), {});
  std::vector<v1::FsckResponse> messages;
  for (v1::FsckResponse message; fsck->Read(&message);) {
    if (message.has_problem() || message.done()) messages.push_back(message);
  }
  ASSERT_OK(fsck->Finish());
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].problem().kind(), "chunk");
  EXPECT_EQ(messages[0].problem().needed_by(0), "lab/m@v1");
  EXPECT_TRUE(messages[1].done());
  EXPECT_EQ(messages[1].problem_count(), 1u);
}

// Needs a file system that is really full, so a small one is mounted where the test may.

}  // namespace
}  // namespace plumb
