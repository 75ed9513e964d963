// Each limit on tokenizers at its value and one past it, and rules that are dear on purpose.
#include "plumb/base/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "plumb/base/tokenizer_limits.h"
#include "plumb/tokenizer/tokenizer.h"

namespace plumb {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::SizeIs;

json File(json vocabulary = {{"[UNK]", 0}}) {
  return {{"version", "1.0"},
          {"model", {{"type", "WordLevel"}, {"unk_token", "[UNK]"}, {"vocab", std::move(vocabulary)}}}};
}

bool Reads(const json& file) { return ParseTokenizerJson(file.dump()).ok(); }

TEST(TokenizerLimits, TokenBytes) {
  EXPECT_TRUE(Reads(File({{"[UNK]", 0}, {std::string(limits::kVocabularyTokenBytesMax, 'a'), 1}})));
  EXPECT_FALSE(Reads(File({{"[UNK]", 0}, {std::string(limits::kVocabularyTokenBytesMax + 1, 'a'), 1}})));
}

// As a published tokenizer has it: a run of 2,048 spaces.
TEST(TokenizerLimits, LongTokensAreFound) {
  GgufVocabulary in;
  in.model = "llama";
  in.tokens = {"<unk>", "\xE2\x96\x81", std::string(2048, 'a'), "a"};
  in.scores = {0, -1, -2, -3};
  in.unknown_id = 0;
  in.add_bos = false;
  in.add_space_prefix = false;
  for (size_t size = 2; size < 2048; size *= 2) {
    in.tokens.push_back(std::string(size, 'a'));
    in.scores.push_back(-4);
  }
  const auto tokenizer = ParseGgufTokenizer(in);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_THAT(*(*tokenizer)->Encode(std::string(2048, 'a')), ElementsAre(2));
}

TEST(TokenizerLimits, VocabularyIds) {
  GgufVocabulary in;
  in.model = "gpt2";
  in.pre = "gpt-2";
  in.tokens.assign(limits::kVocabularyTokensMax, "");
  EXPECT_TRUE(ParseGgufTokenizer(in).ok());
  in.tokens.emplace_back();
  EXPECT_FALSE(ParseGgufTokenizer(in).ok());
}

TEST(TokenizerLimits, Merges) {
  GgufVocabulary in;
  in.model = "gpt2";
  in.pre = "gpt-2";
  in.tokens = {"a", "b", "ab"};
  in.merges.assign(limits::kMergesMax, "a b");
  EXPECT_TRUE(ParseGgufTokenizer(in).ok());
  in.merges.emplace_back("a b");
  EXPECT_FALSE(ParseGgufTokenizer(in).ok());
}

TEST(TokenizerLimits, PatternBytes) {
  json file = File();
  file["pre_tokenizer"] = {{"type", "Split"}, {"behavior", "Isolated"}, {"invert", false}};
  file["pre_tokenizer"]["pattern"]["Regex"] = std::string(limits::kPatternBytesMax, 'a');
  EXPECT_TRUE(Reads(file));
  file["pre_tokenizer"]["pattern"]["Regex"] = std::string(limits::kPatternBytesMax + 1, 'a');
  EXPECT_FALSE(Reads(file));
}

TEST(TokenizerLimits, Stages) {
  for (const auto& [section, list, one] : std::vector<std::tuple<std::string, std::string, json>>{
           {"normalizer", "normalizers", {{"type", "NFC"}}},
           {"pre_tokenizer", "pretokenizers", {{"type", "Whitespace"}}},
           {"decoder", "decoders", {{"type", "Fuse"}}},
           {"post_processor", "processors", {{"type", "ByteLevel"}}}}) {
    json file = File();
    file[section] = {{"type", "Sequence"}, {list, json(limits::kTokenizerStagesMax - 1, one)}};
    EXPECT_TRUE(Reads(file)) << section;
    file[section][list].push_back(one);
    EXPECT_FALSE(Reads(file)) << section;
  }
}

TEST(TokenizerLimits, FileBytes) {
  std::string text = File().dump();
  text.resize(limits::kTokenizerBytesMax, ' ');
  EXPECT_TRUE(ParseTokenizerJson(text).ok());
  text += ' ';
  EXPECT_FALSE(ParseTokenizerJson(text).ok());
}

TEST(TokenizerLimits, PromptBytes) {
  const auto tokenizer = *ParseTokenizerJson(File().dump());
  std::string text(limits::kPromptBytesMax, 'a');
  EXPECT_THAT(*tokenizer->Encode(text), ElementsAre(0));
  text += 'a';
  EXPECT_EQ(tokenizer->Encode(text).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(TokenizerLimits, DecodedIds) {
  json file = File({{"", 0}, {"[UNK]", 1}});
  file["decoder"] = {{"type", "Fuse"}};
  const auto tokenizer = *ParseTokenizerJson(file.dump());
  std::vector<int32_t> ids(limits::kDecodedIdsMax, 0);
  EXPECT_EQ(*tokenizer->Decode(ids), "");
  ids.push_back(0);
  EXPECT_EQ(tokenizer->Decode(ids).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(TokenizerLimits, NormalizedBytes) {
  constexpr size_t kFactor = 64;
  json file = File();
  file["normalizer"] = {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", std::string(kFactor, 'b')}};
  const auto tokenizer = *ParseTokenizerJson(file.dump());
  const std::string text(limits::kNormalizedBytesMax / kFactor, 'a');
  EXPECT_THAT(*tokenizer->Encode(text), SizeIs(1));
  EXPECT_EQ(tokenizer->Encode(text + "a").status().code(), absl::StatusCode::kResourceExhausted);
}

// Rules that multiply each other must stop early, in encoding and in decoding.
TEST(TokenizerLimits, RulesThatMultiply) {
  json file = File({{"a", 0}, {"[UNK]", 1}});
  const json grow = {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", std::string(1000, 'a')}};
  file["normalizer"] = {{"type", "Sequence"}, {"normalizers", json(20, grow)}};
  file["decoder"] = {{"type", "Sequence"}, {"decoders", json(20, grow)}};
  const auto tokenizer = *ParseTokenizerJson(file.dump());
  EXPECT_EQ(tokenizer->Encode("a").status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(tokenizer->Decode(std::vector<int32_t>{0}).status().code(), absl::StatusCode::kResourceExhausted);
  json bytes = File();
  bytes["pre_tokenizer"] = {
      {"type", "Sequence"},
      {"pretokenizers", json(60, {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}})}};
  EXPECT_EQ((*ParseTokenizerJson(bytes.dump()))->Encode("\xC3\xA9").status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(TokenizerLimits, PatternsThatBacktrackForEver) {
  for (const char* pattern : {"(a+)+$x", "(a|aa)+y", "(?:a?){30}a{30}z"}) {
    json file = File();
    file["pre_tokenizer"] = {
        {"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
    const auto tokenizer = *ParseTokenizerJson(file.dump());
    EXPECT_EQ(tokenizer->Encode(std::string(5000, 'a')).status().code(), absl::StatusCode::kResourceExhausted)
        << pattern;
  }
}

TEST(TokenizerLimits, LongTextsTakeNoQuadraticTime) {
  // One piece of a million characters, where every pair of neighbours merges.
  json file = {{"version", "1.0"}, {"model", {{"type", "BPE"}, {"vocab", {{"a", 0}}}, {"merges", json::array()}}}};
  std::string token = "a";
  for (int id = 1; id < 10; ++id, token += token) {
    file["model"]["vocab"][token + token] = id;
    file["model"]["merges"].push_back(token + " " + token);
  }
  const auto tokenizer = *ParseTokenizerJson(file.dump());
  EXPECT_THAT(*tokenizer->Encode(std::string(limits::kPromptBytesMax, 'a')), SizeIs(limits::kPromptBytesMax / 512));
}

}  // namespace
}  // namespace plumb
