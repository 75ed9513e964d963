#include "plumb/base/byte_source.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb {
namespace {

// Not mapped; counts what is read.
class CountingSource : public ByteSource {
 public:
  explicit CountingSource(std::string bytes) : bytes_(MemoryByteSource(std::move(bytes))) {}
  uint64_t Size() const override { return bytes_->Size(); }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    ++reads;
    read_bytes += out.size();
    return bytes_->Read(offset, out);
  }
  mutable int reads = 0;
  mutable uint64_t read_bytes = 0;

 private:
  std::shared_ptr<const ByteSource> bytes_;
};

void ExpectDigits(const ByteSource& source) {
  EXPECT_EQ(source.Size(), 10u);
  EXPECT_EQ(AsText(source.Mapped()), "0123456789");
  std::vector<uint8_t> out(3);
  ASSERT_TRUE(source.Read(7, out).ok());
  EXPECT_EQ(AsText(out), "789");
  EXPECT_TRUE(absl::IsOutOfRange(source.Read(8, out)));
  EXPECT_TRUE(absl::IsOutOfRange(source.Read(UINT64_MAX, out)));
  EXPECT_TRUE(source.Read(10, {}).ok());
  source.Release(0, 10);
  EXPECT_EQ(AsText(source.Mapped()), "0123456789");
}

TEST(ByteSourceTest, Memory) { ExpectDigits(*MemoryByteSource("0123456789")); }

TEST(ByteSourceTest, FilesOfAFolder) {
  ScratchFolder scratch;
  scratch.Write("sub/digits", "0123456789");
  scratch.Write("empty", "");
  Directory directory = *Directory::Open(scratch.path());
  DirectoryByteFolder folder(&directory);
  auto digits = folder.Open("sub/digits");
  ASSERT_TRUE(digits.ok()) << digits.status();
  ExpectDigits(**digits);
  auto empty = folder.Open("empty");
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_EQ((*empty)->Size(), 0u);
  EXPECT_TRUE(absl::IsNotFound(folder.Open("none").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(folder.Open("../digits").status()));
}

TEST(ByteWindowTest, BorrowsWhatIsMapped) {
  auto source = MemoryByteSource("0123456789");
  ByteWindow window(*source);
  auto bytes = window.At(2, 3);
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(bytes->data(), source->Mapped().data() + 2);
  EXPECT_TRUE(absl::IsOutOfRange(window.At(8, 3).status()));
}

TEST(ByteWindowTest, ReadsFewTimes) {
  std::string text(1 << 20, 'x');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  CountingSource source(text);
  ByteWindow window(source);
  for (uint64_t at = 0; at < 200'000; at += 10) {
    auto bytes = window.At(at, 10);
    ASSERT_TRUE(bytes.ok());
    ASSERT_EQ(AsText(*bytes), text.substr(at, 10));
  }
  EXPECT_LE(source.reads, 3);
  EXPECT_LE(source.read_bytes, 500'000u);
  auto all = window.At(0, text.size());
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(AsText(*all), text);
}

// Comes in pieces of 100 bytes.
class PiecewiseSource : public CountingSource {
 public:
  using CountingSource::CountingSource;
  uint64_t CheapEnd(uint64_t offset) const override { return std::min(offset / 100 * 100 + 100, Size()); }
};

TEST(ByteWindowTest, ReadsAheadOnlyAsFarAsThatIsCheap) {
  PiecewiseSource source(std::string(1000, 'x'));
  ByteWindow window(source);
  ASSERT_TRUE(window.At(10, 5).ok());
  EXPECT_EQ(source.read_bytes, 90u);
  ASSERT_TRUE(window.At(95, 5).ok());
  EXPECT_EQ(source.reads, 1);
  ASSERT_TRUE(window.At(95, 10).ok());  // Up to 200.
  EXPECT_EQ(source.read_bytes, 90u + 105);
  ASSERT_TRUE(window.At(1000, 0).ok());
  ASSERT_TRUE(window.At(990, 10).ok());
  EXPECT_EQ(source.read_bytes, 90u + 105 + 10);
}

TEST(ByteWindowTest, NothingIsReadForBytesThatAreNotThere) {
  CountingSource source("0123456789");
  ByteWindow window(source);
  EXPECT_TRUE(absl::IsOutOfRange(window.At(0, 1ull << 60).status()));
  EXPECT_TRUE(absl::IsOutOfRange(window.At(1ull << 60, 1).status()));
  EXPECT_EQ(source.reads, 0);
}

}  // namespace
}  // namespace plumb
