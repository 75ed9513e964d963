// Resolving, listing, searching, paging; chunk lists; cursors.
#include "registry/catalogue/cursors.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/paging.h"
#include "registry/catalogue/releases.h"
#include "tests/unit/registry/catalogue_fixture.h"

namespace plumb {
namespace {

using testing_support::FrameOf;
using testing_support::MakeManifest;
using testing_support::SampleFile;

const SampleFile kFile = {"a.bin", {"first chunk", "second chunk"}};

class ReadingTest : public testing_support::CatalogueFixture {
 protected:
  absl::StatusOr<v1::Release> Resolve(const std::string& model, const std::string& version, const std::string& tag,
                                      const std::string& digest) {
    v1::ResolveRequest request;
    request.set_model(model);
    if (!version.empty()) request.set_version(version);
    if (!tag.empty()) request.set_tag(tag);
    if (!digest.empty()) request.set_digest(digest);
    return catalogue_->reader().Resolve(request);
  }
};

TEST_F(ReadingTest, EverySelectorFindsTheRelease) {
  std::string digest = Publish("lab/m", "v1", {kFile});
  ASSERT_OK(Tag("lab/m", "stable", digest));
  for (auto release : {Resolve("lab/m", "v1", "", ""), Resolve("lab/m", "", "stable", ""),
                       Resolve("lab/m", "", "", digest), Resolve("lab/m", "", "", "")}) {
    ASSERT_OK(release) << release.status();
    EXPECT_EQ(release->digest(), digest);
    ASSERT_EQ(release->tags_size(), 1);
    EXPECT_EQ(release->tags(0), "stable");
  }
}

TEST_F(ReadingTest, LatestWinsOverTheNewest) {
  std::string one = Publish("lab/m", "v1", {kFile});
  Publish("lab/m", "v2", {kFile});
  EXPECT_EQ(Resolve("lab/m", "", "", "")->version(), "v2");
  ASSERT_OK(Tag("lab/m", "latest", one));
  EXPECT_EQ(Resolve("lab/m", "", "", "")->version(), "v1");
  ASSERT_OK(Tag("lab/m", "latest", ""));
  EXPECT_EQ(Resolve("lab/m", "", "", "")->version(), "v2");
}

TEST_F(ReadingTest, WhatIsMissingIsNamed) {
  Publish("lab/m", "v1", {kFile});
  auto message = [](const absl::StatusOr<v1::Release>& release) {
    EXPECT_TRUE(absl::IsNotFound(release.status())) << release.status();
    return std::string(Message(release.status()));
  };
  EXPECT_NE(message(Resolve("lab/x", "v1", "", "")).find("no model lab/x"), std::string::npos);
  EXPECT_NE(message(Resolve("lab/m", "v9", "", "")).find("no version v9"), std::string::npos);
  EXPECT_NE(message(Resolve("lab/m", "", "beta", "")).find("no tag beta"), std::string::npos);
  std::string unknown = Sha256Of("x").ToBytes();
  EXPECT_NE(message(Resolve("lab/m", "", "", unknown)).find(Sha256Of("x").ToHex()), std::string::npos);
  ASSERT_OK(Withdraw("lab/m", "v1", "bad"));
  EXPECT_NE(message(Resolve("lab/m", "", "", "")).find("not yanked"), std::string::npos);
}

TEST_F(ReadingTest, DigestOfAnotherModelIsNotFound) {
  std::string digest = Publish("lab/m", "v1", {kFile});
  Publish("lab/n", "v1", {kFile});
  EXPECT_TRUE(absl::IsNotFound(Resolve("lab/n", "", "", digest).status()));
}

TEST_F(ReadingTest, BadNamesAreInvalid) {
  EXPECT_TRUE(absl::IsInvalidArgument(Resolve("nomodel", "v1", "", "").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Resolve("lab/m", "", "", "short").status()));
}

TEST_F(ReadingTest, ModelWhoseNameBeginsAnothersIsKeptApart) {
  Publish("lab/m", "v1", {kFile});
  Publish("lab/m2", "v1", {kFile});
  ASSERT_OK(Tag("lab/m2", "t", Resolve("lab/m2", "v1", "", "")->digest()));
  v1::ListReleasesRequest releases;
  releases.set_model("lab/m");
  EXPECT_EQ(catalogue_->reader().ListReleases(releases)->releases_size(), 1);
  v1::ListTagsRequest tags;
  tags.set_model("lab/m");
  EXPECT_EQ(catalogue_->reader().ListTags(tags)->tags_size(), 0);
}

TEST_F(ReadingTest, ModelsPageThroughInOrderOnce) {
  for (int i = 0; i < 7; ++i) Publish("lab/m" + std::to_string(i), "v1", {kFile});
  Publish("other/m", "v1", {kFile});
  v1::ListModelsRequest request;
  request.set_prefix("lab/");
  request.mutable_page()->set_page_size(3);
  std::vector<std::string> names;
  for (int page = 0; page < 10; ++page) {
    auto response = catalogue_->reader().ListModels(request);
    ASSERT_OK(response);
    EXPECT_LE(response->models_size(), 3);
    for (const v1::Model& model : response->models()) names.push_back(model.name());
    if (response->next_page_token().empty()) break;
    request.mutable_page()->set_page_token(response->next_page_token());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"lab/m0", "lab/m1", "lab/m2", "lab/m3", "lab/m4", "lab/m5", "lab/m6"}));
}

