// Real vocabularies, with the ids that the software they come from gives for a list of texts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "plumb/base/byte_source.h"
#include "plumb/base/file.h"
#include "plumb/gguf/gguf.h"
#include "plumb/tokenizer/tokenizer.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string ReadData(const std::string& name) {
  return *ReadFile(std::string(PLUMB_TEST_DATA) + "/tokenizer/vocabularies/" + name, 16u << 20);
}

GgufVocabulary ReadVocabulary(const std::string& name) {
  const auto bytes = MemoryByteSource(ReadData("ggml-vocab-" + name + ".gguf"));
  gguf::GgufHeader header = *gguf::GgufHeader::Read(*bytes, name);
  return *ReadGgufVocabulary(Metadata(std::move(header.metadata)));
}

std::vector<std::string> ReadTexts(const std::string& name) {
  constexpr std::string_view kSeparator = "\n__ggml_vocab_test__\n";
  const std::string all = ReadData("ggml-vocab-" + name + ".gguf.inp");
  std::vector<std::string> texts;
  size_t begin = 0;
  for (size_t end = all.find(kSeparator); end != std::string::npos; end = all.find(kSeparator, begin)) {
    texts.push_back(all.substr(begin, end - begin));
    begin = end + kSeparator.size();
  }
  return texts;
}

std::vector<std::vector<int32_t>> ReadIds(const std::string& name) {
  std::istringstream lines(ReadData("ggml-vocab-" + name + ".gguf.out"));
  std::vector<std::vector<int32_t>> all;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream numbers(line);
    all.emplace_back();
    for (int32_t id = 0; numbers >> id;) all.back().push_back(id);
  }
  return all;
}

class PublishedVocabulary : public testing::TestWithParam<std::string> {};

TEST_P(PublishedVocabulary, GivesTheRecordedIds) {
  const auto tokenizer = ParseGgufTokenizer(ReadVocabulary(GetParam()));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  const std::vector<std::string> texts = ReadTexts(GetParam());
  const std::vector<std::vector<int32_t>> expected = ReadIds(GetParam());
  ASSERT_GE(texts.size(), 40u);
  ASSERT_EQ(texts.size(), expected.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto ids = (*tokenizer)->Encode(texts[i], {.add_special = false, .parse_special = false});
    ASSERT_TRUE(ids.ok()) << ids.status();
    EXPECT_EQ(*ids, expected[i]) << "text " << i << ": '" << texts[i] << "'";
  }
}

INSTANTIATE_TEST_SUITE_P(All, PublishedVocabulary, testing::Values("gpt-2", "llama-spm", "bert-bge"),
                         [](const auto& which) {
                           std::string name = which.param;
                           std::erase(name, '-');
                           return name;
                         });

class LosslessVocabulary : public testing::TestWithParam<std::string> {};

TEST_P(LosslessVocabulary, DecodesToTheSameText) {
  const auto tokenizer = ParseGgufTokenizer(ReadVocabulary(GetParam()));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  for (const std::string& text : ReadTexts(GetParam())) {
    const auto ids = (*tokenizer)->Encode(text, {.add_special = false});
    ASSERT_TRUE(ids.ok()) << ids.status();
    EXPECT_EQ((*tokenizer)->Decode(*ids).value_or("error"), text);
  }
}

INSTANTIATE_TEST_SUITE_P(All, LosslessVocabulary, testing::Values("gpt-2", "llama-spm"),
                         [](const auto& which) { return which.param == "gpt-2" ? "gpt2" : "llamaspm"; });

TEST(PublishedVocabularies, SpecialTokensStandAroundATextWhenAskedFor) {
  const auto llama = *ParseGgufTokenizer(ReadVocabulary("llama-spm"));
  EXPECT_THAT(*llama->Encode("Hello"), ElementsAre(1, 15043));
  EXPECT_THAT(*llama->Encode("Hello", {.add_special = false}), ElementsAre(15043));
  const auto bert = *ParseGgufTokenizer(ReadVocabulary("bert-bge"));
  EXPECT_THAT(*bert->Encode("Hello"), ElementsAre(101, 7592, 102));
  const auto gpt2 = *ParseGgufTokenizer(ReadVocabulary("gpt-2"));
  EXPECT_THAT(*gpt2->Encode("Hello"), ElementsAre(15496));
  EXPECT_EQ(gpt2->VocabularySize(), 50257u);
}

