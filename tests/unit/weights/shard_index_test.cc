#include "plumb/weights/shard_index.h"

#include "plumb/base/limits.h"
#include "tests/unit/weights/safetensors_testing.h"

namespace plumb {
namespace {

// An index whose weight map is `entries`.
std::string Index(const std::string& entries) { return R"({"metadata":{},"weight_map":{)" + entries + "}}"; }

// An index with one tensor in each of `shards`.
std::string IndexOf(const std::vector<std::string>& shards) {
  std::string entries;
  for (const std::string& shard : shards) {
    entries += (entries.empty() ? "\"t" : ",\"t") + std::to_string(entries.size()) + "\":\"" + shard + "\"";
  }
  return Index(entries);
}

void ExpectIndexRefused(const std::string& json, std::string_view part) {
  SCOPED_TRACE(json.substr(0, 200));
  ExpectRefused(ShardIndex::Parse(json).status(), part);
}

TEST(ShardIndexTest, WhatDoesNotSayWhereTensorsAreMayBeMissingOrMore) {
  for (const char* text :
       {R"({"weight_map":{"a":"m.safetensors"}})", R"({"weight_map":{"a":"m.safetensors"},"metadata":null})",
        R"({"metadata":{},"weight_map":{"a":"m.safetensors"},"format":"pt"})",
        R"({"metadata":{"x":NaN},"weight_map":{"a":"m.safetensors"}})"}) {
    auto index = ShardIndex::Parse(text);
    ASSERT_TRUE(index.ok()) << text << index.status();
    EXPECT_EQ(index->shard_of.at("a"), "m.safetensors");
    EXPECT_FALSE(index->total_bytes.has_value());
  }
}

TEST(ShardIndexTest, TwoShards) {
  auto index = ShardIndex::Parse(R"({"metadata":{"total_size":16},"weight_map":{
      "b":"model-00002-of-00002.safetensors","a":"model-00001-of-00002.safetensors",
      "c":"model-00001-of-00002.safetensors"}})");
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_THAT(index->shards,
              testing::ElementsAre("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"));
  EXPECT_EQ(index->shard_of.size(), 3u);
  EXPECT_EQ(index->shard_of.at("b"), "model-00002-of-00002.safetensors");
}

TEST(ShardIndexTest, TotalSizeMayBeAnything) {
  for (const char* total : {"-1", "1.5", "\"many\"", "null", "18446744073709551616"}) {
    EXPECT_TRUE(ShardIndex::Parse(std::string(R"({"weight_map":{"a":"m.safetensors"},"metadata":{"total_size":)") +
                                  total + "}}")
                    .ok())
        << total;
  }
}

TEST(ShardIndexTest, NotAnIndex) {
  ExpectIndexRefused("", "not valid JSON");
  ExpectIndexRefused("{", "not valid JSON");
  ExpectIndexRefused("[]", "not an object");
  ExpectIndexRefused("{}", "\"weight_map\" is not an object");
  ExpectIndexRefused(R"({"metadata":{}})", "\"weight_map\" is not an object");
  ExpectIndexRefused(R"({"metadata":[],"weight_map":{}})", "\"metadata\" is not an object");
  ExpectIndexRefused(R"({"metadata":{},"weight_map":["a"]})", "\"weight_map\" is not an object");
  ExpectIndexRefused(Index(""), "names no tensor");
}

TEST(ShardIndexTest, TrailingBytesAfterTheDocument) {
  ExpectIndexRefused(IndexOf({"m.safetensors"}) + "{}", "not valid JSON");
  ExpectIndexRefused(IndexOf({"m.safetensors"}) + std::string(1, '\0') + "{}", "NUL");
}

TEST(ShardIndexTest, DuplicateTensor) {
  ExpectIndexRefused(Index(R"("a":"m.safetensors","a":"n.safetensors")"), "occurs twice");
  ExpectIndexRefused(R"({"metadata":{},"weight_map":{"a":"m.safetensors"},"weight_map":{}})", "occurs twice");
}

