// Every decoder in tests/data/architectures, as transformers saved it, becomes a GGUF file that computes what
// transformers computed, or an error that says what llama.cpp's family cannot do.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "tests/unit/gguf_export/export_test_util.h"
#include "tests/unit/inference/golden_folder.h"
#include "verify/inference/gguf_model.h"

namespace plumb {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr double kNmseMax = 1e-9;

// What cannot be expressed, and how it is said.
const std::map<std::string, std::string>& Refused() {
  static const std::map<std::string, std::string> kRefused = {
      {"bloom-six-heads-post-norm", "attention and feed-forward"},
      {"falcon-alibi", "rope"},
      {"falcon-new", "attn_output.bias"},
      {"gemma2", "scale of scores"},
      {"gemma2-uncapped", "attn_logit_softcapping"},
      {"gemma3-text", "scale of scores"},
      {"gemma3-text-linear", "window of layer 1"},
      {"gpt2-untied-inverse-layer", "scale of scores"},
      {"gpt_neox-sequential", "function of the feed-forward"},
      {"llama-biases-head-dim", "ffn_down.bias"},
      {"llama-yarn", "beta_fast 1.1"},
      {"opt-after-projected", "opt"},
      {"opt-before", "opt"},
      {"opt-no-bias-untied", "opt"},
      {"phi-qk-norm-gqa", "attn_k_norm"},
      {"qwen3_moe-sparse-steps", "ffn_gate_exps"},
  };
  return kRefused;
}

std::vector<std::string> Folders() { return FolderNames(DataPath("architectures")); }

// The first `positions` of each sequence: no later token changes what a decoder says of them.
TensorValue FirstPositions(const TensorValue& value, uint64_t positions) {
  const uint64_t sequences = value.shape.at(0);
  const uint64_t all = value.shape.at(1);
  TensorValue first = value;
  first.shape[1] = positions;
  first.bytes.clear();
  const uint64_t row_bytes = value.bytes.size() / sequences / all;
  for (uint64_t i = 0; i < sequences; ++i) {
    const auto begin = value.bytes.begin() + static_cast<ptrdiff_t>(i * all * row_bytes);
    first.bytes.insert(first.bytes.end(), begin, begin + static_cast<ptrdiff_t>(positions * row_bytes));
  }
  return first;
}

class ExportModelsTest : public testing::TestWithParam<std::string> {
 protected:
  std::string Source() const { return DataPath("architectures/" + GetParam()); }
  std::string Target() const { return folder_.path() + "/model.gguf"; }

  TempFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(All, ExportModelsTest, testing::ValuesIn(Folders()),
                         [](const testing::TestParamInfo<std::string>& folder) {
                           std::string name = folder.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_P(ExportModelsTest, ComputesWhatTransformersComputes) {
  auto exported = ExportFolder(Source() + "/model.safetensors", Target());
  if (auto refused = Refused().find(GetParam()); refused != Refused().end()) {
    ASSERT_FALSE(exported.ok());
    EXPECT_THAT(std::string(exported.status().message()), HasSubstr(refused->second));
    EXPECT_EQ(absl::IsUnimplemented(exported.status()), GetParam().starts_with("opt"));
    EXPECT_FALSE(std::filesystem::exists(Target()));
    return;
  }
  ASSERT_TRUE(exported.ok()) << exported.status();
  auto source = OpenIn(folder_, "model.gguf");
  ASSERT_TRUE(source.ok()) << source.status();
  absl::StatusOr<std::unique_ptr<GgufModel>> model = GgufModel::New(*std::move(source));
  ASSERT_TRUE(model.ok()) << model.status();
  if (GetParam() == "llama-dynamic") return;  // Recorded in a run longer than the file's context, of another base.
  GoldenRun golden = *GoldenRun::Load(Source() + "/golden.safetensors");
  const uint64_t positions = std::min(golden.positions(), (*model)->model().positions_max());
  for (auto& [name, value] : golden.tensors) value = FirstPositions(value, positions);
  auto errors = CompareWithGolden((*model)->model(), **model, golden, **FindBackend("reference"));
  ASSERT_TRUE(errors.ok()) << errors.status();
  std::printf("%-32s NMSE %.1e in %u positions\n", GetParam().c_str(), errors->at("logits"),
              static_cast<unsigned>(positions));
  EXPECT_LE(errors->at("logits"), kNmseMax);
}

TEST(ExportTest, ShorterContextsAreSaid) {
  TempFolder folder;
  for (const auto& [name, said] : std::map<std::string, std::string>{{"mistral-window", "no window of 5 positions"},
                                                                     {"llama-dynamic", "no dynamic scaling"},
                                                                     {"phi3-gqa-window", "without its window of 5"}}) {
    auto remarks = ExportFolder(DataPath("architectures/" + name + "/model.safetensors"), folder.path() + "/m.gguf");
    ASSERT_TRUE(remarks.ok()) << remarks.status();
    EXPECT_THAT(*remarks, Contains(HasSubstr(said)));
  }
}

TEST(ExportTest, WhatLlamaCppReadsAsFloat32StaysSo) {
  TempFolder folder;
  const std::string source = DataPath("architectures/mixtral/model.safetensors");
  ASSERT_TRUE(ExportFolder(source, folder.path() + "/m.gguf", DType::kF16).ok());
  auto made = OpenIn(folder, "m.gguf");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ((*made)->Find("blk.0.ffn_gate_inp.weight")->dtype, DType::kF32);
  EXPECT_EQ((*made)->Find("blk.0.attn_norm.weight")->dtype, DType::kF32);
  EXPECT_EQ((*made)->Find("blk.0.ffn_up_exps.weight")->dtype, DType::kF16);
  EXPECT_EQ((*made)->Find("blk.0.ffn_up_exps.weight")->shape, (Shape{4, 8, 16}));
  EXPECT_EQ((*made)->metadata().Unsigned("general.file_type"), 1u);
}

// A folder whose config.json and weights disagree, or that has none.
class ExportFolderTest : public testing::Test {
 protected:
  void Write(const std::string& config) {
    folder_.Write("config.json", config);
    folder_.Write("model.safetensors", ReadData("architectures/mixtral/model.safetensors"));
  }
  absl::Status Export() { return ExportFolder(folder_.path(), folder_.path() + "/out.gguf").status(); }
  std::string Config(const std::string& from, const std::string& to) {
    std::string config = ReadData("architectures/mixtral/config.json");
    const size_t at = config.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return config.replace(at, from.size(), to);
  }

  TempFolder folder_;
};

TEST_F(ExportFolderTest, NamesWhatDoesNotFit) {
  Write(Config("\"num_local_experts\": 4", "\"num_local_experts\": 3"));
  EXPECT_THAT(std::string(Export().message()), HasSubstr("ffn_gate_exps"));
  Write(Config("\"num_attention_heads\": 4", "\"num_attention_heads\": 5"));
  EXPECT_THAT(std::string(Export().message()), HasSubstr("num_attention_heads"));
  Write(Config("\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\""));
  EXPECT_THAT(std::string(Export().message()), HasSubstr("function of the feed-forward: GELU in config.json"));
  Write(Config("\"vocab_size\": 32", "\"vocab_size\": 31"));
  EXPECT_THAT(std::string(Export().message()), HasSubstr("vocab_size"));
  Write(Config("\"model_type\": \"mixtral\"", "\"model_type\": \"vit\""));
  EXPECT_FALSE(Export().ok());
  Write(Config("\"model_type\": \"mixtral\"", "\"model_type\": \"unheard\""));
  EXPECT_TRUE(absl::IsUnimplemented(Export()));
}

// The folder's vocabulary, filled up to the embedding's rows; without one the model can be run on ids.
TEST_F(ExportFolderTest, TakesTheVocabulary) {
  Write(ReadData("architectures/mixtral/config.json"));
  auto without = ExportFolder(folder_.path() + "/model.safetensors", folder_.path() + "/out.gguf");
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_THAT(*without, Contains(HasSubstr("no vocabulary")));
  folder_.Write("tokenizer.json",
                R"({"version": "1.0", "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false,
      "trim_offsets": true, "use_regex": true}, "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2},
      "merges": ["a b"]}})");
  auto with = ExportFolder(folder_.path() + "/model.safetensors", folder_.path() + "/out.gguf");
  ASSERT_TRUE(with.ok()) << with.status();
  EXPECT_TRUE(with->empty());
  auto made = OpenIn(folder_, "out.gguf");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(*(*made)->metadata().Get<std::string>("tokenizer.ggml.model"), "gpt2");
  EXPECT_EQ((*made)->metadata().Get<std::vector<std::string>>("tokenizer.ggml.tokens")->size(), 32u);
}

TEST_F(ExportFolderTest, WithoutConfigIsNotFound) {
  folder_.Write("model.safetensors", ReadData("architectures/mixtral/model.safetensors"));
  EXPECT_TRUE(absl::IsNotFound(Export()));
}

}  // namespace
}  // namespace plumb
