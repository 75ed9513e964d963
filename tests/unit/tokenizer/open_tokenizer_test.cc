// Which file of a model's folder is its tokenizer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "nlohmann/json.hpp"
#include "plumb/base/directory.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "plumb/gguf/writer.h"
#include "plumb/tokenizer/tokenizer.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kVocabulary[] = R"({"a":0,"b":1,"ab":2})";
constexpr char kMerges[] = "#version: 0.2\na b\n";

std::string Model() {
  return *ReadFile(std::string(PLUMB_TEST_DATA) + "/tokenizer/vocabularies/test_model.model", 1u << 20);
}

class OpenTokenizerTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    const std::string path = folder_.path() + "/" + name;
    ASSERT_TRUE(MakeDirectories(path.substr(0, path.rfind('/'))).ok());
    ASSERT_TRUE(WriteFileAtomically(path, text).ok());
  }
  absl::StatusOr<std::unique_ptr<Tokenizer>> Open(std::string_view below = "") {
    return OpenTokenizer(*Directory::Open(folder_.path()), below);
  }

  ScratchFolder folder_;
};

TEST_F(OpenTokenizerTest, NothingIsNotFound) {
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kNotFound);
  Write("vocab.json", kVocabulary);
  Write("merges.txt", kMerges);
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kNotFound);  // Many models have such a pair.
  Write("config.json", R"({"model_type":"roberta"})");
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kNotFound);
}

TEST_F(OpenTokenizerTest, Gpt2Pair) {
  Write("x/vocab.json", kVocabulary);
  Write("x/merges.txt", kMerges);
  Write("x/config.json", R"({"model_type":"gpt2"})");
  EXPECT_THAT(*(*Open("x/"))->Encode("abb"), ElementsAre(2, 1));
}

TEST_F(OpenTokenizerTest, SentencePieceWithWhatItsConfigAdds) {
  Write("tokenizer.model", Model());
  EXPECT_THAT(*(*Open())->Encode(""), ElementsAre());
  Write("tokenizer_config.json", R"({"tokenizer_class":"LlamaTokenizerFast"})");
  EXPECT_THAT(*(*Open())->Encode(""), ElementsAre(1));
  Write("tokenizer_config.json", R"({"tokenizer_class":"LlamaTokenizer","add_bos_token":false,"add_eos_token":true})");
  EXPECT_THAT(*(*Open())->Encode(""), ElementsAre(2));
  Write("tokenizer_config.json", R"({"tokenizer_class":"T5Tokenizer"})");
  EXPECT_THAT(*(*Open())->Encode(""), ElementsAre(2));
  Write("tokenizer_config.json", R"({"tokenizer_class":"ZebraTokenizer"})");
  const absl::Status status = Open().status();
  EXPECT_THAT(std::string(Message(status)), HasSubstr("ZebraTokenizer"));
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy);
  Write("tokenizer_config.json", R"({"tokenizer_class":"ZebraTokenizer","add_bos_token":true,"add_eos_token":true})");
  EXPECT_THAT(*(*Open())->Encode(""), ElementsAre(1, 2));
}

TEST_F(OpenTokenizerTest, TokenizerJsonComesFirst) {
  Write("tokenizer.model", Model());
  Write("tokenizer.json", R"({"version":"1.0","model":{"type":"WordLevel","unk_token":"u","vocab":{"u":0,"a":1}}})");
  EXPECT_THAT(*(*Open())->Encode("a"), ElementsAre(1));
  Write("tokenizer.json", "damaged");
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(OpenTokenizerTest, GgufWithoutVocabulary) {
  Write("m/x.gguf", *gguf::SerializeGguf({{"tokenizer.ggml.model", std::string("none")}}, {}, {}));
  EXPECT_TRUE(absl::IsNotFound(Open("m/").status()));
}

TEST_F(OpenTokenizerTest, GgufFilesOfOneVocabulary) {
  auto gguf = [](const std::string& second) {
    return *gguf::SerializeGguf({{"tokenizer.ggml.model", std::string("gpt2")},
                                 {"tokenizer.ggml.pre", std::string("gpt-2")},
                                 {"tokenizer.ggml.tokens", std::vector<std::string>{"a", second}}},
                                {}, {});
  };
  Write("m/x-Q4_0.gguf", gguf("b"));
  Write("m/y-00002-of-00002.gguf", "not read");
  Write("m/below/z.gguf", "not read");
  EXPECT_THAT(*(*Open("m/"))->Encode("ab"), ElementsAre(0, 1));
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kNotFound);
  Write("m/x-Q8_0.gguf", gguf("b"));
  EXPECT_TRUE(Open("m/").ok());
  Write("m/y-00001-of-00002.gguf", gguf("c"));
  EXPECT_THAT(std::string(Message(Open("m/").status())), HasSubstr("another vocabulary than m/x-Q4_0.gguf"));
}

TEST_F(OpenTokenizerTest, TheTrainedModelsOfTheTree) {
  const auto directory = *Directory::Open(std::string(PLUMB_TEST_DATA) + "/tiny-shakespeare");
  const auto tokenizer = *OpenTokenizer(directory, "step-3000/");
  const std::string text = "ROMEO:\nWhat lady is that? \xC3\xA9";
  const std::vector<int32_t> ids = *tokenizer->Encode(text);
  ASSERT_EQ(ids.size(), text.size());  // A token for each byte.
  for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], static_cast<uint8_t>(text[i]));
  EXPECT_EQ(*tokenizer->Decode(ids), text);
  EXPECT_EQ((*OpenTokenizer(directory, "step-0/"))->Fingerprint(), tokenizer->Fingerprint());
}

}  // namespace
}  // namespace plumb
