#include "client/library/guarded_mapping.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb {
namespace {

constexpr size_t kSize = 1 << 20;

class GuardedMappingTest : public testing::Test {
 protected:
  GuardedMappingTest() {
    EXPECT_TRUE(WriteFileAtomically(path_, std::string(kSize, 'x')).ok());
    fd_ = *OpenForReading(path_);
  }
  static int64_t CountX(std::span<const uint8_t> bytes) { return std::count(bytes.begin(), bytes.end(), 'x'); }

  ScratchFolder scratch_;
  std::string path_ = scratch_.path() + "/file";
  UniqueFd fd_;
};

TEST_F(GuardedMappingTest, ShowsTheBytesAskedFor) {
  ASSERT_TRUE(WriteFileAtomically(path_, "0123456789").ok());
  UniqueFd fd = *OpenForReading(path_);
  auto mapping = GuardedMapping::Map(fd.get(), 3, 7, "file");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_EQ(AsText((*mapping)->bytes()), "3456");
  EXPECT_TRUE((*mapping)->intact());
}

TEST_F(GuardedMappingTest, ShowsTheBytesAskedForAcrossFolios) {
  std::string content(9 << 20, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i >> 12);
  ASSERT_TRUE(WriteFileAtomically(path_, content).ok());
  UniqueFd fd = *OpenForReading(path_);
  for (auto [begin, end] : {std::pair<size_t, size_t>{3, content.size()},
                            {(2 << 20) + 5, (6 << 20) + 7},
                            {4 << 20, 6 << 20},
                            {(8 << 20) - 1, (8 << 20) + 1}}) {
    auto mapping = GuardedMapping::Map(fd.get(), begin, end, "file");
    ASSERT_TRUE(mapping.ok()) << mapping.status();
    EXPECT_TRUE(AsText((*mapping)->bytes()) == std::string_view(content).substr(begin, end - begin)) << begin;
    EXPECT_TRUE((*mapping)->intact());
  }
}

TEST_F(GuardedMappingTest, AShortenedFileLosesItsBytesAndNotTheProcess) {
  auto mapping = GuardedMapping::Map(fd_.get(), 5, kSize, "file");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_EQ(CountX((*mapping)->bytes()), static_cast<int64_t>(kSize - 5));
  ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
  EXPECT_EQ(CountX((*mapping)->bytes()), 0);
  EXPECT_FALSE((*mapping)->intact());
}

TEST_F(GuardedMappingTest, BytesBeyondTheFileAreLost) {
  auto mapping = GuardedMapping::Map(fd_.get(), 0, 2 * kSize, "file");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_EQ(CountX((*mapping)->bytes()), static_cast<int64_t>(kSize));
  EXPECT_FALSE((*mapping)->intact());
}

TEST_F(GuardedMappingTest, EachThreadHasItsOwn) {
  auto mapping = GuardedMapping::Map(fd_.get(), 0, kSize, "file");
  ASSERT_TRUE(mapping.ok());
  std::thread([&] {
    auto other = GuardedMapping::Map(fd_.get(), 0, 2 * kSize, "file");
    EXPECT_EQ(CountX((*other)->bytes()), static_cast<int64_t>(kSize));
    EXPECT_FALSE((*other)->intact());
  }).join();
  EXPECT_EQ(CountX((*mapping)->bytes()), static_cast<int64_t>(kSize));
  EXPECT_TRUE((*mapping)->intact());
}

TEST_F(GuardedMappingTest, WhatCannotBeMappedIsAnError) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  UniqueFd read_end(ends[0]), write_end(ends[1]);
  EXPECT_FALSE(GuardedMapping::Map(read_end.get(), 0, 100, "pipe").ok());
}

using GuardedMappingDeathTest = GuardedMappingTest;

TEST_F(GuardedMappingDeathTest, OtherFaultsStillEndTheProcess) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        { auto mapping = GuardedMapping::Map(fd_.get(), 0, kSize, "file"); }
        auto* plain = static_cast<volatile char*>(::mmap(nullptr, 2 * kSize, PROT_READ, MAP_SHARED, fd_.get(), 0));
        static_cast<void>(plain[kSize + 1]);
      },
      "");
}

}  // namespace
}  // namespace plumb
