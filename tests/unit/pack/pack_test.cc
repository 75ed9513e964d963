// The pack format: every Parse is the inverse of its Render and refuses everything else.
#include "plumb/pack/pack.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/pack/pack_index.h"
#include "plumb/pack/pack_scanner.h"

namespace plumb {
namespace {

// A pack of chunks in frames of any bytes.
class PackTest : public ::testing::Test {
 protected:
  PackTest() {
    auto header = RenderPackHeader();
    bytes_.assign(header.begin(), header.end());
  }
  void Append(const std::string& frame, std::optional<Digest> base = std::nullopt) {
    PackRecord record{Sha256Of(frame), static_cast<uint32_t>(frame.size()), FrameChecksum(AsBytes(frame))};
    auto header = RenderPackRecord(record);
    bytes_.insert(bytes_.end(), header.begin(), header.end());
    entries_.push_back(
        {record.digest, static_cast<uint32_t>(bytes_.size()), record.frame_bytes, record.frame_bytes, base});
    bytes_.insert(bytes_.end(), frame.begin(), frame.end());
  }
  void EndBatch() { bytes_.resize(PackBlockEnd(bytes_.size())); }
  void Seal() {
    EndBatch();
    std::vector<uint8_t> end = RenderPackEnd(bytes_.size(), entries_);
    bytes_.insert(bytes_.end(), end.begin(), end.end());
  }
  // The frames that a scan finds, and how it ends.
  std::pair<std::vector<std::string>, absl::StatusCode> Scan() {
    std::vector<std::string> frames;
    auto scanner = PackScanner::New(PackSourceOf(bytes_));
    if (!scanner.ok()) return {frames, scanner.status().code()};
    while (true) {
      auto record = scanner->Next();
      if (!record.ok() || !record->has_value()) return {frames, record.status().code()};
      auto frame = scanner->ReadFrame(**record);
      frames.push_back(frame.ok() ? std::string(AsText(*frame)) : "damaged");
    }
  }
  absl::StatusOr<std::vector<PackEntry>> Index() const { return ReadPackIndex(PackSourceOf(bytes_)); }

