// Whatever a registry sends, a pull ends with the published bytes or with an error that names what was wrong,
// and nothing unverified stands under a file's name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"
#include "plumb/client/pull.h"
#include "plumb/client/release_folder.h"
#include "tests/integration/fake_registry.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/client/test_files.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;
using testing::FakeRegistry;
using ::testing::HasSubstr;
using testing::Lies;

class HostileRegistryTest : public ::testing::Test {
 protected:
  HostileRegistryTest() {
    files_ = {
        {"config.json", "{}"}, {"empty", ""}, {"sub/model.bin", testing::RandomBytes(3'500'000, 1)}, {"z.txt", "last"}};
  }

  absl::StatusOr<PullResult> PullFrom(const FakeRegistry& registry, const std::string& reference = "lab/tiny@v1",
                                      bool replace_foreign = false) {
    auto connection = Connection::Connect({.registry = registry.address(), .retry_for = std::chrono::seconds(1)});
    if (!connection.ok()) return connection.status();
    PullOptions options{
        .reference = *ParseReference(reference), .folder = folder_, .replace_foreign = replace_foreign};
    return Pull(**connection, options, {});
  }

  void ExpectVerificationError(const absl::Status& status, const std::string& text) {
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(ErrorClassOf(status), ErrorClass::kVerification) << status;
    EXPECT_THAT(std::string(Message(status)), HasSubstr(text));
  }

  void ExpectComplete() {
    for (const auto& [path, content] : files_) {
      auto found = ReadFile(folder_ + "/" + path, 10'000'000);
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_EQ(*found, content) << path;
    }
    auto verified = VerifyFolder(folder_, {});
    ASSERT_TRUE(verified.ok()) << verified.status();
    EXPECT_TRUE(verified->ok);
  }

  ScratchFolder scratch_;
  const std::string& root_ = scratch_.path();
  std::string folder_ = root_ + "/pulled";
  std::map<std::string, std::string> files_;
};

TEST_F(HostileRegistryTest, AnHonestOneIsPulled) {
  FakeRegistry registry(files_);
  auto result = PullFrom(registry);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->downloaded_bytes, result->bytes);
  ExpectComplete();
}

