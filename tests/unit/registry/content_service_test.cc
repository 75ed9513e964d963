// Chunks and chunk lists over real gRPC: streams that break, wrong bytes, full disks.
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <random>

#include "plumb/base/limits.h"
#include "tests/unit/registry/server_fixture.h"

namespace plumb {
namespace {

using testing_support::SampleFile;

const SampleFile kFile = {"a.bin", {"first chunk", "second chunk"}};

class ContentServiceTest : public testing_support::ServerFixture {
 protected:
  uint32_t Kept(const std::string& chunk) {
    v1::QueryChunkUploadRequest request;
    *request.mutable_chunk() = Message("", 0, chunk).chunk();
    v1::QueryChunkUploadResponse response;
    EXPECT_OK(content_->QueryChunkUpload(AsAdmin().get(), request, &response));
    return response.committed_bytes();
  }
};

TEST_F(ContentServiceTest, ManyChunksOnOneStreamAreAnsweredEach) {
  auto responses =
      Upload({Message("one", 0, "one"), Message("t", 0, "two"), Message("wo", 1), Message("three", 0, "three")});
  ASSERT_EQ(responses.size(), 3u);
  for (const auto& response : responses) EXPECT_EQ(response.status().code(), 0) << response.status().message();
  EXPECT_EQ(responses[1].digest(), Sha256Of("two").ToBytes());
  EXPECT_EQ(responses[1].committed_bytes(), 3u);
}

TEST_F(ContentServiceTest, ChunkThatIsThereIsAnsweredEarly) {
  Upload({Message("one", 0, "one")});
  auto responses = Upload({Message("o", 0, "one"), Message("ne", 1), Message("two", 0, "two")});
  ASSERT_EQ(responses.size(), 2u);
  EXPECT_EQ(responses[0].status().code(), 0);
  EXPECT_EQ(responses[0].committed_bytes(), 3u);
  EXPECT_EQ(responses[1].status().code(), 0);
}

TEST_F(ContentServiceTest, WrongHashFailsAloneAndKeepsNothing) {
  auto responses = Upload({Message("onE", 0, "one"), Message("two", 0, "two")});
  ASSERT_EQ(responses.size(), 2u);
  EXPECT_EQ(responses[0].status().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(responses[0].committed_bytes(), 0u);
  EXPECT_NE(responses[0].status().message().find(Sha256Of("onE").ToHex()), std::string::npos);
  EXPECT_EQ(responses[1].status().code(), 0);
  EXPECT_EQ(Kept("one"), 0u);
}

TEST_F(ContentServiceTest, CutStreamResumesAtItsOffset) {
  auto cut = Upload({Message("first ", 0, "first chunk")});
  ASSERT_EQ(cut.size(), 1u);
  EXPECT_EQ(cut[0].status().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(cut[0].committed_bytes(), 6u);
  EXPECT_EQ(Kept("first chunk"), 6u);
  Start();
  EXPECT_EQ(Kept("first chunk"), 6u);
  auto responses = Upload({Message("chunk", 6, "first chunk")});
  ASSERT_EQ(responses.size(), 1u);
  EXPECT_EQ(responses[0].status().code(), 0) << responses[0].status().message();
  EXPECT_EQ(Kept("first chunk"), 11u);
}

TEST_F(ContentServiceTest, BrokenConnectionKeepsWhatCame) {
  {
    auto context = AsAdmin();
    auto stream = content_->UploadChunks(context.get());
    ASSERT_TRUE(stream->Write(Message("one", 0, "one")));
    ASSERT_TRUE(stream->Write(Message("first ", 0, "first chunk")));
    v1::UploadChunksResponse response;
    ASSERT_TRUE(stream->Read(&response));
    // Sent again, so that the answer tells that the bytes before it have been taken in.
    ASSERT_TRUE(stream->Write(Message("chu", 6)));
    ASSERT_TRUE(stream->Write(Message("one", 0, "one")));
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.committed_bytes(), 9u);
    context->TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  EXPECT_EQ(Kept("first chunk"), 9u);
}

TEST_F(ContentServiceTest, WrongOffsetsAreRefusedWithTheRightOne) {
  auto gap = Upload({Message("fir", 0, "first chunk"), Message("chunk", 6)});
  ASSERT_EQ(gap.size(), 1u);
  EXPECT_EQ(gap[0].status().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(gap[0].committed_bytes(), 3u);
  auto beyond = Upload({Message("chunk", 6, "first chunk")});
  EXPECT_EQ(beyond[0].committed_bytes(), 3u);
  auto over = Upload({Message("first chunk!", 0, "first chunk")});
  EXPECT_EQ(over[0].status().code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ContentServiceTest, PoisonedBeginningHealsItself) {
  Upload({Message("fIrst ", 0, "first chunk")});
  auto wrong = Upload({Message("chunk", 6, "first chunk")});
  EXPECT_EQ(wrong[0].status().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Kept("first chunk"), 0u);
  EXPECT_EQ(Upload({Message("first chunk", 0, "first chunk")})[0].status().code(), 0);
}

TEST_F(ContentServiceTest, ChunkSizesAndMessagesAtTheLimits) {
  std::string big(4u << 20, 'x');
  std::vector<v1::UploadChunksRequest> messages;
  for (uint32_t at = 0; at < big.size(); at += 1u << 20) {
    messages.push_back(Message(big.substr(at, 1u << 20), at, at == 0 ? big : ""));
  }
  EXPECT_EQ(Upload(messages)[0].status().code(), 0);
  v1::UploadChunksRequest too_big = Message("x", 0, "x");
  too_big.mutable_chunk()->set_size_bytes((4u << 20) + 1);
  EXPECT_EQ(Upload({too_big})[0].status().code(), grpc::StatusCode::INVALID_ARGUMENT);
  grpc::Status status;
  std::string data(limits::kMessageDataBytesMax + 1, 'y');
  Upload({Message(data, 0, data)}, &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  Upload({Message("x", 0)}, &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  auto responses = Read(ReadRequest(big));
  ASSERT_EQ(responses.size(), 1u);
  EXPECT_EQ(responses[0].data().size(), big.size());
  EXPECT_TRUE(responses[0].last());
}

TEST_F(ContentServiceTest, FindMissingNamesEachOnceInOrderUpToTheLimit) {
  Upload({Message("one", 0, "one")});
  v1::FindMissingRequest request;
  for (std::string chunk : {"z", "one", "a", "z"}) request.add_digests(Sha256Of(chunk).ToBytes());
  v1::FindMissingResponse response;
  ASSERT_OK(content_->FindMissing(AsAdmin().get(), request, &response));
  ASSERT_EQ(response.digests_size(), 2);
  EXPECT_EQ(response.digests(0), Sha256Of("z").ToBytes());
  EXPECT_EQ(response.digests(1), Sha256Of("a").ToBytes());
  request.Clear();
  for (int i = 0; i < 10'000; ++i) request.add_digests(Sha256Of("one").ToBytes());
  EXPECT_OK(content_->FindMissing(AsAdmin().get(), request, &response));
  request.add_tree_roots(Sha256Of("one").ToBytes());
  EXPECT_EQ(content_->FindMissing(AsAdmin().get(), request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ContentServiceTest, RangesAreReadInPartAndFailAlone) {
  Upload({Message("first chunk", 0, "first chunk")});
  v1::ReadChunksRequest request = ReadRequest("first chunk", 6, 3);
  *request.add_ranges() = ReadRequest("absent").ranges(0);
  *request.add_ranges() = ReadRequest("first chunk", 11).ranges(0);
  *request.add_ranges() = ReadRequest("first chunk", 12).ranges(0);
  auto responses = Read(request);
  ASSERT_EQ(responses.size(), 4u);
  EXPECT_EQ(responses[0].data(), "chu");
  EXPECT_EQ(responses[0].offset(), 6u);
  EXPECT_EQ(responses[1].index(), 1u);
  EXPECT_EQ(responses[1].status().code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(responses[2].status().code(), 0);
  EXPECT_EQ(responses[2].data(), "");
  EXPECT_EQ(responses[3].status().code(), grpc::StatusCode::INVALID_ARGUMENT);
  for (const auto& response : responses) EXPECT_TRUE(response.last());
}

TEST_F(ContentServiceTest, ShortenedChunkOnDiskIsDataLoss) {
  Upload({Message("first chunk", 0, "first chunk")});
  std::filesystem::resize_file(folder_.Join("data/packs/00000001.pack"), 80);
  EXPECT_EQ(Read(ReadRequest("first chunk"))[0].status().code(), grpc::StatusCode::DATA_LOSS);
}

TEST_F(ContentServiceTest, ChunkListWithAnotherRootIsRefused) {
  v1::PutChunkListResponse response;
  EXPECT_EQ(PutList(kFile, &response, Sha256Of("x").ToBytes()).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(PutList(kFile, &response, "short").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_OK(PutList(kFile, &response));
  EXPECT_EQ(response.chunk_count(), 2u);
  EXPECT_EQ(response.size_bytes(), 23u);
}

TEST(DiskFullTest, UploadFailsAloneAndNothingIsLost) {
  testing_support::TemporaryFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=24m") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs needs root: " << std::strerror(errno);
  }
  struct Fixture : ContentServiceTest {
    using ContentServiceTest::admin_;
    using ContentServiceTest::Message;
    using ContentServiceTest::options_;
    using ContentServiceTest::Publish;
    using ContentServiceTest::Resolve;
    using ContentServiceTest::server_;
    using ContentServiceTest::Start;
    using ContentServiceTest::Upload;
    void TestBody() override {}
  } fixture;
  fixture.options_.data_dir = folder.Join("data");
  fixture.Start();
  fixture.Publish("lab/m", "v1", {kFile});
  int refused = 0;
  std::mt19937 random(1);
  for (int i = 0; i < 40; ++i) {
    std::string data(1u << 20, '\0');
    for (char& byte : data) byte = static_cast<char>(random());  // Nothing to compress.
    auto responses = fixture.Upload({Fixture::Message(data, 0, data)});
    ASSERT_EQ(responses.size(), 1u);
    if (responses[0].status().code() == grpc::StatusCode::RESOURCE_EXHAUSTED) ++refused;
  }
  EXPECT_GT(refused, 0);
  EXPECT_OK(fixture.Resolve("lab/m", "v1"));
  fixture.Publish("lab/m", "v2", {kFile});
  fixture.Start();
  EXPECT_OK(fixture.Resolve("lab/m", "v2"));
  fixture.server_.reset();
  ::umount2(folder.path().c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace plumb
