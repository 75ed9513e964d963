// What a tokenizer.json or a GGUF vocabulary may not say: each is refused, and the message names it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/tokenizer/tokenizer.h"

namespace plumb {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

json WordLevel(json vocabulary = {{"[UNK]", 0}, {"a", 1}, {"b", 2}}) {
  return {{"type", "WordLevel"}, {"unk_token", "[UNK]"}, {"vocab", std::move(vocabulary)}};
}

json Bpe() { return {{"type", "BPE"}, {"vocab", {{"a", 0}, {"b", 1}, {"ab", 2}}}, {"merges", json::array({"a b"})}}; }

json File(json model = WordLevel()) { return {{"version", "1.0"}, {"model", std::move(model)}}; }

json Added(int id, const std::string& content) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

// Parses `file` with `value` at `path`, which must fail with `message` and class policy.
void ExpectCode(absl::StatusCode code, json file, const std::string& path, const json& value,
                const std::string& message) {
  file[json::json_pointer(path)] = value;
  const absl::Status status = ParseTokenizerJson(file.dump()).status();
  EXPECT_EQ(status.code(), code) << path << " " << value;
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy) << path << " " << value;
  EXPECT_THAT(std::string(Message(status)), HasSubstr(message)) << path << " " << value;
}

void ExpectRefused(json file, const std::string& path, const json& value, const std::string& message) {
  ExpectCode(absl::StatusCode::kInvalidArgument, std::move(file), path, value, message);
}

// What says nothing against the file.
void ExpectNotKnown(json file, const std::string& path, const json& value, const std::string& message) {
  ExpectCode(absl::StatusCode::kUnimplemented, std::move(file), path, value, message);
}

void ExpectRead(json file, const std::string& path, const json& value) {
  file[json::json_pointer(path)] = value;
  const absl::Status status = ParseTokenizerJson(file.dump()).status();
  EXPECT_TRUE(status.ok()) << path << " " << value << ": " << status;
}

TEST(TokenizerRefusals, TheBaseOfTheseTestsIsRead) {
  EXPECT_TRUE(ParseTokenizerJson(File().dump()).ok());
  EXPECT_TRUE(ParseTokenizerJson(File(Bpe()).dump()).ok());
}

TEST(TokenizerRefusals, UnknownKindsAreNamed) {
  for (const char* section : {"normalizer", "pre_tokenizer", "post_processor", "decoder"}) {
    ExpectNotKnown(File(), std::string("/") + section, {{"type", "Zebra"}}, "Zebra");
    ExpectRefused(File(), std::string("/") + section, {{"kind", "Zebra"}}, std::string(section) + ".type: missing");
    ExpectRefused(File(), std::string("/") + section, "Zebra", std::string(section) + ": found string");
  }
  ExpectNotKnown(File(), "/model/type", "Zebra", "model.type: 'Zebra'");
  ExpectNotKnown(File(), "/pre_tokenizer", {{"type", "UnicodeScripts"}}, "UnicodeScripts");
  ExpectNotKnown(File(), "/version", "2.0", "version");
}

TEST(TokenizerRefusals, UnknownKeysAreNamed) {
  ExpectNotKnown(File(), "/zebra", 1, "zebra");
  ExpectNotKnown(File(), "/model/zebra", 1, "model: keys that Plumb does not know and that may change ids: zebra");
  ExpectNotKnown(File(Bpe()), "/model/zebra", 1, "zebra");
  ExpectNotKnown(File(), "/normalizer", {{"type", "NFC"}, {"zebra", 1}}, "normalizer");
  ExpectNotKnown(File(), "/pre_tokenizer", {{"type", "Whitespace"}, {"zebra", 1}}, "pre_tokenizer");
  ExpectNotKnown(File(), "/decoder", {{"type", "Fuse"}, {"zebra", 1}}, "decoder");
  ExpectNotKnown(File(), "/post_processor", {{"type", "ByteLevel"}, {"zebra", 1}}, "post_processor");
  json added = Added(3, "<s>");
  added["zebra"] = true;
  ExpectNotKnown(File(), "/added_tokens", json::array({added}), "added_tokens[0]");
}

