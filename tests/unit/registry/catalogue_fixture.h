// A catalogue on a memory store and a folder, for tests of what it does.
#ifndef PLUMB_TESTS_UNIT_REGISTRY_CATALOGUE_FIXTURE_H_
#define PLUMB_TESTS_UNIT_REGISTRY_CATALOGUE_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "registry/catalogue/catalogue.h"
#include "registry/catalogue/fsck.h"
#include "registry/catalogue/tags.h"
#include "registry/catalogue/yanks.h"
#include "registry/storage/memory_metadata_store.h"
#include "registry/storage/pack_store.h"
#include "tests/unit/registry/chunk_testing.h"
#include "tests/unit/registry/testing.h"

namespace plumb::testing_support {

class CatalogueFixture : public ::testing::Test {
 protected:
  CatalogueFixture() { Restart(); }

  // Opens the catalogue anew over the same stores.
  void Restart() {
    catalogue_.reset();
    chunks_.reset();
    chunks_ = *PackStore::New(folder_.Join("packs"), &store_, {}, clock_.AsClock());
    catalogue_ = *Catalogue::New(&store_, chunks_.get(), clock_.AsClock());
  }

  void PutChunk(const std::string& bytes) {
    auto rely = catalogue_->content().gate().Rely();
    testing_support::PutChunk(bytes, chunks_.get());
  }
  absl::StatusOr<ChunkListInfo> PutList(const SampleFile& file) {
    ChunkList list = file.List();
    auto writer = catalogue_->content().lists().Write(list.TreeRoot());
    for (const ChunkRef& chunk : list.chunks()) EXPECT_OK((*writer)->Append(chunk));
    return (*writer)->Finish();
  }
  void Upload(const std::vector<SampleFile>& files) {
    for (const SampleFile& file : files) {
      for (const std::string& chunk : file.chunks) PutChunk(chunk);
      EXPECT_OK(PutList(file));
    }
  }
  absl::StatusOr<Publisher::Result> Commit(const v1::Manifest& manifest) {
    return catalogue_->publisher().Commit(Store(manifest), "tester");
  }
  // Uploads and commits; returns the release's digest.
  std::string Publish(const std::string& model, const std::string& version, const std::vector<SampleFile>& files) {
    Upload(files);
    auto result = Commit(MakeManifest(model, version, files));
    EXPECT_OK(result) << result.status();
    return result.ok() ? result->release.digest() : "";
  }
  absl::StatusOr<v1::SetTagResponse> Tag(const std::string& model, const std::string& tag, const std::string& digest,
                                         std::optional<uint64_t> expected = std::nullopt) {
    v1::SetTagRequest request;
    request.set_model(model);
    request.set_tag(tag);
    request.set_digest(digest);
    if (expected.has_value()) request.set_expected_revision(*expected);
    return SetTag(request, "tester", store_, &catalogue_->journal());
  }
  absl::StatusOr<v1::Release> Withdraw(const std::string& model, const std::string& version, const std::string& reason,
                                       bool undo = false) {
    v1::YankRequest request;
    request.set_model(model);
    request.set_version(version);
    request.set_reason(reason);
    request.set_undo(undo);
    return Yank(request, "tester", store_, &catalogue_->journal());
  }
  v1::CollectGarbageResponse Collect(std::chrono::seconds grace = std::chrono::seconds(0), bool dry_run = false) {
    auto result =
        catalogue_->garbage().Run({grace, dry_run}, [](const v1::CollectGarbageResponse&) { return absl::OkStatus(); });
    EXPECT_OK(result) << result.status();
    return result.ok() ? *result : v1::CollectGarbageResponse();
  }
  std::vector<v1::FsckProblem> Check(bool quarantine = false) {
    std::vector<v1::FsckProblem> problems;
    Fsck fsck(&store_, &catalogue_->content(), quarantine, [&](const v1::FsckResponse& message) {
      if (message.has_problem()) problems.push_back(message.problem());
      return absl::OkStatus();
    });
    EXPECT_OK(fsck.Run());
    return problems;
  }
  bool HasChunk(const std::string& bytes) { return chunks_->Find(Sha256Of(bytes))->has_value(); }
  // Changes the last byte of a stored chunk.
  void DamageChunk(const std::string& bytes) {
    testing_support::DamageChunk(Sha256Of(bytes), &store_, folder_.Join("packs"));
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  MemoryMetadataStore store_;
  std::unique_ptr<PackStore> chunks_;
  std::unique_ptr<Catalogue> catalogue_;
};

}  // namespace plumb::testing_support

#endif  // PLUMB_TESTS_UNIT_REGISTRY_CATALOGUE_FIXTURE_H_
