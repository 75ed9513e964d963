#include "plumb/archive/zip.h"

#include <gmock/gmock.h>

#include "plumb/base/status.h"
#include "tests/unit/archive/zip_builder.h"

namespace plumb {
namespace {

using testing::HasSubstr;

absl::StatusOr<ZipArchive> Open(const std::string& bytes) { return ZipArchive::Open(MemoryByteSource(bytes)); }

std::string ErrorOf(const std::string& bytes) {
  absl::StatusOr<ZipArchive> archive = Open(bytes);
  if (archive.ok()) return "";
  EXPECT_EQ(ErrorClassOf(archive.status()), ErrorClass::kPolicy);
  return std::string(Message(archive.status()));
}

TEST(ZipTest, ReadsStoredAndDeflatedEntries) {
  const std::string text(100'000, 'x');
  for (bool wide : {false, true}) {
    absl::StatusOr<ZipArchive> archive =
        Open(BuildZip({.entries = {{.name = "a/b", .data = "hello"}, Deflated("c", text)}, .wide = wide}));
    ASSERT_TRUE(archive.ok()) << archive.status();
    ASSERT_EQ(archive->entries().size(), 2);
    EXPECT_EQ(archive->Read(*archive->Find("a/b"), 100).value(), "hello");
    EXPECT_EQ(archive->Read(*archive->Find("c"), 100'000).value(), text);
    EXPECT_EQ(archive->Find("nothing"), nullptr);
  }
}

TEST(ZipTest, TheLocalHeadersExtraFieldMovesTheData) {
  absl::StatusOr<ZipArchive> archive =
      Open(BuildZip({.entries = {{.name = "a", .data = "hello", .local_extra = "FB" + Little(3, 2) + "pad"}}}));
  ASSERT_TRUE(archive.ok()) << archive.status();
  EXPECT_EQ(archive->Read(archive->entries()[0], 5).value(), "hello");
}

TEST(ZipTest, AnEmptyArchiveIsSound) {
  absl::StatusOr<ZipArchive> archive = Open(BuildZip({}));
  ASSERT_TRUE(archive.ok()) << archive.status();
  EXPECT_TRUE(archive->entries().empty());
}

TEST(ZipTest, RefusesWhatTwoReadersUnderstandDifferently) {
  const ZipEntrySpec a = {.name = "a", .data = "hello"};
  ZipEntrySpec other = a;
  other.local_name = "b";
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {other}})), HasSubstr("contradicts the directory"));
  other = a;
  other.local_method = 8;
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {other}})), HasSubstr("contradicts the directory"));
  other = a;
  other.local_flags = 1;
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {other}})), HasSubstr("contradicts the directory"));
  other = a;
  other.flags = other.local_flags = 1;
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {other}})), HasSubstr("encrypted"));
  other.flags = other.local_flags = 0x40;
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {other}})), HasSubstr("encrypted"));
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {a, a}})), HasSubstr("occurs twice"));
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {a}, .suffix = "x"})), HasSubstr("no end record at the end"));
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {a}, .prefix = "GIF89a"})), HasSubstr("before the first entry"));
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {a}, .directory_delta = 1})), HasSubstr("directory is said to lie"));
}

TEST(ZipTest, RefusesUnusualEntries) {
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {{.name = "a", .data = "x", .method = 12}}})), HasSubstr("method 12"));
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {{.name = "", .data = "x"}}})), HasSubstr("name is empty"));
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {{.name = "\xff", .data = "x"}}})), HasSubstr("not UTF-8"));
  ZipEntrySpec sized = {.name = "a", .data = "hello"};
  sized.size = 6;
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {sized}})), HasSubstr("cannot have 6 bytes of 5"));
}

TEST(ZipTest, RefusesBombsBeforeUnpackingThem) {
  ZipEntrySpec bomb = Deflated("a", std::string(1'000'000, '\0'));
  bomb.size = uint64_t{1} << 40;
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {bomb}, .wide = true})), HasSubstr("cannot have"));
  absl::StatusOr<ZipArchive> archive = Open(BuildZip({.entries = {Deflated("a", std::string(1'000'000, '\0'))}}));
  ASSERT_TRUE(archive.ok());
  EXPECT_THAT(std::string(Message(archive->Read(archive->entries()[0], 999'999).status())),
              HasSubstr("at most 999999"));
  EXPECT_TRUE(archive->Read(archive->entries()[0], 1'000'000).ok());
}

TEST(ZipTest, NoticesWrongSizesAndSums) {
  for (uint64_t size : {999u, 1001u}) {
    ZipEntrySpec wrong = Deflated("a", std::string(1000, 'y'));
    wrong.size = size;
    absl::StatusOr<ZipArchive> archive = Open(BuildZip({.entries = {wrong}}));
    ASSERT_TRUE(archive.ok()) << archive.status();
    EXPECT_THAT(std::string(Message(archive->Read(archive->entries()[0], 5000).status())),
                HasSubstr("does not unpack"));
  }
  ZipEntrySpec wrong = {.name = "a", .data = "hello"};
  wrong.crc32 = 1;
  absl::StatusOr<ZipArchive> archive = Open(BuildZip({.entries = {wrong}}));
  EXPECT_THAT(std::string(Message(archive->Read(archive->entries()[0], 5000).status())), HasSubstr("CRC-32"));
}

TEST(ZipTest, EveryCutIsAnError) {
  for (bool wide : {false, true}) {
    const std::string whole =
        BuildZip({.entries = {{.name = "a", .data = "hello"}, Deflated("b", "hello")}, .wide = wide});
    for (size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(Open(whole.substr(0, size)).ok()) << size;
    }
  }
}

}  // namespace
}  // namespace plumb