TEST(TokenizerRefusals, KeysThatDoNotChangeIdsAreIgnored) {
  ExpectRead(File(), "/truncation", {{"max_length", 5}, {"strategy", "LongestFirst"}, {"stride", 0}});
  ExpectRead(File(), "/padding", {{"strategy", "BatchLongest"}});
  ExpectRead(File(Bpe()), "/model/dropout", nullptr);
  ExpectRead(File(Bpe()), "/model/dropout", 0.0);
}

TEST(TokenizerRefusals, ModelsThatContradictThemselves) {
  ExpectNotKnown(File(Bpe()), "/model/dropout", 0.1, "dropout");
  ExpectRefused(File(Bpe()), "/model/merges", json::array({"a c"}), "names a token that is not there");
  ExpectRefused(File(Bpe()), "/model/merges", json::array({"b a"}), "names a token that is not there");
  ExpectRefused(File(Bpe()), "/model/merges", json::array({"ab"}), "model.merges[0]");
  ExpectRefused(File(Bpe()), "/model/merges", json::array({json::array({"a"})}), "model.merges[0]");
  ExpectRefused(File(Bpe()), "/model/merges", "a b", "merges");
  ExpectRefused(File(Bpe()), "/model/continuing_subword_prefix", "##", "##");
  ExpectRefused(File(), "/model/vocab/c", 2, "both have id 2");
  ExpectRefused(File(), "/model/vocab/c", -1, "'c'");
  ExpectRefused(File(), "/model/vocab/c", 1.5, "'c'");
  ExpectRefused(File(), "/model/vocab/c", 1'000'000, "'c'");
  ExpectRefused(File(), "/model/vocab", json::array(), "model.vocab");
  const json word_piece = {{"type", "WordPiece"},
                           {"unk_token", "[UNK]"},
                           {"continuing_subword_prefix", "##"},
                           {"max_input_chars_per_word", 100},
                           {"vocab", {{"a", 0}}}};
  ExpectRefused(File(word_piece), "/version", "1.0", "'[UNK]' is not in the vocabulary");
  const json unigram = {{"type", "Unigram"}, {"unk_id", 0}, {"vocab", json::array({json::array({"<unk>", 0.0})})}};
  ExpectRead(File(unigram), "/model/unk_id", 0);
  ExpectRefused(File(unigram), "/model/unk_id", 1, "unk_id");
  ExpectRefused(File(unigram), "/model/vocab/0", json::array({"<unk>"}), "model.vocab[0]");
  ExpectRefused(File(unigram), "/model/vocab/0/1", "0", "model.vocab[0]");
}

TEST(TokenizerRefusals, AddedTokensMustHaveTheIdsThatReadersGive) {
  ExpectRead(File(), "/added_tokens", json::array({Added(3, "<s>"), Added(4, "</s>"), Added(1, "a")}));
  ExpectNotKnown(File(), "/added_tokens", json::array({Added(4, "<s>")}), "readers would give it 3");
  ExpectNotKnown(File(), "/added_tokens", json::array({Added(2, "a")}), "readers would give it 1");
  ExpectRefused(File(), "/added_tokens", json::array({Added(3, "<s>"), Added(4, "<s>")}), "stands twice");
  ExpectRefused(File(), "/added_tokens", Added(3, "<s>"), "added_tokens");
}