TEST_F(HostileRegistryTest, AChangedManifestIsRefused) {
  FakeRegistry registry(files_, {.manifest = [](std::string* manifest) { manifest->back() ^= 1; }});
  ExpectVerificationError(PullFrom(registry).status(), "manifest: expected");
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(HostileRegistryTest, AnotherModelIsRefused) {
  FakeRegistry registry(files_, {.resolve = [](v1::Release* release) { release->set_model("lab/other"); }});
  ExpectVerificationError(PullFrom(registry).status(), "asked for lab/tiny");
}

TEST_F(HostileRegistryTest, AnotherVersionIsRefused) {
  FakeRegistry registry(files_, {.resolve = [](v1::Release* release) { release->set_version("v2"); }});
  ExpectVerificationError(PullFrom(registry).status(), "asked for version v1");
}

TEST_F(HostileRegistryTest, AnotherDigestThanAskedForIsRefused) {
  FakeRegistry registry(files_);
  ExpectVerificationError(PullFrom(registry, "lab/tiny@sha256:" + std::string(64, 'a')).status(),
                          "asked for sha256:aaaa");
}

TEST_F(HostileRegistryTest, AManifestOfAnotherNameIsRefused) {
  FakeRegistry registry(files_);
  v1::Manifest manifest = registry.manifest();
  manifest.set_version("v7");
  registry.ServeManifest(manifest.SerializeAsString());
  ExpectVerificationError(PullFrom(registry).status(), "its manifest calls");
}

class HostilePathPullTest : public HostileRegistryTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(HostilePathPullTest, WritesNothing) {
  FakeRegistry registry(files_);
  v1::Manifest manifest = registry.manifest();
  manifest.mutable_files()->DeleteSubrange(1, manifest.files_size() - 1);
  manifest.mutable_files(0)->set_path(GetParam());
  registry.ServeManifest(manifest.SerializeAsString());
  ExpectVerificationError(PullFrom(registry).status(), "path");
  EXPECT_FALSE(fs::exists(folder_));
  EXPECT_FALSE(fs::exists(root_ + "/escaped"));
}

INSTANTIATE_TEST_SUITE_P(Paths, HostilePathPullTest,
                         ::testing::Values("../escaped", "/tmp/escaped", "a/../../escaped", "a\\..\\escaped", ".",
                                           "a\n"));

TEST_F(HostileRegistryTest, ASymbolicLinkInTheFolderIsNotFollowed) {
  FakeRegistry registry(files_);
  fs::create_directories(folder_);
  fs::create_directories(root_ + "/outside");
  fs::create_directory_symlink(root_ + "/outside", folder_ + "/sub");
  EXPECT_FALSE(PullFrom(registry).ok());
  EXPECT_TRUE(fs::is_empty(root_ + "/outside"));
}

TEST_F(HostileRegistryTest, ALinkUnderAFilesNameIsReplacedNotWrittenThrough) {
  FakeRegistry registry(files_);
  fs::create_directories(folder_);
  std::ofstream(root_ + "/precious") << "mine";
  fs::create_symlink(root_ + "/precious", folder_ + "/z.txt");
  // No pull made it: it is somebody's, and stays unless told otherwise.
  const absl::Status refused = PullFrom(registry).status();
  EXPECT_EQ(ErrorClassOf(refused), ErrorClass::kPolicy) << refused;
  EXPECT_TRUE(fs::is_symlink(folder_ + "/z.txt"));
  ASSERT_TRUE(PullFrom(registry, "lab/tiny@v1", /*replace_foreign=*/true).ok());
  EXPECT_FALSE(fs::is_symlink(folder_ + "/z.txt"));
  EXPECT_EQ(*ReadFile(root_ + "/precious", 100), "mine");
  ExpectComplete();
}

TEST_F(HostileRegistryTest, AChangedChunkListIsRefused) {
  FakeRegistry registry(files_, {.chunk_list = [](v1::GetChunkListResponse* response) {
                          if (response->chunks_size() > 1) response->mutable_chunks()->SwapElements(0, 1);
                        }});
  ExpectVerificationError(PullFrom(registry).status(), "chunk list of \"sub/model.bin\"");
  EXPECT_FALSE(fs::exists(folder_ + "/sub/model.bin"));
}

TEST_F(HostileRegistryTest, AnEndlessChunkListIsCutShort) {
  FakeRegistry registry(files_, {.chunk_list = [](v1::GetChunkListResponse* response) {
                          if (response->chunks_size() == 0) return;
                          for (int i = 0; i < 1000; ++i) *response->add_chunks() = response->chunks(0);
                        }});
  ExpectVerificationError(PullFrom(registry).status(), "chunk list");
}

TEST_F(HostileRegistryTest, DamagedBytesAreNamedAndEverythingElseIsPulled) {
  Digest damaged;
  FakeRegistry registry(files_, {.piece = [&](int, const ChunkRef& chunk, v1::ReadChunksResponse* piece) {
                          if (chunk.digest == damaged) piece->mutable_data()->front() ^= 1;
                          return true;
                        }});
  damaged = registry.chunks("sub/model.bin").chunks()[1].digest;
  absl::Status status = PullFrom(registry).status();
  ExpectVerificationError(status, "sub/model.bin bytes 1048576 to 2097152");
  EXPECT_FALSE(fs::exists(folder_ + "/sub/model.bin"));
  EXPECT_EQ(*ReadFile(folder_ + "/z.txt", 100), "last");
}

TEST_F(HostileRegistryTest, BytesDamagedOnceAreFetchedAgain) {
  std::atomic<bool> lied = false;
  FakeRegistry registry(files_, {.piece = [&](int, const ChunkRef&, v1::ReadChunksResponse* piece) {
                          if (piece->data().size() > 1000 && !lied.exchange(true)) piece->mutable_data()->back() ^= 1;
                          return true;
                        }});
  auto result = PullFrom(registry);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(lied);
  ExpectComplete();
}

TEST_F(HostileRegistryTest, ACutStreamGoesOnInsideTheChunk) {
  std::atomic<bool> cut = false;
  FakeRegistry registry(files_, {.piece = [&](int, const ChunkRef&, v1::ReadChunksResponse* piece) {
                          return piece->offset() < 500'000 || cut.exchange(true);
                        }});
  auto result = PullFrom(registry);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GE(registry.largest_offset_asked(), 500'000u);
  ExpectComplete();
}

TEST_F(HostileRegistryTest, PiecesOutOfOrderAreRefused) {
  FakeRegistry registry(files_, {.piece = [](int, const ChunkRef&, v1::ReadChunksResponse* piece) {
                          piece->set_offset(piece->offset() + 1);
                          return true;
                        }});
  absl::Status status = PullFrom(registry).status();
  EXPECT_THAT(std::string(Message(status)), HasSubstr("out of order"));
}

TEST_F(HostileRegistryTest, MoreBytesThanAChunkHasAreRefused) {
  FakeRegistry registry(files_, {.piece = [](int, const ChunkRef&, v1::ReadChunksResponse* piece) {
                          piece->mutable_data()->append(5'000'000, 'x');
                          return true;
                        }});
  EXPECT_FALSE(PullFrom(registry).ok());
  EXPECT_FALSE(fs::exists(folder_ + "/sub/model.bin"));
}

TEST_F(HostileRegistryTest, AnIndexThatWasNotAskedForIsRefused) {
  FakeRegistry registry(files_, {.piece = [](int, const ChunkRef&, v1::ReadChunksResponse* piece) {
                          piece->set_index(4'000'000'000u);
                          return true;
                        }});
  EXPECT_THAT(std::string(Message(PullFrom(registry).status())), HasSubstr("not asked for"));
}

TEST_F(HostileRegistryTest, AnEmptyAnswerEnds) {
  FakeRegistry registry(files_, {.piece = [](int, const ChunkRef&, v1::ReadChunksResponse*) { return false; }});
  EXPECT_TRUE(absl::IsUnavailable(PullFrom(registry).status()));
}

TEST_F(HostileRegistryTest, ALostChunkIsNamed) {
  FakeRegistry registry(files_, {.piece = [](int, const ChunkRef& chunk, v1::ReadChunksResponse* piece) {
                          if (chunk.size_bytes < 1000) return true;
                          piece->mutable_status()->set_code(grpc::StatusCode::NOT_FOUND);
                          piece->mutable_status()->set_message("no such chunk");
                          piece->clear_data();
                          piece->set_last(true);
                          return true;
                        }});
  ExpectVerificationError(PullFrom(registry).status(), "no such chunk");
}

TEST_F(HostileRegistryTest, ADamagedFileIsRepairedByItsBadChunkAlone) {
  FakeRegistry registry(files_);
  ASSERT_TRUE(PullFrom(registry).ok());
  {
    std::fstream file(folder_ + "/sub/model.bin", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(2'000'000);
    file.put(static_cast<char>(files_["sub/model.bin"][2'000'000] ^ 1));
  }
  auto verified = VerifyFolder(folder_, {});
  ASSERT_TRUE(verified.ok());
  EXPECT_FALSE(verified->ok);
  EXPECT_THAT(verified->files[2].bad_ranges, ::testing::ElementsAre(std::pair<uint64_t, uint64_t>(1048576, 2097152)));
  auto repaired = PullFrom(registry);
  ASSERT_TRUE(repaired.ok()) << repaired.status();
  EXPECT_EQ(repaired->downloaded_bytes, 1u << 20);
  ExpectComplete();
}

TEST_F(HostileRegistryTest, ARepeatedPageTokenIsNoEndlessLoop) {
  FakeRegistry registry(files_,
                        {.models = [](v1::ListModelsResponse* response) { response->set_next_page_token("again"); }});
  auto connection = Connection::Connect({.registry = registry.address()});
  ASSERT_TRUE(connection.ok());
  EXPECT_THAT(std::string(Message(ListModels(**connection, "").status())), HasSubstr("repeats a page"));
}

TEST_F(HostileRegistryTest, AForeignProtocolIsSaidSo) {
  FakeRegistry registry(files_,
                        {.capabilities = [](v1::Capabilities* capabilities) { capabilities->clear_protocols(); }});
  EXPECT_TRUE(absl::IsFailedPrecondition(PullFrom(registry).status()));
}

TEST_F(HostileRegistryTest, TwoPullsOfOneFolderDoNotMix) {
  FakeRegistry registry(files_);
  ASSERT_TRUE(PullFrom(registry).ok());
  auto lock = Directory::Open(folder_)->OpenForWriting(".plumb/lock");
  ASSERT_TRUE(lock.ok());
  ASSERT_EQ(::flock(lock->get(), LOCK_EX | LOCK_NB), 0);
  absl::Status status = PullFrom(registry).status();
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kLocalStorage) << status;
}

}  // namespace
}  // namespace plumb
