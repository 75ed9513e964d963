#include "formats/hdf5/chunk_filters.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include "plumb/base/status.h"

namespace plumb::hdf5 {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

std::string Deflate(const std::string& data) {
  std::string out(compressBound(data.size()), '\0');
  uLongf size = out.size();
  compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(data.data()), data.size(), 9);
  out.resize(size);
  return out;
}

std::string Sum(const std::string& data) {
  const uint32_t sum = Fletcher32(data);
  std::string out = data;
  for (int i = 0; i < 4; ++i) out += static_cast<char>(sum >> (8 * i));
  return out;
}

std::string ErrorOf(const std::string& stored, std::vector<Hdf5Filter> filters, uint64_t bytes) {
  return std::string(Message(UndoFilters(stored, filters, 0, 1, bytes).status()));
}

TEST(ChunkFiltersTest, SumsAreThoseOfTheSpecification) {
  // By hand: words 0x6162, 0x6364 -> low 0xc4c6, high 0x6162 + 0xc4c6 = 0x12628, folded 0x2629.
  EXPECT_EQ(Fletcher32("abcd"), 0x2629c4c6u);
  EXPECT_EQ(Fletcher32(""), 0u);
  // An odd byte is the higher half of a word: 0x6162, 0x6300.
  EXPECT_EQ(Fletcher32("abc"), 0x25c5c462u);
}

TEST(ChunkFiltersTest, FiltersAreUndoneFromTheLast) {
  const std::string data = "a1b2c3";
  const std::string shuffled = "abc123";
  const std::vector<Hdf5Filter> all = {Hdf5Filter::kShuffle, Hdf5Filter::kDeflate, Hdf5Filter::kFletcher32};
  EXPECT_EQ(UndoFilters(Sum(Deflate(shuffled)), all, 0, 2, 6).value(), data);
  // Those of the mask were not applied.
  EXPECT_EQ(UndoFilters(Sum(shuffled), all, 0b010, 2, 6).value(), data);
  EXPECT_EQ(UndoFilters(data, all, 0b111, 2, 6).value(), data);
  // What fills no element stays where it is.
  EXPECT_EQ(UndoFilters("ac12x", {{Hdf5Filter::kShuffle}}, 0, 2, 5).value(), "a1c2x");
}

TEST(ChunkFiltersTest, OldSumsHaveSwappedBytes) {
  std::string swapped = Sum("abcd");
  std::swap(swapped[4], swapped[5]);
  std::swap(swapped[6], swapped[7]);
  EXPECT_EQ(UndoFilters(swapped, {{Hdf5Filter::kFletcher32}}, 0, 1, 4).value(), "abcd");
}

TEST(ChunkFiltersTest, WrongDataHaveTheirErrors) {
  EXPECT_THAT(ErrorOf("abcde", {}, 4), HasSubstr("a chunk has 5 bytes, expected 4"));
  EXPECT_THAT(ErrorOf("abc", {Hdf5Filter::kFletcher32}, 4), HasSubstr("has no checksum"));
  EXPECT_THAT(ErrorOf("abcd\1\2\3\4", {Hdf5Filter::kFletcher32}, 4),
              HasSubstr("checksum is 2629c4c6, expected 04030201"));
  EXPECT_THAT(ErrorOf("junk", {Hdf5Filter::kDeflate}, 4), HasSubstr("do not unpack"));
  EXPECT_THAT(ErrorOf(Deflate("abcd") + "x", {Hdf5Filter::kDeflate}, 4), HasSubstr("do not unpack"));
  EXPECT_THAT(ErrorOf(Deflate(std::string(1 << 20, 0)), {Hdf5Filter::kDeflate}, 4), HasSubstr("do not unpack"));
  EXPECT_THAT(ErrorOf(Deflate("abc"), {Hdf5Filter::kDeflate}, 4), HasSubstr("a chunk has 3 bytes, expected 4"));
  EXPECT_THAT(ErrorOf("", {Hdf5Filter::kDeflate}, 4), HasSubstr("do not unpack"));
}

}  // namespace
}  // namespace plumb::hdf5
