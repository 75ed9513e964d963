// Checking the store: everything that can break is named.
#include "registry/catalogue/fsck.h"

#include "registry/catalogue/keys.h"
#include "tests/unit/registry/catalogue_fixture.h"

namespace plumb {
namespace {

using testing_support::MakeManifest;
using testing_support::SampleFile;

const SampleFile kFile = {"a.bin", {"first chunk", "second chunk"}};

class FsckTest : public testing_support::CatalogueFixture {
 protected:
  FsckTest() {
    digest_ = Publish("lab/m", "v1", {kFile});
    EXPECT_OK(Tag("lab/m", "latest", digest_));
    EXPECT_TRUE(Check().empty());
  }
  v1::FsckProblem Only(bool quarantine = false) {
    std::vector<v1::FsckProblem> problems = Check(quarantine);
    EXPECT_EQ(problems.size(), 1u);
    return problems.empty() ? v1::FsckProblem() : problems[0];
  }
  void Put(std::string key, std::string value) {
    Transaction transaction;
    transaction.Put(std::move(key), std::move(value));
    EXPECT_OK(store_.Commit(transaction));
  }
  std::string digest_;
};

TEST_F(FsckTest, FlippedByteInAChunk) {
  DamageChunk("first chunk");
  v1::FsckProblem problem = Only();
  EXPECT_EQ(problem.kind(), "chunk");
  EXPECT_EQ(problem.subject(), Sha256Of("first chunk").ToHex());
  ASSERT_EQ(problem.needed_by_size(), 1);
  EXPECT_EQ(problem.needed_by(0), "lab/m@v1");
}

TEST_F(FsckTest, QuarantineMakesRoomForARepair) {
  DamageChunk("first chunk");
  EXPECT_EQ(Only(true).kind(), "chunk");
  EXPECT_FALSE(HasChunk("first chunk"));
  EXPECT_EQ(Only().kind(), "file");
  PutChunk("first chunk");
  EXPECT_TRUE(Check().empty());
}

TEST_F(FsckTest, EntryThatPointsNowhere) {
  ChunkEntry entry = testing_support::EntryOf(Sha256Of("first chunk"), &store_);
  entry.at.pack = 77;
  Put(chunk_keys::Chunk(Sha256Of("first chunk")), RenderChunkEntry(entry));
  EXPECT_EQ(Only().kind(), "chunk");
}

TEST_F(FsckTest, DifferenceWithoutItsBase) {
  std::string base = testing_support::Weights(4096, 1);
  std::string next = testing_support::Weights(4096, 2);
  testing_support::PutChunk(base, chunks_.get());
  testing_support::PutChunk(next, chunks_.get(), base);
  ASSERT_TRUE((*chunks_->Find(Sha256Of(next)))->base.has_value());
  ASSERT_OK(chunks_->Quarantine(Sha256Of(base)));
  v1::FsckProblem problem = Only();
  EXPECT_EQ(problem.subject(), Sha256Of(next).ToHex());
  EXPECT_NE(problem.message().find(Sha256Of(base).ToHex()), std::string::npos) << problem.message();
}

TEST_F(FsckTest, SealedPackThatChanged) {
  Restart();
  EXPECT_TRUE(Check().empty());
  DamageChunk("first chunk");
  std::vector<v1::FsckProblem> problems = Check(/*quarantine=*/true);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].kind(), "pack");
  EXPECT_EQ(problems[1].kind(), "chunk");
  PutChunk("first chunk");
  EXPECT_EQ(Only().kind(), "pack");
  EXPECT_EQ(Collect().deleted_packs(), 1u);
  EXPECT_TRUE(Check().empty());
}

