// What a tokenizer.json gives as ids, the GGUF vocabulary made of it gives too; what GGUF cannot say is refused by
// name.
#include "plumb/tokenizer/gguf_vocabulary.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "nlohmann/json.hpp"
#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "plumb/tokenizer/tokenizer.h"

namespace plumb {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr uint64_t kRows = 1024;

std::string ReadData(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(std::string(PLUMB_TEST_DATA) + "/tokenizer/" + path, 64u << 20);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? *text : "";
}

class GgufVocabularyTest : public testing::Test {
 protected:
  GgufVocabularyTest() {
    std::string path = (std::filesystem::temp_directory_path() / "plumb-vocabulary-XXXXXX").string();
    path_ = mkdtemp(path.data());
  }
  ~GgufVocabularyTest() override { std::filesystem::remove_all(path_); }

  void Write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(WriteFileAtomically(path_ + "/" + name, text).ok());
  }
  absl::StatusOr<GgufTokenizer> Export(uint64_t rows = kRows) {
    return TokenizerAsGguf(*Directory::Open(path_), "", rows);
  }
  absl::StatusOr<GgufTokenizer> ExportCase(const std::string& name, uint64_t rows = kRows) {
    Write("tokenizer.json", ReadData("cases/" + name + ".json"));
    return Export(rows);
  }
  std::string Refusal(const std::string& name, uint64_t rows = kRows) {
    const absl::Status status = ExportCase(name, rows).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status) || absl::IsUnimplemented(status)) << status;
    return std::string(status.message());
  }

  std::string path_;
};

void ExpectSameIds(const std::string& tokenizer, const std::vector<MetadataEntry>& keys) {
  const auto original = ParseTokenizerJson(tokenizer);
  const auto vocabulary = ReadGgufVocabulary(Metadata(keys));
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.status();
  const auto made = ParseGgufTokenizer(*vocabulary);
  ASSERT_TRUE(made.ok()) << made.status();
  size_t compared = 0;
  for (const json& text : json::parse(ReadData("cases/texts.json"))) {
    const auto words = text.get<std::string>();
    // WordPiece in tokenizer.json gives up on words of more than 100 characters, in GGUF on none.
    if (words.size() > 100 && words.find(' ') == std::string::npos) continue;
    for (bool add_special : {false, true}) {
      const auto wanted = (*original)->Encode(words, {.add_special = add_special});
      const auto found = (*made)->Encode(words, {.add_special = add_special});
      ASSERT_EQ(wanted.ok(), found.ok()) << words;
      if (!wanted.ok()) continue;
      EXPECT_EQ(*wanted, *found) << words;
      ++compared;
    }
  }
  EXPECT_GE(compared, 70u);
}

TEST_F(GgufVocabularyTest, GivesTheSameIds) {
  for (const char* name : {"bpe-gpt2", "bpe-llama2", "bpe-llama3", "wordpiece-cased", "wordpiece-uncased"}) {
    SCOPED_TRACE(name);
    const auto made = ExportCase(name);
    ASSERT_TRUE(made.ok()) << made.status();
    ExpectSameIds(ReadData("cases/" + std::string(name) + ".json"), made->keys);
  }
}

TEST_F(GgufVocabularyTest, PublishedVocabulary) {
  const std::string tokenizer = ReadData("vocabularies/gpt2-tokenizer.json");
  Write("tokenizer.json", tokenizer);
  const auto made = Export(50432);
  ASSERT_TRUE(made.ok()) << made.status();
  ExpectSameIds(tokenizer, made->keys);
  const Metadata metadata(made->keys);
  EXPECT_EQ(*metadata.Get<std::string>("tokenizer.ggml.pre"), "gpt-2");
  EXPECT_EQ(metadata.Get<std::vector<std::string>>("tokenizer.ggml.tokens")->size(), 50432u);
}

