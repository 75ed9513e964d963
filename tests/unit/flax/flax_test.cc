#include <gmock/gmock.h>

#include "plumb/weights/unreadable_tensor.h"
#include "tests/unit/containers/container_testing.h"

namespace plumb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;

std::string Text(const std::string& text) { return static_cast<char>(0xa0 + text.size()) + text; }
std::string Bytes(const std::string& bytes) { return "\xc4"s + static_cast<char>(bytes.size()) + bytes; }
std::string Array(const std::string& shape, const std::string& type, const std::string& bytes, char extension = 1) {
  const std::string inner = "\x93" + shape + Text(type) + Bytes(bytes);
  return "\xc7"s + static_cast<char>(inner.size()) + extension + inner;
}
std::string Map(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string map(1, static_cast<char>(0x80 + items.size()));
  for (const auto& [key, value] : items) map += Text(key) + value;
  return map;
}

const std::string kTwo = Array("\x91\2", "uint8", "\1\2");

TEST(FlaxTest, ReadsWhatFlaxWrites) { EXPECT_GE(ExpectRecordedFiles("flax"), 8); }

TEST(FlaxTest, NamesArePathsAndNumbersAreMetadata) {
  auto source = OpenBytes(Map({{"params", Map({{"w", kTwo}, {"list", "\x91" + kTwo}})}, {"step", "\xcd\1\0"s}}));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(FloatsOf(**source, "params.w"), ElementsAre(1, 2));
  EXPECT_THAT(FloatsOf(**source, "params.list.0"), ElementsAre(1, 2));
  EXPECT_EQ((*source)->metadata().Unsigned("step"), 256);
}

TEST(FlaxTest, PiecesAreOneTensor) {
  const std::string pieces = Map({{"__msgpack_chunked_array__", "\xc3"},
                                  {"shape", Map({{"0", "\2"}, {"1", "\2"}})},
                                  {"chunks", Map({{"0", kTwo}, {"1", kTwo}})}});
  auto source = OpenBytes(Map({{"w", pieces}}));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(FloatsOf(**source, "w"), ElementsAre(1, 2, 1, 2));
}

TEST(FlaxTest, ArraysOfUnknownTypesAreNotGiven) {
  auto source = OpenBytes(Map({{"i", Array("\x91\2", "int4", "\1\2")}, {"w", kTwo}}));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(FloatsOf(**source, "w"), ElementsAre(1, 2));
  ASSERT_EQ(UnreadableIn(**source).size(), 1);
  EXPECT_EQ(UnreadableText(UnreadableIn(**source)[0]), "tensor \"i\" is of the type \"int4\", which is not read");
}

TEST(FlaxTest, EveryBrokenFileHasItsError) {
  const std::string whole = Map({{"w", kTwo}});
  EXPECT_THAT(OpenErrorOf(whole + "\xc0"), HasSubstr("follows the end"));
  EXPECT_THAT(OpenErrorOf(Map({{"w", kTwo}, {"w", kTwo}})), HasSubstr("occurs twice"));
  EXPECT_THAT(OpenErrorOf(Map({{"w", Array("\x91\3", "uint8", "\1\2")}})), HasSubstr("2 bytes are stored"));
  EXPECT_THAT(OpenErrorOf(Map({{"w", Array("\x91\xff", "uint8", "\1\2")}})), HasSubstr("not of sizes"));
  EXPECT_THAT(OpenErrorOf(Map({{"w", Array("\x92\xcf\xff\xff\xff\xff\xff\xff\xff\xff\4", "uint8", "")}})),
              HasSubstr("overflow"));
  EXPECT_THAT(OpenErrorOf(Map({{"w", Array("\x91\2", "uint8", "\1\2", 9)}})), HasSubstr("none of Flax's"));
  EXPECT_THAT(OpenErrorOf(Map({{"w", "\xdd\xff\xff\xff\xff"}})), HasSubstr("do not fit"));
  EXPECT_THAT(OpenErrorOf(Map({{"w", "\xc1"}})), HasSubstr("no type"));
  std::string deep = Map({{"w", std::string(70, '\x91') + "\xc0"}});
  EXPECT_THAT(OpenErrorOf(deep), HasSubstr("nested deeper"));
  for (size_t size = 3; size < whole.size(); ++size) EXPECT_NE(OpenErrorOf(whole.substr(0, size)), "") << size;
}

}  // namespace
}  // namespace plumb