TEST(PublishedVocabularies, SpecialTokensInATextAreReadWhenAskedFor) {
  const auto gpt2 = *ParseGgufTokenizer(ReadVocabulary("gpt-2"));
  EXPECT_THAT(*gpt2->Encode("Hello<|endoftext|> world"), ElementsAre(15496, 50256, 995));
  EXPECT_GT(gpt2->Encode("Hello<|endoftext|> world", {.parse_special = false})->size(), 3u);
  EXPECT_EQ(*gpt2->Decode(std::vector<int32_t>{15496, 50256, 995}), "Hello<|endoftext|> world");
}

TEST(PublishedVocabularies, Gpt2IsTheSameFromEveryFile) {
  const auto from_gguf = *ParseGgufTokenizer(ReadVocabulary("gpt-2"));
  // The published file adds runs of spaces and tabs as tokens; without those it is GPT-2's.
  nlohmann::json json = nlohmann::json::parse(ReadData("gpt2-tokenizer.json"));
  const auto as_published = *ParseTokenizerJson(json.dump());
  const nlohmann::json end_of_text = json["added_tokens"][0];
  json["added_tokens"] = {end_of_text};
  const auto from_json = *ParseTokenizerJson(json.dump());
  std::string merges = "#version: 0.2\n";
  for (const auto& merge : json["model"]["merges"]) merges += merge.get<std::string>() + "\n";
  const auto from_pair = *ParseGpt2Files(json["model"]["vocab"].dump(), merges);
  for (const std::string& text : ReadTexts("gpt-2")) {
    const std::vector<int32_t> expected = *from_gguf->Encode(text);
    EXPECT_EQ(*from_json->Encode(text), expected) << text;
    EXPECT_EQ(*from_pair->Encode(text), expected) << text;
  }
  EXPECT_EQ(from_json->Fingerprint(), from_pair->Fingerprint());
  EXPECT_NE(from_json->Fingerprint(), as_published->Fingerprint());
  EXPECT_THAT(*as_published->Encode("a   b"), ElementsAre(64, 50285, 65));
  EXPECT_EQ(as_published->VocabularySize(), 50295u);
}

TEST(PublishedVocabularies, SentencePieceModel) {
  const std::string bytes = ReadData("test_model.model");
  const auto plain = ParseSentencePieceModel(bytes);
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ((*plain)->VocabularySize(), 1000u);
  // The ids are those of SentencePiece 0.2.3 in Python.
  const std::vector<int32_t> ids = *(*plain)->Encode("Hello world, this is a test.");
  EXPECT_EQ(*(*plain)->Decode(ids), "Hello world, this is a test.");
  EXPECT_THAT(ids, ElementsAre(151, 88, 21, 887, 5, 65, 47, 11, 4, 15, 400, 6));
  EXPECT_THAT(*(*plain)->Encode("  x y  \u00e9 \u65e5\u672c"), ElementsAre(4, 297, 4, 34, 4, 0, 4, 0));
  EXPECT_THAT(*(*plain)->Encode(""), IsEmpty());
  const auto surrounded = *ParseSentencePieceModel(bytes, {.add_bos = true, .add_eos = true});
  EXPECT_THAT(*surrounded->Encode(""), ElementsAre(1, 2));
  EXPECT_THAT(*surrounded->Encode("", {.add_special = false}), IsEmpty());
  EXPECT_NE(surrounded->Fingerprint(), (*plain)->Fingerprint());
  EXPECT_EQ((*plain)->Decode(std::vector<int32_t>{1000}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ((*plain)->Encode("\xFF").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseSentencePieceModel("not a model").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseSentencePieceModel("").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace plumb