TEST_F(FsckTest, WholeFileHashThatItsPublisherGotWrong) {
  v1::Manifest manifest = MakeManifest("lab/m", "v2", {kFile});
  manifest.mutable_files(0)->set_sha256(Sha256Of("something else").ToBytes());
  ASSERT_OK(Commit(manifest));
  for (int i = 0; i < 2; ++i) {
    v1::FsckProblem problem = Only();
    EXPECT_EQ(problem.kind(), "file");
    EXPECT_EQ(problem.subject(), "lab/m@v2 a.bin");
    EXPECT_NE(problem.message().find(Sha256Of(kFile.Bytes()).ToHex()), std::string::npos) << problem.message();
  }
}

TEST_F(FsckTest, FileIsMarkedOnceItsHashWasFoundRight) {
  EXPECT_OK(store_.Get(keys::Verified(kFile.List().TreeRoot(), Sha256Of(kFile.Bytes()))));
}

TEST_F(FsckTest, MissingChunkNamesTheFileAndTheBytes) {
  std::vector<Digest> lost = {Sha256Of("second chunk")};
  ASSERT_OK(chunks_->Remove(lost));
  v1::FsckProblem problem = Only();
  EXPECT_EQ(problem.kind(), "file");
  EXPECT_EQ(problem.subject(), "lab/m@v1 a.bin");
  EXPECT_NE(problem.message().find("bytes 11 to 23"), std::string::npos) << problem.message();
}

TEST_F(FsckTest, ChangedManifest) {
  Digest digest = *Digest::FromBytes(digest_);
  Put(keys::Manifest(digest), *store_.Get(keys::Manifest(digest)) + "x");
  EXPECT_EQ(Only().kind(), "manifest");
}

TEST_F(FsckTest, MissingManifest) {
  Transaction transaction;
  transaction.Delete(keys::Manifest(*Digest::FromBytes(digest_)));
  ASSERT_OK(store_.Commit(transaction));
  EXPECT_EQ(Only().kind(), "manifest");
}

TEST_F(FsckTest, ChangedChunkListIsReportedWithItsFile) {
  std::string key;
  std::string value;
  ASSERT_OK(store_.Scan("list-page/", "", [&](std::string_view k, std::string_view v) {
    key = k;
    value = v;
    return false;
  }));
  value[0] = static_cast<char>(value[0] ^ 1);
  Put(key, value);
  std::vector<v1::FsckProblem> problems = Check();
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].kind(), "chunk-list");
  EXPECT_EQ(problems[1].kind(), "file");
}

TEST_F(FsckTest, TagToNowhere) {
  v1::Tag tag;
  tag.set_name("lost");
  tag.set_digest(Sha256Of("x").ToBytes());
  tag.set_version("v9");
  Put(keys::Tag("lab/m", "lost"), tag.SerializeAsString());
  v1::FsckProblem problem = Only();
  EXPECT_EQ(problem.kind(), "tag");
  EXPECT_EQ(problem.subject(), "lab/m:lost");
}

TEST_F(FsckTest, GapInTheEvents) {
  Transaction transaction;
  transaction.Delete(keys::Event(1));
  ASSERT_OK(store_.Commit(transaction));
  EXPECT_EQ(Only().kind(), "event");
}

TEST_F(FsckTest, MissingNewestEvent) {
  Transaction transaction;
  transaction.Delete(keys::Event(2));
  ASSERT_OK(store_.Commit(transaction));
  v1::FsckProblem problem = Only();
  EXPECT_EQ(problem.kind(), "event");
  EXPECT_EQ(problem.subject(), "2");
}

TEST_F(FsckTest, TotalsComeLastWithDone) {
  v1::FsckResponse last;
  Fsck fsck(&store_, &catalogue_->content(), false, [&](const v1::FsckResponse& message) {
    last = message;
    return absl::OkStatus();
  });
  ASSERT_OK(fsck.Run());
  EXPECT_TRUE(last.done());
  EXPECT_EQ(last.checked_chunks(), 2u);
  EXPECT_EQ(last.checked_bytes(), kFile.Bytes().size());
  EXPECT_EQ(last.problem_count(), 0u);
}

}  // namespace
}  // namespace plumb
