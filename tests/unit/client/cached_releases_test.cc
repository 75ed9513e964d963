#include "plumb/client/cached_releases.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/client/test_files.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

class CachedReleasesTest : public ::testing::Test {
 protected:
  CachedReleasesTest() { connection_->RememberIn(&cache_); }

  StoredManifest Release(const std::string& version, const std::vector<v1::File>& files) {
    v1::Manifest manifest;
    manifest.set_schema_version(1);
    manifest.set_model("lab/tiny");
    manifest.set_version(version);
    manifest.set_kind(v1::KIND_WEIGHTS);
    for (const v1::File& file : files) *manifest.add_files() = file;
    return *BuildManifest(manifest);
  }
  // As if the registry had been asked for `asked`.
  void Know(const StoredManifest& stored, const Reference& asked) {
    v1::Release release;
    release.set_model("lab/tiny");
    release.set_version(stored.manifest.version());
    release.set_digest(stored.digest.ToBytes());
    release.set_published_by("somebody");
    ASSERT_TRUE(RememberManifest(cache_, stored).ok());
    ASSERT_TRUE(RememberRelease(*connection_, asked, release).ok());
  }
  void Keep(const std::string& content) {
    std::string path = scratch_.Write("content", content);
    UniqueFd fd = *Directory::Open(scratch_.path())->OpenFile("content");
    ASSERT_TRUE(cache_.Add(fd.get(), content.size(), testing::ChunksOf(content).TreeRoot()).ok());
    ASSERT_TRUE(RememberChunkList(cache_, testing::ChunksOf(content)).ok());
  }
  static Reference Named(const std::string& version, const std::string& tag) {
    return {.model = "lab/tiny", .version = version, .tag = tag};
  }

  ScratchFolder scratch_;
  Cache cache_ = *Cache::Open(scratch_.path() + "/cache");
  std::unique_ptr<Connection> connection_ = Connection::Offline("127.0.0.1:1");
  v1::File a_ = testing::FileOf("a.bin", "aaaa");
  v1::File b_ = testing::FileOf("b.bin", "bbbbbb");
};

TEST_F(CachedReleasesTest, AnOfflineConnectionAnswersFromTheCache) {
  StoredManifest stored = Release("v1", {a_});
  Know(stored, Named("", "latest"));
  Keep("aaaa");
  for (const Reference& asked :
       {Named("", "latest"), Named("v1", ""), Reference{.model = "lab/tiny", .digest_hex = stored.digest.ToHex()},
        Reference{.model = "lab/tiny", .digest_hex = stored.digest.ToHex().substr(0, 12)}}) {
    auto release = Resolve(*connection_, asked);
    ASSERT_TRUE(release.ok()) << release.status();
    EXPECT_EQ(release->version(), "v1");
    EXPECT_EQ(release->published_by(), "somebody");
  }
  EXPECT_EQ(GetManifest(*connection_, stored.digest)->bytes, stored.bytes);
  EXPECT_EQ(GetChunkList(*connection_, a_)->TreeRoot(), testing::ChunksOf("aaaa").TreeRoot());
  EXPECT_TRUE(absl::IsUnavailable(ListModels(*connection_, "").status()));
}

TEST_F(CachedReleasesTest, SaysFromWhenATagIs) {
  Know(Release("v1", {a_}), Named("", "latest"));
  EXPECT_FALSE(RecallRelease(*connection_, Named("", "latest"))->known_at.empty());
}

TEST_F(CachedReleasesTest, WhatWasNeverAskedIsNotKnown) {
  Know(Release("v1", {a_}), Named("v1", ""));
  absl::Status status = Resolve(*connection_, Named("", "stable")).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(Message(status)), HasSubstr("it knows @v1"));
  // The model alone was never asked for either.
  EXPECT_TRUE(absl::IsNotFound(Resolve(*connection_, Named("", "")).status()));
}

TEST_F(CachedReleasesTest, AnotherRegistrysNamesMeanNothing) {
  Know(Release("v1", {a_}), Named("v1", ""));
  std::unique_ptr<Connection> other = Connection::Offline("127.0.0.1:2");
  other->RememberIn(&cache_);
  EXPECT_TRUE(absl::IsNotFound(Resolve(*other, Named("v1", "")).status()));
}

TEST_F(CachedReleasesTest, WithoutAMemoryNothingIsKnown) {
  connection_->RememberIn(nullptr);
  EXPECT_TRUE(absl::IsNotFound(Resolve(*connection_, Named("v1", "")).status()));
  EXPECT_FALSE(GetManifest(*connection_, Digest()).ok());
}

TEST_F(CachedReleasesTest, ADamagedManifestIsNotUsed) {
  StoredManifest stored = Release("v1", {a_});
  Know(stored, Named("v1", ""));
  testing::Write(scratch_.path() + "/cache/manifests/" + stored.digest.ToHex(), stored.bytes + "x");
  EXPECT_EQ(ErrorClassOf(GetManifest(*connection_, stored.digest).status()), ErrorClass::kVerification);
}

TEST_F(CachedReleasesTest, TheListSaysWhatIsHere) {
  Know(Release("v1", {a_, b_}), Named("v1", ""));
  Keep("aaaa");
  auto releases = ListCachedReleases(cache_);
  ASSERT_TRUE(releases.ok() && releases->size() == 1);
  EXPECT_EQ(releases->front().model, "lab/tiny");
  EXPECT_EQ(releases->front().bytes, 10u);
  EXPECT_EQ(releases->front().bytes_here, 4u);
  EXPECT_EQ(releases->front().files_here, 1u);
  EXPECT_GT(releases->front().used_at, 0);
  EXPECT_EQ(cache_.Usage()->releases, 1u);
}

TEST_F(CachedReleasesTest, RemovingOneKeepsWhatAnotherHas) {
  StoredManifest one = Release("v1", {a_, b_});
  Know(one, Named("v1", ""));
  Know(Release("v2", {a_}), Named("v2", ""));
  Keep("aaaa");
  Keep("bbbbbb");
  auto gone = RemoveCachedRelease(cache_, one.digest);
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_EQ(gone->files, 1u);
  EXPECT_EQ(gone->bytes, 6u);
  EXPECT_TRUE(cache_.Has(testing::ChunksOf("aaaa").TreeRoot()));
  EXPECT_FALSE(cache_.Has(testing::ChunksOf("bbbbbb").TreeRoot()));
  EXPECT_TRUE(absl::IsNotFound(Resolve(*connection_, Named("v1", "")).status()));
  EXPECT_TRUE(Resolve(*connection_, Named("v2", "")).ok());
}

TEST_F(CachedReleasesTest, PruningTakesWhatIsKnownToo) {
  Know(Release("v1", {a_}), Named("v1", ""));
  Keep("aaaa");
  EXPECT_EQ(cache_.Prune(3600)->releases, 0u);
  EXPECT_TRUE(Resolve(*connection_, Named("v1", "")).ok());
  auto gone = cache_.Prune(0);
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_EQ(gone->releases, 1u);
  EXPECT_TRUE(absl::IsNotFound(Resolve(*connection_, Named("v1", "")).status()));
}

}  // namespace
}  // namespace plumb
