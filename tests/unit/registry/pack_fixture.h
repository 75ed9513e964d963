// A pack store on a folder and a memory store.
#ifndef PLUMB_TESTS_UNIT_REGISTRY_PACK_FIXTURE_H_
#define PLUMB_TESTS_UNIT_REGISTRY_PACK_FIXTURE_H_

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "registry/storage/memory_metadata_store.h"
#include "registry/storage/pack_store.h"
#include "tests/unit/registry/chunk_testing.h"
#include "tests/unit/registry/testing.h"

namespace plumb::testing_support {

class PackFixture : public ::testing::Test {
 protected:
  PackFixture() { Reopen(); }

  void Reopen(PackStore::Options options = {}) {
    store_.reset();
    auto opened = PackStore::New(Packs(), metadata_.get(), options, clock_.AsClock());
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }
  std::string Packs() const { return folder_.Join("packs"); }
  std::vector<std::string> PackFiles() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(Packs())) {
      if (entry.is_regular_file()) files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  Digest Put(const std::string& bytes, const std::optional<std::string>& base = std::nullopt) {
    return PutChunk(bytes, store_.get(), base);
  }
  bool Has(const std::string& bytes) { return store_->Find(Sha256Of(bytes))->has_value(); }
  std::string Read(const std::string& bytes) { return ReadChunk(bytes, *store_); }
  bool Remove(const std::string& bytes) {
    std::vector<Digest> digests = {Sha256Of(bytes)};
    auto removed = store_->Remove(digests);
    EXPECT_TRUE(removed.ok()) << removed.status();
    return removed.ok() && (*removed)[0] > 0;
  }
  ChunkStore::CompactionTotals Compact() {
    ChunkStore::CompactionTotals totals;
    EXPECT_OK(store_->Compact([&](const ChunkStore::CompactionTotals& so_far) {
      totals = so_far;
      return absl::OkStatus();
    }));
    return totals;
  }
  ChunkStore::RebuildTotals Rebuild() {
    ChunkStore::RebuildTotals totals;
    EXPECT_OK(store_->RebuildIndex([&](const ChunkStore::RebuildTotals& so_far) {
      totals = so_far;
      return absl::OkStatus();
    }));
    return totals;
  }
  // Everything that the metadata says, without the times.
  std::map<std::string, std::string> Index() {
    std::map<std::string, std::string> index;
    EXPECT_OK(metadata_->Scan("", "", [&](std::string_view key, std::string_view value) {
      std::string text(value);
      if (key.starts_with(chunk_keys::kChunks)) {
        ChunkEntry entry = *ParseChunkEntry(value);
        entry.touched = TimePoint();
        text = RenderChunkEntry(entry);
      }
      if (key.starts_with(chunk_keys::kPacks)) {
        PackState state = *ParsePackState(value);
        state.sha256.reset();
        text = RenderPackState(state);
      }
      index.emplace(key, text);
      return true;
    }));
    return index;
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<MemoryMetadataStore> metadata_ = std::make_unique<MemoryMetadataStore>();
  std::unique_ptr<PackStore> store_;
};

}  // namespace plumb::testing_support

#endif  // PLUMB_TESTS_UNIT_REGISTRY_PACK_FIXTURE_H_
