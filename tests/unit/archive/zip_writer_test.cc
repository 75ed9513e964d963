#include "plumb/archive/crc32.h"
#include "plumb/archive/zip_writer.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "gmock/gmock.h"
#include "plumb/archive/zip.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

// A file of any size of which only a few pieces are not zeros.
class SparseSource : public ByteSource {
 public:
  SparseSource(std::vector<PlacedBytes> pieces, uint64_t size) : size_(size) {
    for (PlacedBytes& piece : pieces) {
      if (!piece.bytes.empty()) pieces_[piece.offset] = std::move(piece.bytes);
    }
  }
  uint64_t Size() const override { return size_; }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    PLUMB_RETURN_IF_ERROR(CheckWithin(offset, out.size(), size_));
    std::fill(out.begin(), out.end(), uint8_t{0});
    for (const auto& [begin, bytes] : pieces_) {
      const uint64_t from = std::max(begin, offset), to = std::min(begin + bytes.size(), offset + out.size());
      if (from < to) std::memcpy(out.data() + (from - offset), bytes.data() + (from - begin), to - from);
    }
    return absl::OkStatus();
  }

 private:
  uint64_t size_;
  std::map<uint64_t, std::string> pieces_;
};

// The archive of zeros that a layout describes, opened by our reader.
absl::StatusOr<ZipArchive> OpenLaidOut(const ZipLayout& layout, size_t entries) {
  const std::vector<uint32_t> sums(entries, 0x12345678);
  return ZipArchive::Open(std::make_shared<SparseSource>(layout.Records(sums), layout.file_bytes()));
}

TEST(ZipWriterTest, DataIsReadBackWithItsSums) {
  const std::vector<std::string> data = {"hello", "", std::string(1000, 'x')};
  absl::StatusOr<ZipLayout> layout = ZipLayout::New({{"a", 5}, {"folder/ä", 0}, {"c", 1000}}, 64);
  ASSERT_TRUE(layout.ok()) << layout.status();
  std::vector<uint32_t> sums;
  for (const std::string& each : data) sums.push_back(Crc32(AsBytes(each)));
  std::vector<PlacedBytes> pieces = layout->Records(sums);
  for (size_t i = 0; i < data.size(); ++i) {
    EXPECT_EQ(layout->data_begin(i) % 64, 0u);
    pieces.push_back({layout->data_begin(i), data[i]});
  }
  absl::StatusOr<ZipArchive> archive = ZipArchive::Open(std::make_shared<SparseSource>(pieces, layout->file_bytes()));
  ASSERT_TRUE(archive.ok()) << archive.status();
  ASSERT_EQ(archive->entries().size(), 3u);
  for (size_t i = 0; i < data.size(); ++i) {
    EXPECT_EQ(archive->Read(archive->entries()[i], 1000).value(), data[i]);
    EXPECT_FALSE(archive->entries()[i].deflated);
  }
  EXPECT_NE(archive->Find("folder/ä"), nullptr);
}

TEST(ZipWriterTest, EveryPaddingIsAField) {
  for (size_t length = 1; length <= 70; ++length) {
    absl::StatusOr<ZipLayout> layout = ZipLayout::New({{std::string(length, 'n'), 1}, {"m", 1}}, 64);
    ASSERT_TRUE(layout.ok());
    absl::StatusOr<ZipArchive> archive = OpenLaidOut(*layout, 2);
    ASSERT_TRUE(archive.ok()) << length << archive.status();
    EXPECT_EQ(archive->entries()[0].begin, layout->data_begin(0));
    EXPECT_EQ(archive->entries()[1].begin, layout->data_begin(1));
  }
}

TEST(ZipWriterTest, SizesAndPlacesBeyond32Bits) {
  for (uint64_t size : {uint64_t{UINT32_MAX} - 1, uint64_t{UINT32_MAX}, uint64_t{5} << 30}) {
    absl::StatusOr<ZipLayout> layout = ZipLayout::New({{"large", size}, {"after", 3}, {"larger", size * 3}}, 64);
    ASSERT_TRUE(layout.ok());
    absl::StatusOr<ZipArchive> archive = OpenLaidOut(*layout, 3);
    ASSERT_TRUE(archive.ok()) << size << archive.status();
    EXPECT_EQ(archive->entries()[0].size_bytes, size);
    EXPECT_EQ(archive->entries()[1].begin, layout->data_begin(1));
    EXPECT_EQ(archive->entries()[2].stored_bytes, size * 3);
    EXPECT_EQ(archive->entries()[2].crc32, 0x12345678u);
  }
}

TEST(ZipWriterTest, MoreEntriesThan16Bits) {
  for (size_t count : {size_t{65534}, size_t{65535}, size_t{65536}}) {
    std::vector<ZipEntryToWrite> entries;
    for (size_t i = 0; i < count; ++i) entries.push_back({std::to_string(i), 0});
    absl::StatusOr<ZipLayout> layout = ZipLayout::New(std::move(entries), 1);
    ASSERT_TRUE(layout.ok());
    const std::vector<uint32_t> sums(count);
    std::string file(layout->file_bytes(), '\0');
    for (const PlacedBytes& piece : layout->Records(sums)) {
      std::copy(piece.bytes.begin(), piece.bytes.end(), file.begin() + static_cast<ptrdiff_t>(piece.offset));
    }
    absl::StatusOr<ZipArchive> archive = ZipArchive::Open(MemoryByteSource(std::move(file)));
    ASSERT_TRUE(archive.ok()) << archive.status();
    EXPECT_EQ(archive->entries().size(), count);
  }
}

TEST(ZipWriterTest, AnArchiveWithoutEntries) {
  absl::StatusOr<ZipLayout> layout = ZipLayout::New({}, 64);
  ASSERT_TRUE(layout.ok());
  EXPECT_EQ(layout->file_bytes(), 22u);
  EXPECT_TRUE(OpenLaidOut(*layout, 0)->entries().empty());
}

TEST(ZipWriterTest, RefusesWhatItsReaderWould) {
  auto error = [](std::vector<ZipEntryToWrite> entries) {
    return std::string(Message(ZipLayout::New(std::move(entries), 64).status()));
  };
  EXPECT_THAT(error({{"", 1}}), HasSubstr("1 to 65535 bytes of UTF-8"));
  EXPECT_THAT(error({{"\xff", 1}}), HasSubstr("UTF-8"));
  EXPECT_THAT(error({{std::string("a\0b", 3), 1}}), HasSubstr("NUL"));
  EXPECT_THAT(error({{std::string(65536, 'x'), 1}}), HasSubstr("65535"));
  EXPECT_THAT(error({{"a", 1}, {"a", 2}}), HasSubstr("occurs twice"));
  EXPECT_THAT(error({{"a", UINT64_MAX}}), HasSubstr("too large"));
}

}  // namespace
}  // namespace plumb