TEST_F(ReadingTest, ExactlyFullLastPageHasNoNext) {
  for (int i = 0; i < 3; ++i) Publish("lab/m" + std::to_string(i), "v1", {kFile});
  v1::ListModelsRequest request;
  request.mutable_page()->set_page_size(3);
  EXPECT_EQ(catalogue_->reader().ListModels(request)->next_page_token(), "");
}

TEST_F(ReadingTest, ForeignPageTokenIsInvalid) {
  for (std::string token : {"x", "zz", "p", "pzz", "00"}) {
    v1::ListModelsRequest request;
    request.mutable_page()->set_page_token(token);
    EXPECT_TRUE(absl::IsInvalidArgument(catalogue_->reader().ListModels(request).status())) << token;
  }
}

TEST(PagingTest, SizesAreClamped) {
  EXPECT_EQ(ClampPageSize(0), 100u);
  EXPECT_EQ(ClampPageSize(1), 1u);
  EXPECT_EQ(ClampPageSize(1000), 1000u);
  EXPECT_EQ(ClampPageSize(1001), 1000u);
  EXPECT_EQ(ClampPageSize(0xffffffff), 1000u);
}

TEST(PagingTest, TokenRoundTrips) {
  v1::PageRequest request;
  std::string after("a\0\xff", 3);
  request.set_page_token(MakePageToken(after));
  EXPECT_EQ(ParsePage(request)->after, after);
}

TEST_F(ReadingTest, ReleasesComeInOrderOfPublishingAndByKind) {
  Upload({kFile});
  for (std::string version : {"z", "a", "m"}) {
    v1::Manifest manifest = MakeManifest("lab/m", version, {kFile});
    if (version == "a") {
      manifest.set_kind(v1::KIND_CHECKPOINT);
      manifest.mutable_checkpoint()->set_step(5);
    }
    ASSERT_OK(Commit(manifest));
  }
  v1::ListReleasesRequest request;
  request.set_model("lab/m");
  auto all = catalogue_->reader().ListReleases(request);
  ASSERT_EQ(all->releases_size(), 3);
  EXPECT_EQ(all->releases(0).version(), "z");
  EXPECT_EQ(all->releases(2).version(), "m");
  request.set_kind(v1::KIND_CHECKPOINT);
  auto checkpoints = catalogue_->reader().ListReleases(request);
  ASSERT_EQ(checkpoints->releases_size(), 1);
  EXPECT_EQ(checkpoints->releases(0).checkpoint().step(), 5u);
}

TEST_F(ReadingTest, SearchNeedsEveryWordSomewhere) {
  Upload({kFile});
  v1::Manifest manifest = MakeManifest("lab/shakespeare", "v1", {kFile});
  manifest.set_license("Apache-2.0");
  manifest.mutable_card()->set_title("Tiny Straße");
  manifest.mutable_card()->add_tags("gpt2");
  ASSERT_OK(Commit(manifest));
  auto found = [&](const std::string& query) {
    v1::SearchModelsRequest request;
    request.set_query(query);
    return catalogue_->reader().SearchModels(request)->models_size();
  };
  EXPECT_EQ(found("SHAKES"), 1);
  EXPECT_EQ(found("tiny gpt2 apache"), 1);
  EXPECT_EQ(found("STRASSE"), 1);
  EXPECT_EQ(found("tiny bert"), 0);
}

TEST_F(ReadingTest, BadQueriesAreInvalid) {
  for (std::string query : {std::string(), std::string("  "), std::string(1025, 'a')}) {
    v1::SearchModelsRequest request;
    request.set_query(query);
    EXPECT_TRUE(absl::IsInvalidArgument(catalogue_->reader().SearchModels(request).status()));
  }
}

TEST_F(ReadingTest, StatsCountReleasesAndChunksOnce) {
  Publish("lab/m", "v1", {kFile});
  Publish("lab/m", "v2", {kFile});
  auto stats = ComputeStats(store_, *chunks_);
  EXPECT_EQ(stats->releases(), 2u);
  EXPECT_EQ(stats->files(), 2u);
  EXPECT_EQ(stats->logical_bytes(), 2 * kFile.Bytes().size());
  EXPECT_EQ(stats->stored_bytes(), FrameOf(kFile.chunks[0]).size() + FrameOf(kFile.chunks[1]).size());
  EXPECT_EQ(stats->packs(), 1u);
  EXPECT_GT(stats->pack_bytes(), stats->stored_bytes());
  EXPECT_EQ(stats->chunks(), 2u);
}

