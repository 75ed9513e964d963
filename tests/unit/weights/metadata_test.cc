#include "plumb/weights/metadata.h"

#include "gtest/gtest.h"

namespace plumb {
namespace {

Metadata Sample() {
  return Metadata({{"z", int64_t{-1}, "i32"},
                   {"a", uint64_t{7}, "u8"},
                   {"text", std::string("hello")},
                   {"real", 0.5},
                   {"flag", true},
                   {"huge", uint64_t{1} << 63},
                   {"list", std::vector<std::string>{"x", "y"}}});
}

TEST(MetadataTest, KeepsTheOrderAndFindsByKey) {
  Metadata metadata = Sample();
  EXPECT_EQ(metadata.entries().front().key, "z");
  EXPECT_EQ(metadata.entries().front().stored_as, "i32");
  ASSERT_NE(metadata.Get<std::string>("text"), nullptr);
  EXPECT_EQ(*metadata.Get<std::string>("text"), "hello");
  EXPECT_EQ(metadata.Get<std::vector<std::string>>("list")->size(), 2u);
  EXPECT_EQ(metadata.Get<std::string>("a"), nullptr);
  EXPECT_EQ(metadata.Find("none"), nullptr);
  EXPECT_EQ(Metadata().Find(""), nullptr);
}

TEST(MetadataTest, NumbersOfEitherSignedness) {
  Metadata metadata = Sample();
  EXPECT_EQ(metadata.Unsigned("a"), 7u);
  EXPECT_EQ(metadata.Signed("a"), 7);
  EXPECT_EQ(metadata.Signed("z"), -1);
  EXPECT_EQ(metadata.Unsigned("z"), std::nullopt);
  EXPECT_EQ(metadata.Signed("huge"), std::nullopt);
  EXPECT_EQ(metadata.Number("huge"), 9223372036854775808.0);
  EXPECT_EQ(metadata.Number("z"), -1.0);
  EXPECT_EQ(metadata.Number("real"), 0.5);
  EXPECT_EQ(metadata.Number("flag"), std::nullopt);
  EXPECT_EQ(metadata.Unsigned("real"), std::nullopt);
}

TEST(MetadataTest, DuplicatesAreFound) {
  EXPECT_EQ(Metadata::FindDuplicate({{"a", true}, {"b", true}}), std::nullopt);
  EXPECT_EQ(Metadata::FindDuplicate({{"b", true}, {"a", true}, {"b", false}}), "b");
}

}  // namespace
}  // namespace plumb
