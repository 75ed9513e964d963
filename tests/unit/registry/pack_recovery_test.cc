// What stands after a stop at any moment.
#include "registry/storage/pack_recovery.h"

#include "plumb/pack/pack_index.h"
#include "tests/unit/registry/pack_fixture.h"

namespace plumb {
namespace {

using testing_support::FrameOf;
using testing_support::Overwrite;
using testing_support::TemporaryFolder;
using testing_support::Weights;

class PackRecoveryTest : public testing_support::PackFixture {
 protected:
  // As a server that stops now would leave it, with `size` bytes of its last pack.
  void Crash(uint64_t size) {
    std::string copy = folder_.Join("copy");
    std::filesystem::remove_all(copy);
    std::filesystem::copy(Packs(), copy, std::filesystem::copy_options::recursive);
    store_.reset();
    std::filesystem::remove_all(Packs());
    std::filesystem::rename(copy, Packs());
    std::filesystem::resize_file(PackFiles().back(), size);
    Reopen();
  }
  bool IsSealed(const std::string& path) {
    auto file = MappedFile::Open(path);
    return file.ok() && ReadPackIndex(PackSourceOf(file->bytes())).ok();
  }
};

TEST_F(PackRecoveryTest, OpenPackIsSealedAndKept) {
  Put("hello");
  Reopen();
  EXPECT_EQ(Read("hello"), "hello");
  ASSERT_EQ(PackFiles().size(), 1u);
  EXPECT_TRUE(IsSealed(PackFiles()[0]));
  Put("again");
  EXPECT_EQ(PackFiles().size(), 2u);
}

TEST_F(PackRecoveryTest, StartWithoutAnythingPutLeavesNoPack) {
  Reopen();
  EXPECT_TRUE(PackFiles().empty());
}

TEST_F(PackRecoveryTest, TailIsCutAtEveryByte) {
  Put("acknowledged");
  std::string first = Weights(20, 1);
  std::string second = Weights(30, 2);
  uint64_t synced = std::filesystem::file_size(PackFiles()[0]);
  ASSERT_OK(store_->Put(Sha256Of(first), FrameOf(first)));
  uint64_t after_first = std::filesystem::file_size(PackFiles()[0]);
  ASSERT_OK(store_->Put(Sha256Of(second), FrameOf(second)));
  std::string pack = *ReadFile(PackFiles()[0], 1u << 20);
  std::string name = PackFiles()[0];
  Transaction before;
  ASSERT_OK(metadata_->Scan("", "", [&](std::string_view key, std::string_view value) {
    before.Put(std::string(key), std::string(value));
    return true;
  }));
  for (uint64_t size = synced; size <= pack.size(); ++size) {
    store_.reset();
    std::filesystem::remove_all(Packs());
    std::filesystem::create_directory(Packs());
    Overwrite(name, pack.substr(0, size));
    metadata_ = std::make_unique<MemoryMetadataStore>();
    ASSERT_OK(metadata_->Commit(before));
    Reopen();
    ASSERT_EQ(Read("acknowledged"), "acknowledged") << size;
    ASSERT_EQ(Has(first), size >= after_first) << size;
    ASSERT_EQ(Has(second), size == pack.size()) << size;
    ASSERT_EQ(Read(first) == first, Has(first)) << size;
    ASSERT_TRUE(IsSealed(name)) << size;
  }
}

TEST_F(PackRecoveryTest, TailWithoutItsBytesIsCut) {
  Put("acknowledged");
  std::string lost = Weights(3000, 1);
  ASSERT_OK(store_->Put(Sha256Of(lost), FrameOf(lost)));
  std::string name = PackFiles()[0];
  std::string pack = *ReadFile(name, 1u << 20);
  // The length was written, the last block was not.
  std::fill(pack.end() - 1000, pack.end(), '\0');
  store_.reset();
  Overwrite(name, pack);
  Reopen();
  EXPECT_FALSE(Has(lost));
  EXPECT_EQ(Read("acknowledged"), "acknowledged");
}

TEST_F(PackRecoveryTest, WholeDifferencesOfTheTailAreKept) {
  std::string base = Weights(4096, 0);
  std::string next = Weights(4096, 1);
  Put(base);
  ASSERT_OK(store_->Put(Sha256Of(next), FrameOf(next, base)));
  Crash(std::filesystem::file_size(PackFiles()[0]));
  EXPECT_EQ(Read(next), next);
  EXPECT_EQ((*store_->Find(Sha256Of(next)))->depth, 1u);
  EXPECT_FALSE(Remove(base));
}

TEST_F(PackRecoveryTest, DamageBeforeWhatWasSyncedIsNotCut) {
  Put("first");
  Put("second");
  std::string name = PackFiles()[0];
  store_.reset();
  std::string pack = *ReadFile(name, 1u << 20);
  pack[20] = static_cast<char>(pack[20] ^ 1);  // In the header of the first record.
  Overwrite(name, pack);
  Reopen();
  EXPECT_EQ(std::filesystem::file_size(name), pack.size());
  EXPECT_EQ(Read("second"), "second");
}

TEST_F(PackRecoveryTest, PackWithoutMetadataIsIndexed) {
  std::string base = Weights(4096, 0);
  std::string next = Weights(4096, 1);
  Put(base);
  Put(next, base);
  Reopen();
  auto before = Index();
  Put("in an open pack");
  metadata_ = std::make_unique<MemoryMetadataStore>();
  Reopen();
  EXPECT_EQ(Read(next), next);
  EXPECT_EQ(Read("in an open pack"), "in an open pack");
  Remove("in an open pack");
  EXPECT_EQ(Compact().deleted_packs, 1u);
  EXPECT_EQ(Index(), before);
}

TEST_F(PackRecoveryTest, LostPackDoesNotStopTheStart) {
  Put("hello");
  std::string name = PackFiles()[0];
  store_.reset();
  std::filesystem::remove(name);
  Reopen();
  EXPECT_TRUE(Has("hello"));
  EXPECT_NE(Read("hello"), "hello");
}

TEST_F(PackRecoveryTest, StrangeFilesAreLeftAlone) {
  store_.reset();
  Overwrite(Packs() + "/README", "not a pack");
  Overwrite(Packs() + "/0000000g.pack", "not a pack");
  Overwrite(Packs() + "/00000005.compacting", "half a pack");
  Reopen();
  EXPECT_TRUE(std::filesystem::exists(Packs() + "/README"));
  EXPECT_TRUE(std::filesystem::exists(Packs() + "/0000000g.pack"));
  EXPECT_FALSE(std::filesystem::exists(Packs() + "/00000005.compacting"));
}

}  // namespace
}  // namespace plumb