TEST_F(GgufVocabularyTest, ReadsWhatStandsBeside) {
  Write("tokenizer_config.json", R"({"bos_token": {"content": "<s>"}, "pad_token": "<pad>", "chat_template":
      [{"name": "tool", "template": "no"}, {"name": "default", "template": "{{ messages }}"}]})");
  Write("config.json", R"({"eos_token_id": [1, 2]})");
  const auto made = ExportCase("bpe-llama3");
  ASSERT_TRUE(made.ok()) << made.status();
  const Metadata metadata(made->keys);
  EXPECT_EQ(metadata.Unsigned("tokenizer.ggml.bos_token_id"), 0u);
  EXPECT_EQ(metadata.Unsigned("tokenizer.ggml.eos_token_id"), 1u);
  EXPECT_EQ(metadata.Unsigned("tokenizer.ggml.padding_token_id"), 2u);
  EXPECT_EQ(*metadata.Get<std::string>("tokenizer.chat_template"), "{{ messages }}");
  EXPECT_EQ(*metadata.Get<std::string>("tokenizer.ggml.pre"), "llama-bpe");
  Write("chat_template.jinja", "its own file");
  const auto again = ExportCase("bpe-llama3");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*Metadata(again->keys).Get<std::string>("tokenizer.chat_template"), "its own file");
}

TEST_F(GgufVocabularyTest, NamesWhatGgufCannotSay) {
  EXPECT_THAT(Refusal("bpe-fuse-unk"), HasSubstr("NFKC"));
  EXPECT_THAT(Refusal("bpe-prefix"), HasSubstr("continuing_subword_prefix"));
  EXPECT_THAT(Refusal("bpe-suffix"), HasSubstr("end_of_word_suffix"));
  EXPECT_THAT(Refusal("bpe-qwen2"), HasSubstr("'the' is found only as a whole word"));
  EXPECT_THAT(Refusal("bpe-roberta"), HasSubstr("add_prefix_space"));
  EXPECT_THAT(Refusal("split-isolated"), HasSubstr("none of those that llama.cpp knows"));
  EXPECT_THAT(Refusal("split-previous"), HasSubstr("with this behavior"));
  EXPECT_THAT(Refusal("unigram-t5"), HasSubstr("Unigram"));
  EXPECT_THAT(Refusal("wordlevel"), HasSubstr("WordLevel"));
  EXPECT_THAT(Refusal("wordpiece-raw"), HasSubstr("cls_token_id is missing"));
  EXPECT_THAT(Refusal("bpe-normalized-added"), HasSubstr("other ids for \"<s>Hello<s>world\""));
  EXPECT_THAT(Refusal("bpe-llama3", 400), HasSubstr("the model has 400 rows"));
  EXPECT_THAT(Refusal("bpe-llama3", 1u << 22), HasSubstr("rows, expected at most"));
}

TEST_F(GgufVocabularyTest, WithoutTokenizerIsNotFound) { EXPECT_TRUE(absl::IsNotFound(Export().status())); }

// The published expressions of families whose files are large; what counts is the name that they get.
TEST_F(GgufVocabularyTest, KnowsPreTokenizers) {
  const std::string words = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
                            R"(\s*[\r\n]+|\s+(?!\S)|\s+)";
  const json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}, {"trim_offsets", true}};
  json spelling = bytes;
  spelling["use_regex"] = false;
  const json qwen = {{"type", "Split"}, {"pattern", {{"Regex", words}}}, {"behavior", "Isolated"}, {"invert", false}};
  const json digits = {{"type", "Digits"}, {"individual_digits", true}};
  const std::pair<std::string, json> cases[] = {
      {"gpt-2", bytes},
      {"qwen2", {{"type", "Sequence"}, {"pretokenizers", {qwen, spelling}}}},
      {"starcoder", {{"type", "Sequence"}, {"pretokenizers", {digits, bytes}}}},
  };
  json tokenizer = json::parse(ReadData("cases/bpe-gpt2.json"));
  for (const auto& [name, rules] : cases) {
    tokenizer["pre_tokenizer"] = rules;
    Write("tokenizer.json", tokenizer.dump());
    const auto made = Export();
    ASSERT_TRUE(made.ok()) << name << made.status();
    EXPECT_EQ(*Metadata(made->keys).Get<std::string>("tokenizer.ggml.pre"), name);
    ExpectSameIds(tokenizer.dump(), made->keys);
  }
}

}  // namespace
}  // namespace plumb