TEST_F(ReadingTest, CursorIsComparedAndSwapped) {
  EXPECT_EQ(GetCursor("up", store_)->revision(), 0u);
  v1::SetCursorRequest request;
  request.set_name("up");
  request.set_value("7");
  EXPECT_EQ(SetCursor(request, &store_)->revision(), 1u);
  EXPECT_TRUE(absl::IsAborted(SetCursor(request, &store_).status()));
  request.set_expected_revision(1);
  request.set_value("9");
  EXPECT_OK(SetCursor(request, &store_));
  EXPECT_EQ(GetCursor("up", store_)->value(), "9");
  EXPECT_TRUE(absl::IsInvalidArgument(GetCursor("", store_).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(GetCursor(std::string(513, 'a'), store_).status()));
  request.set_value(std::string(4097, 'a'));
  EXPECT_TRUE(absl::IsInvalidArgument(SetCursor(request, &store_).status()));
}

// Chunk lists long enough to have several pages and to be staged.
ChunkList LongList(size_t chunks) {
  ChunkList list;
  for (size_t i = 0; i < chunks; ++i) {
    EXPECT_OK(list.Append({Sha256Of(std::to_string(i)), static_cast<uint32_t>(1 + i % 1000)}));
  }
  return list;
}

class ChunkListsTest : public ReadingTest {
 protected:
  ChunkLists& lists() { return catalogue_->content().lists(); }
};

class ChunkListLengthTest : public ChunkListsTest, public ::testing::WithParamInterface<size_t> {};

TEST_P(ChunkListLengthTest, ListOfAnyLengthComesBack) {
  ChunkList list = LongList(GetParam());
  auto writer = lists().Write(list.TreeRoot());
  for (const ChunkRef& chunk : list.chunks()) ASSERT_OK((*writer)->Append(chunk));
  auto info = (*writer)->Finish();
  ASSERT_OK(info) << info.status();
  EXPECT_EQ(info->chunk_count, list.size());
  EXPECT_EQ(info->size_bytes, list.file_bytes());
  EXPECT_EQ(*lists().Read(list.TreeRoot(), 0, ~0ull), list.chunks());
  auto middle = lists().Read(list.TreeRoot(), GetParam() / 2, 10);
  ASSERT_OK(middle);
  for (size_t i = 0; i < middle->size(); ++i) EXPECT_EQ((*middle)[i], list.chunks()[GetParam() / 2 + i]);
  EXPECT_TRUE(lists().Read(list.TreeRoot(), GetParam(), 10)->empty());
  EXPECT_TRUE(lists().Read(list.TreeRoot(), ~0ull, ~0ull)->empty());
}

INSTANTIATE_TEST_SUITE_P(Lengths, ChunkListLengthTest,
                         ::testing::Values(0, 1, 4095, 4096, 4097, 16 * 4096, 16 * 4096 + 1));

TEST_F(ChunkListsTest, WrongRootIsRefusedAndLeavesNothing) {
  ChunkList list = LongList(16 * 4096 + 5);
  {
    auto writer = lists().Write(Sha256Of("another root"));
    for (const ChunkRef& chunk : list.chunks()) ASSERT_OK((*writer)->Append(chunk));
    EXPECT_TRUE(absl::IsInvalidArgument((*writer)->Finish().status()));
  }
  EXPECT_OK(store_.Scan("list", "", [](std::string_view key, std::string_view) {
    ADD_FAILURE() << key;
    return true;
  }));
}

TEST_F(ChunkListsTest, PagesOfACrashedSenderVanishAtTheNextStart) {
  Transaction staged;
  staged.Put(keys::ListStaging("0123456789abcdef"), "");
  staged.Put(keys::ListPage("0123456789abcdef", 0), "page");
  ASSERT_OK(store_.Commit(staged));
  Restart();
  EXPECT_TRUE(absl::IsNotFound(store_.Get(keys::ListPage("0123456789abcdef", 0)).status()));
  EXPECT_TRUE(absl::IsNotFound(store_.Get(keys::ListStaging("0123456789abcdef")).status()));
}

TEST_F(ChunkListsTest, ChunkSizesAtTheLimits) {
  auto writer = lists().Write(Sha256Of("root"));
  EXPECT_TRUE(absl::IsInvalidArgument((*writer)->Append({Sha256Of("x"), 0})));
  EXPECT_OK((*writer)->Append({Sha256Of("x"), 4u << 20}));
  EXPECT_TRUE(absl::IsInvalidArgument((*writer)->Append({Sha256Of("x"), (4u << 20) + 1})));
}

TEST_F(ChunkListsTest, SecondSenderOfAListTouchesIt) {
  ASSERT_OK(PutList(kFile));
  TimePoint first = (*lists().Find(kFile.List().TreeRoot()))->touched;
  clock_.Advance(std::chrono::hours(1));
  ASSERT_OK(PutList(kFile));
  EXPECT_EQ((*lists().Find(kFile.List().TreeRoot()))->touched - first, std::chrono::hours(1));
}

TEST_F(ChunkListsTest, TouchNamesTheMissing) {
  ASSERT_OK(PutList(kFile));
  std::vector<Digest> asked = {Sha256Of("x"), kFile.List().TreeRoot(), ChunkList().TreeRoot()};
  EXPECT_EQ(*lists().Touch(asked), std::vector<Digest>{Sha256Of("x")});
}

}  // namespace
}  // namespace plumb