  std::vector<uint8_t> bytes_;
  std::vector<PackEntry> entries_;
};

TEST_F(PackTest, RecordsAreFoundSealedOrNot) {
  Append("one");
  Append("two");
  EndBatch();
  Append("three");
  std::vector<std::string> expected = {"one", "two", "three"};
  EXPECT_EQ(Scan(), std::make_pair(expected, absl::StatusCode::kOk));
  EndBatch();
  EXPECT_EQ(Scan(), std::make_pair(expected, absl::StatusCode::kOk));
  EXPECT_TRUE(absl::IsFailedPrecondition(Index().status()));
  Seal();
  EXPECT_EQ(Scan(), std::make_pair(expected, absl::StatusCode::kOk));
}

TEST_F(PackTest, IndexHoldsEveryRecordByDigest) {
  for (int i = 0; i < 200; ++i)
    Append("chunk " + std::to_string(i), i % 2 == 0 ? std::nullopt : std::optional(Sha256Of("x")));
  Append("chunk 7");  // Deleted and put again.
  Seal();
  EXPECT_EQ(bytes_.size() % kPackBlockBytes, 0u);
  auto index = Index();
  ASSERT_TRUE(index.ok()) << index.status();
  std::sort(entries_.begin(), entries_.end(), [](const PackEntry& a, const PackEntry& b) {
    return std::tie(a.digest, a.offset) < std::tie(b.digest, b.offset);
  });
  EXPECT_EQ(*index, entries_);
}

TEST_F(PackTest, EmptyPackCanBeSealed) {
  Seal();
  ASSERT_TRUE(Index().ok());
  EXPECT_TRUE(Index()->empty());
  EXPECT_EQ(Scan().second, absl::StatusCode::kOk);
}

TEST_F(PackTest, EveryTruncationIsNoticed) {
  Append("one");
  Append("two");
  Seal();
  std::vector<uint8_t> whole = bytes_;
  for (size_t size = 0; size < whole.size(); ++size) {
    bytes_.assign(whole.begin(), whole.begin() + static_cast<long>(size));
    EXPECT_FALSE(Index().ok()) << size;
    Scan();
  }
}

TEST_F(PackTest, EveryChangedByteOfTheEndIsNoticed) {
  Append("one");
  Append("two", Sha256Of("base"));
  Seal();
  for (size_t at = kPackBlockBytes; at < bytes_.size(); ++at) {
    bytes_[at] ^= 1;
    EXPECT_FALSE(Index().ok()) << at;
    bytes_[at] ^= 1;
  }
  EXPECT_TRUE(Index().ok());
}

TEST_F(PackTest, EveryChangedByteOfARecordIsNoticed) {
  Append("one");
  Append("two");
  std::vector<std::string> expected = {"one", "two"};
  for (size_t at = 0; at < bytes_.size(); ++at) {
    bytes_[at] ^= 1;
    auto [frames, code] = Scan();
    EXPECT_TRUE(frames != expected || code != absl::StatusCode::kOk) << at;
    bytes_[at] ^= 1;
  }
}

TEST_F(PackTest, RecordsAreBounded) {
  PackRecord record{.digest = Sha256Of("x"), .frame_bytes = limits::kFrameBytesMax};
  EXPECT_EQ(*ParsePackRecord(RenderPackRecord(record)), record);
  record.frame_bytes = limits::kFrameBytesMax + 1;
  EXPECT_FALSE(ParsePackRecord(RenderPackRecord(record)).ok());
  record.frame_bytes = 0;
  EXPECT_FALSE(ParsePackRecord(RenderPackRecord(record)).ok());
}

TEST_F(PackTest, PacksAreBounded) {
  PackSource pack{.size_bytes = limits::kPackBytesMax + 1,
                  .read =
                      [](uint64_t, std::span<uint8_t> out) {
                        auto header = RenderPackHeader();
                        std::copy_n(header.begin(), std::min(out.size(), header.size()), out.begin());
                        return absl::OkStatus();
                      },
                  .name = "a pack"};
  EXPECT_FALSE(PackScanner::New(pack).ok());
  pack.size_bytes = limits::kPackBytesMax;
  EXPECT_TRUE(PackScanner::New(pack).ok());
}

TEST_F(PackTest, EntriesAreBounded) {
  entries_.assign(kPackRecordsMax + 1, PackEntry());
  bytes_.resize(uint64_t{kPackBlockBytes} * 1024);
  for (size_t i = 0; i < entries_.size(); ++i) {
    entries_[i] = {.digest = Sha256Of(std::to_string(i)),
                   .offset = static_cast<uint32_t>(kPackHeaderBytes + kPackRecordHeaderBytes + i * 60),
                   .frame_bytes = 2,
                   .plain_bytes = 2};
  }
  std::vector<uint8_t> records = bytes_;
  Seal();
  EXPECT_TRUE(absl::IsDataLoss(Index().status()));
  entries_.pop_back();
  bytes_ = records;
  Seal();
  EXPECT_TRUE(Index().ok()) << Index().status();
}

TEST_F(PackTest, ImpossibleEntriesAreRefused) {
  Append("one");
  Append("two");
  std::vector<uint8_t> records = bytes_;
  std::vector<PackEntry> sound = entries_;
  auto refused = [&](auto change) {
    bytes_ = records;
    entries_ = sound;
    change(entries_);
    Seal();
    return absl::IsDataLoss(Index().status());
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& e) { e[0].offset = 0; }));
  EXPECT_TRUE(refused([](auto& e) { e[0].offset = 4094; }));
  EXPECT_TRUE(refused([](auto& e) { e[0].offset += 1; })) << "overlaps";
  EXPECT_TRUE(refused([](auto& e) { e[0].frame_bytes = 0; }));
  EXPECT_TRUE(refused([](auto& e) { e[0].plain_bytes = 0; }));
  EXPECT_TRUE(refused([](auto& e) { e[0].plain_bytes = limits::kChunkBytesMax + 1; }));
  EXPECT_FALSE(refused([](auto& e) { e[0].plain_bytes = limits::kChunkBytesMax; }));
  EXPECT_TRUE(refused([](auto& e) { e[1].frame_bytes = e[1].plain_bytes + limits::kFrameHeaderBytesMax + 1; }));
  EXPECT_FALSE(refused([](auto& e) { e[1].frame_bytes = e[1].plain_bytes + limits::kFrameHeaderBytesMax; }));
  EXPECT_TRUE(refused([](auto& e) { e[0].base = e[0].digest; }));
  EXPECT_TRUE(refused([](auto& e) { e[0] = e[1]; })) << "twice the same";
}

}  // namespace
}  // namespace plumb