TEST(ShardIndexTest, TensorNames) {
  EXPECT_TRUE(
      ShardIndex::Parse(Index("\"" + std::string(limits::kTensorNameBytesMax, 'n') + R"(":"m.safetensors")")).ok());
  ExpectIndexRefused(Index("\"" + std::string(limits::kTensorNameBytesMax + 1, 'n') + R"(":"m.safetensors")"), "1024");
  ExpectIndexRefused(Index(R"("":"m.safetensors")"), "tensor name");
  ExpectIndexRefused(Index(R"("\u0000":"m.safetensors")"), "tensor name");
}

TEST(ShardIndexTest, ShardsArePlainNames) {
  for (const char* name : {"../m.safetensors", "/m.safetensors", "a/m.safetensors", "..", "", ".safetensors/..",
                           "a\\\\m.safetensors", "c:m.safetensors", "m.bin", "m.safetensors.exe", "m.SAFETENSORS",
                           "a\\u0000.safetensors", "con.safetensors", "a\\n.safetensors"}) {
    ExpectIndexRefused(IndexOf({name}), "");
  }
  for (const char* value : {"1", "null", "[\"m.safetensors\"]", "{}"}) {
    ExpectIndexRefused(Index(std::string("\"a\":") + value), "is not a string");
  }
}

TEST(ShardIndexTest, NumbersAreComplete) {
  EXPECT_TRUE(ShardIndex::Parse(IndexOf({"m-00001-of-00001.safetensors"})).ok());
  EXPECT_TRUE(ShardIndex::Parse(IndexOf({"m-00001-of-000002.safetensors", "m-00002-of-000002.safetensors"})).ok());
  ExpectIndexRefused(IndexOf({"m-00001-of-00002.safetensors"}), "1 of the 2 shards of \"m\"");
  ExpectIndexRefused(IndexOf({"m-00001-of-00003.safetensors", "m-00003-of-00003.safetensors"}), "2 of the 3");
  ExpectIndexRefused(IndexOf({"m-00000-of-00001.safetensors"}), "not 1 to 1");
  ExpectIndexRefused(IndexOf({"m-00002-of-00001.safetensors"}), "not 1 to 1");
  ExpectIndexRefused(IndexOf({"m-1-of-2.safetensors", "m-00001-of-2.safetensors"}), "twice");
  ExpectIndexRefused(IndexOf({"m-00001-of-00001.safetensors", "m-00002-of-00002.safetensors"}), "others are of");
  ExpectIndexRefused(IndexOf({"m-00001-of-99999999.safetensors"}), "1 of the 99999999");
}

TEST(ShardIndexTest, SeriesOfSeveralPrefixesAndPlainNamesMix) {
  EXPECT_TRUE(ShardIndex::Parse(IndexOf({"text-00001-of-00002.safetensors", "text-00002-of-00002.safetensors",
                                         "vision-00001-of-00001.safetensors", "extra.safetensors"}))
                  .ok());
}

TEST(ShardIndexTest, NamesThatOnlyLookNumbered) {
  for (const char* name : {"m-of-2.safetensors", "m-1-of-x.safetensors", "-of-.safetensors", "m-x-of-2.safetensors",
                           "1-of-2.safetensors", "m-1-of-99999999999999999999999.safetensors"}) {
    EXPECT_TRUE(ShardIndex::Parse(IndexOf({name})).ok()) << name;
  }
}

TEST(ShardIndexTest, ShardsAtTheLimitAndOnePast) {
  std::vector<std::string> shards;
  for (size_t i = 0; i < limits::kShardsMax; ++i) shards.push_back(std::to_string(i) + ".safetensors");
  EXPECT_TRUE(ShardIndex::Parse(IndexOf(shards)).ok());
  shards.push_back("one-more.safetensors");
  ExpectIndexRefused(IndexOf(shards), "more than 10000 shards");
}

TEST(ShardIndexTest, BytesAtTheLimitAndOnePast) {
  std::string json = IndexOf({"m.safetensors"});
  json.resize(limits::kShardIndexBytesMax, ' ');
  EXPECT_TRUE(ShardIndex::Parse(json).ok());
  ExpectIndexRefused(json + " ", "at most " + std::to_string(limits::kShardIndexBytesMax) + " are read");
}

}  // namespace
}  // namespace plumb