TEST(TokenizerRefusals, PatternsThatMeanAnotherThingHere) {
  auto split = [](const std::string& pattern) {
    return json{{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
  };
  for (const char* pattern : {"\\h+", "\\X", "\\K", "(?m)a", "(?x: a)", "a(?i)b", "(?<name>a)", "[a--b]", "[]a]",
                              "a{1,2}+", "(", "[a", "a\\", "\\p{Zebra}", "*"}) {
    ExpectNotKnown(File(), "/pre_tokenizer", split(pattern), "pre_tokenizer");
  }
  for (const char* pattern : {"\\s+(?!\\S)", "(?i)a", "(?i:'s|'t)", "(?<=a)b", "(?>a+)", "a++", "[^\\s\\w]", "[a&&[b]]",
                              "\\p{L}+", "\\p{L}{1,3}", "\\x{41}+", "^a$"}) {
    ExpectRead(File(), "/pre_tokenizer", split(pattern));
  }
  ExpectRefused(File(), "/pre_tokenizer",
                {{"type", "Split"}, {"pattern", {{"String", ""}}}, {"behavior", "Isolated"}, {"invert", false}},
                "pattern");
  ExpectNotKnown(File(), "/pre_tokenizer",
                 {{"type", "Split"}, {"pattern", {{"String", "a"}}}, {"behavior", "Zebra"}, {"invert", false}},
                 "Zebra");
}

TEST(TokenizerRefusals, TemplatesThatAreNotOneText) {
  auto make = [](const json& single) {
    return json{{"type", "TemplateProcessing"},
                {"single", single},
                {"pair", json::array()},
                {"special_tokens", {{"a", {{"id", "a"}, {"ids", {1}}, {"tokens", {"a"}}}}}}};
  };
  const json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const json second = {{"Sequence", {{"id", "B"}, {"type_id", 0}}}};
  const json special = {{"SpecialToken", {{"id", "a"}, {"type_id", 0}}}};
  const json missing = {{"SpecialToken", {{"id", "z"}, {"type_id", 0}}}};
  ExpectRead(File(), "/post_processor", make(json::array({special, text, special})));
  ExpectRefused(File(), "/post_processor", make(json::array({special})), "leaves the text out");
  ExpectRefused(File(), "/post_processor", make(json::array({text, text})), "once");
  ExpectRefused(File(), "/post_processor", make(json::array({second})), "sequence A");
  ExpectRefused(File(), "/post_processor", make(json::array({text, missing})), "'z'");
  json beyond = make(json::array({special, text}));
  beyond["special_tokens"]["a"]["ids"] = {3};
  ExpectRefused(File(), "/post_processor", beyond, "below 3");
  json hole = File(WordLevel({{"[UNK]", 0}, {"a", 2}}));
  json missing_id = make(json::array({special, text}));
  ExpectRefused(hole, "/post_processor", missing_id, "id 1 is not in the vocabulary");
}

TEST(TokenizerRefusals, DamagedFiles) {
  for (const char* text :
       {"", "{", "[]", "null", "{\"version\":\"1.0\"}", "{\"version\":\"1.0\",\"version\":\"1.0\"}"}) {
    const absl::Status status = ParseTokenizerJson(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy) << text;
  }
  const auto precompiled = [](const std::string& base64) {
    return json{{"type", "Precompiled"}, {"precompiled_charsmap", base64}};
  };
  for (const char* map : {"*", "", "AA==", "/////w==", "AAAAAA=="}) {
    ExpectRefused(File(), "/normalizer", precompiled(map), "normalizer");
  }
}

TEST(TokenizerRefusals, Gpt2FilesThatAreNotPairs) {
  const std::string vocabulary = R"({"a":0,"b":1,"ab":2})";
  EXPECT_TRUE(ParseGpt2Files(vocabulary, "#version: 0.2\na b\n").ok());
  EXPECT_TRUE(ParseGpt2Files(vocabulary, "a b\r\n").ok());
  for (const char* merges : {"a\n", "a b c\n", "a c\n"}) {
    EXPECT_EQ(ParseGpt2Files(vocabulary, merges).status().code(), absl::StatusCode::kInvalidArgument) << merges;
  }
  EXPECT_EQ(ParseGpt2Files("[]", "").status().code(), absl::StatusCode::kInvalidArgument);
}

GgufVocabulary SmallGpt2() {
  GgufVocabulary in;
  in.model = "gpt2";
  in.pre = "gpt-2";
  in.tokens = {"a", "b", "ab", "<s>"};
  in.types = {1, 1, 1, 3};
  in.merges = {"a b"};
  in.bos_id = 3;
  return in;
}

void ExpectGgufRefused(const GgufVocabulary& in, const std::string& message,
                       absl::StatusCode code = absl::StatusCode::kInvalidArgument) {
  const absl::Status status = ParseGgufTokenizer(in).status();
  EXPECT_EQ(status.code(), code) << message;
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy) << message;
  EXPECT_THAT(std::string(Message(status)), HasSubstr(message));
}

TEST(TokenizerRefusals, GgufVocabularies) {
  ASSERT_TRUE(ParseGgufTokenizer(SmallGpt2()).ok());
  GgufVocabulary in = SmallGpt2();
  in.pre = "zebra";
  ExpectGgufRefused(in, "'zebra'", absl::StatusCode::kUnimplemented);
  in.pre = "";
  ExpectGgufRefused(in, "tokenizer.ggml.pre is missing", absl::StatusCode::kUnimplemented);
  in = SmallGpt2();
  in.model = "rwkv";
  ExpectGgufRefused(in, "'rwkv'", absl::StatusCode::kUnimplemented);
  in = SmallGpt2();
  in.types.pop_back();
  ExpectGgufRefused(in, "3 token types for 4 tokens");
  in = SmallGpt2();
  in.scores = {1};
  ExpectGgufRefused(in, "1 scores for 4 tokens");
  in = SmallGpt2();
  in.merges = {"ab"};
  ExpectGgufRefused(in, "'ab' is not two tokens");
  in = SmallGpt2();
  in.add_bos = true;
  EXPECT_THAT(*(*ParseGgufTokenizer(in))->Encode("ab"), ElementsAre(3, 2));
  in.bos_id = 4;
  ExpectGgufRefused(in, "bos_token_id is 4, expected 0 to 3");
  in.bos_id.reset();
  ExpectGgufRefused(in, "bos_token_id is missing", absl::StatusCode::kUnimplemented);
  in = SmallGpt2();
  in.model = "llama";
  ExpectGgufRefused(in, "scores is missing", absl::StatusCode::kUnimplemented);
  in.scores = {0, 0, 0, 0};
  ExpectGgufRefused(in, "unknown_token_id is missing", absl::StatusCode::kUnimplemented);
  in = SmallGpt2();
  in.model = "bert";
  ExpectGgufRefused(in, "unknown_token_id is missing", absl::StatusCode::kUnimplemented);
  ExpectGgufRefused(GgufVocabulary{}, "no tokens");
}

absl::Status ReadKeys(std::vector<MetadataEntry> entries) {
  return ReadGgufVocabulary(Metadata(std::move(entries))).status();
}

TEST(TokenizerRefusals, GgufKeys) {
  EXPECT_TRUE(ReadKeys({{"general.zebra", true}, {"tokenizer.chat_template", std::string("{}")}}).ok());
  // Keys that change no text's ids, of today's writers and of tomorrow's.
  EXPECT_TRUE(ReadKeys({{"tokenizer.ggml.padding_token_id", uint64_t{0}}}).ok());
  EXPECT_TRUE(ReadKeys({{"tokenizer.ggml.add_sep_token", true}}).ok());
  EXPECT_TRUE(ReadKeys({{"tokenizer.ggml.image_token_id", uint64_t{0}}}).ok());
  EXPECT_EQ(ReadKeys({{"tokenizer.ggml.zebra", true}}).code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(ReadKeys({{"tokenizer.ggml.model", true}}).code(), absl::StatusCode::kInvalidArgument);
  for (const MetadataEntry& entry : std::vector<MetadataEntry>{{"tokenizer.ggml.zebra", true},
                                                               {"tokenizer.ggml.model", true},
                                                               {"tokenizer.ggml.tokens", std::string("a")},
                                                               {"tokenizer.ggml.scores", std::vector<uint64_t>{1}},
                                                               {"tokenizer.ggml.add_bos_token", uint64_t{1}},
                                                               {"tokenizer.ggml.bos_token_id", 1.5}}) {
    const absl::Status status = ReadKeys({entry});
    EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy) << entry.key;
    EXPECT_THAT(std::string(Message(status)), HasSubstr(entry.key));
  }
}

}  // namespace
}  // namespace plumb
