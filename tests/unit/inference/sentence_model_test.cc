// What a modules.json may say about a sentence encoder. That the embeddings are right is encoders_test's affair.
#include "verify/inference/sentence_model.h"

#include <gmock/gmock.h>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/inference/smoke.h"
#include "tests/unit/inference/test_util.h"
#include "verify/inference/check/config_hash.h"
#include "verify/inference/loaded_model.h"

namespace plumb {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kTypes = "sentence_transformers.models.";

// A folder with a copy of a sentence encoder, to be changed.
class SentenceModelTest : public testing::Test {
 protected:
  void Copy(const std::string& name) {
    const std::filesystem::path from = DataPath("encoders/" + name);
    std::filesystem::copy(from, folder_.path(), std::filesystem::copy_options::recursive);
  }
  void SetUp() override { Copy("sentence-bert-cls-dense"); }

  json Read(const std::string& name) const {
    return json::parse(*ReadFile(folder_.path() + "/" + name, uint64_t{1} << 20));
  }
  void Change(const std::string& name, const std::string& pointer, const json& value) {
    json config = Read(name);
    config[json::json_pointer(pointer)] = value;
    folder_.Write(name, config.dump());
  }
  absl::StatusOr<std::unique_ptr<LoadedModel>> Open() const {
    return LoadedModel::Open(folder_.Open(), "config.json", "model.safetensors");
  }
  std::string Error() const {
    const absl::Status status = Open().status();
    EXPECT_FALSE(status.ok());
    if (absl::IsInvalidArgument(status)) EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy) << status;
    return std::string(Message(status));
  }

  std::string NotUnderstood() const {
    const absl::Status status = Open().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << status;
    return std::string(Message(status));
  }
  // What the model computes, without its numbers.
  std::string Hash() const {
    absl::StatusOr<std::unique_ptr<LoadedModel>> loaded = Open();
    if (!loaded.ok()) return loaded.status().ToString();
    return GraphHash(*(*loaded)->model().BuildGraph(2, 5));
  }

  TempFolder folder_;
};

TEST_F(SentenceModelTest, GivesOneVectorForEachSentence) {
  absl::StatusOr<std::unique_ptr<LoadedModel>> loaded = Open();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const Model& model = (*loaded)->model();
  EXPECT_EQ(model.architecture(), "bert");
  EXPECT_EQ(model.Outputs().at(0).name, "sentence_embedding");
  EXPECT_EQ(model.Inputs(3, 5).size(), 2);
  absl::StatusOr<Graph> graph = model.BuildGraph(3, 5);
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->node(graph->output()).shape, Shape({3, 7}));
}

TEST_F(SentenceModelTest, NeedsNoPoolerAndNamesItNowhere) {
  TensorMap tensors = TensorMap::Load(folder_.path(), "model.safetensors");
  ASSERT_EQ(tensors.tensors.erase("pooler.dense.weight"), 1);
  folder_.Write("model.safetensors", tensors.Serialize());
  EXPECT_TRUE(Open().ok()) << Open().status();
}

TEST_F(SentenceModelTest, NamesAMissingDenseTensor) {
  TensorMap tensors = TensorMap::Load(folder_.path(), "2_Dense/model.safetensors");
  ASSERT_EQ(tensors.tensors.erase("linear.bias"), 1);
  folder_.Write("2_Dense/model.safetensors", tensors.Serialize());
  EXPECT_THAT(Error(), AllOf(HasSubstr("\"2_Dense/linear.bias\""), HasSubstr("missing")));
}

TEST_F(SentenceModelTest, NamesABrokenDenseElement) {
  TensorMap tensors = TensorMap::Load(folder_.path(), "2_Dense/model.safetensors");
  tensors.tensors["linear.bias"].values[3] = std::numeric_limits<float>::infinity();
  folder_.Write("2_Dense/model.safetensors", tensors.Serialize());
  std::vector<float> bias(7);
  const absl::Status status = (*Open())->Load("2_Dense/linear.bias", bias);
  EXPECT_THAT(std::string(Message(status)), AllOf(HasSubstr("2_Dense/linear.bias"), HasSubstr("element 3")));
}

TEST_F(SentenceModelTest, WhatArchitecturesSaysDoesNotMatter) {
  Change("config.json", "/architectures", {"BertForMaskedLM"});
  EXPECT_TRUE(Open().ok()) << Open().status();
}

// As sentence-transformers 6.2 saves the same model.
TEST_F(SentenceModelTest, TheFormSince6IsTheSameModel) {
  const std::string before = Hash();
  json modules = Read("modules.json");
  modules[0]["type"] = "sentence_transformers.base.modules.transformer.Transformer";
  modules[1]["type"] = "sentence_transformers.sentence_transformer.modules.pooling.Pooling";
  modules[2]["type"] = "sentence_transformers.base.modules.dense.Dense";
  folder_.Write("modules.json", modules.dump());
  folder_.Write("1_Pooling/config.json",
                R"({"embedding_dimension": 12, "pooling_mode": "cls", "include_prompt": true})");
  json dense = Read("2_Dense/config.json");
  dense.update({{"module_input_name", "sentence_embedding"}, {"module_output_name", "sentence_embedding"}});
  folder_.Write("2_Dense/config.json", dense.dump());
  folder_.Write(
      "sentence_bert_config.json",
      R"({"transformer_task": "feature-extraction", "module_output_name": "token_embeddings", "modality_config":
                    {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}, "unpad_inputs": null})");
  EXPECT_EQ(Hash(), before);
}

TEST_F(SentenceModelTest, PoolingsByNameAreThoseByFlag) {
  const std::string file = "1_Pooling/config.json";
  const json flags = Read(file);
  const std::pair<const char*, const char*> names[] = {{"cls", "pooling_mode_cls_token"},
                                                       {"max", "pooling_mode_max_tokens"},
                                                       {"mean", "pooling_mode_mean_tokens"},
                                                       {"mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens"},
                                                       {"weightedmean", "pooling_mode_weightedmean_tokens"},
                                                       {"lasttoken", "pooling_mode_lasttoken"}};
  for (const auto& [name, flag] : names) {
    json old = flags;
    old["pooling_mode_cls_token"] = false;
    old[flag] = true;
    folder_.Write(file, old.dump());
    const std::string expected = Hash();
    folder_.Write(file, json({{"embedding_dimension", 12}, {"pooling_mode", name}}).dump());
    EXPECT_EQ(Hash(), expected) << name;
    // Readers that know the name pass over the flags.
    old["pooling_mode"] = name;
    old["pooling_mode_max_tokens"] = true;
    folder_.Write(file, old.dump());
    EXPECT_EQ(Hash(), expected) << name;
  }
}

TEST_F(SentenceModelTest, PoolingsAreJoinedInTheOrderOfTheirList) {
  const std::string file = "1_Pooling/config.json";
  Change("2_Dense/config.json", "/in_features", 24);
  TensorMap tensors = TensorMap::Load(folder_.path(), "2_Dense/model.safetensors");
  auto& weight = tensors.tensors.at("linear.weight");
  weight.shape[1] = 24;
  weight.values.resize(2 * weight.values.size());
  folder_.Write("2_Dense/model.safetensors", tensors.Serialize());
  folder_.Write(file, R"({"embedding_dimension": 12, "pooling_mode": ["mean", "cls"]})");
  const std::string mean_first = Hash();
  folder_.Write(file, R"({"embedding_dimension": 12, "pooling_mode": ["cls", "mean"]})");
  EXPECT_NE(Hash(), mean_first);
  for (const char* wrong :
       {R"([])", R"(["median"])", R"("median")", R"(["cls","cls","cls","cls","cls","cls","cls"])"}) {
    folder_.Write(file, fmt::format(R"({{"embedding_dimension": 12, "pooling_mode": {}}})", wrong));
    EXPECT_THAT(NotUnderstood(), HasSubstr("pooling_mode")) << wrong;
  }
}

TEST_F(SentenceModelTest, ModulesOnOtherThingsThanSentencesAreNotUnderstood) {
  Change("2_Dense/config.json", "/module_input_name", "token_embeddings");
  EXPECT_THAT(NotUnderstood(), HasSubstr("module_input_name"));
  Change("2_Dense/config.json", "/module_input_name", "sentence_embedding");
  Change("2_Dense/config.json", "/use_residual", true);
  EXPECT_THAT(NotUnderstood(), HasSubstr("use_residual"));
  Change("2_Dense/config.json", "/use_residual", false);
  folder_.Write("sentence_bert_config.json", R"({"transformer_task": "fill-mask"})");
  EXPECT_THAT(NotUnderstood(), HasSubstr("transformer_task"));
}

TEST_F(SentenceModelTest, ATransformerAloneIsWhatItsConfigSays) {
  folder_.Write("modules.json", json::array({Read("modules.json")[0]}).dump());
  absl::StatusOr<std::unique_ptr<LoadedModel>> loaded = Open();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ((*loaded)->model().Outputs().at(0).name, "last_hidden_state");
}

TEST_F(SentenceModelTest, UnknownModulesAreNotUnderstoodByName) {
  Change("modules.json", "/2/type", std::string(kTypes) + "LSTM");
  EXPECT_THAT(NotUnderstood(), HasSubstr("LSTM"));
  Change("modules.json", "/2/type", std::string(kTypes) + "Pooling");
  EXPECT_THAT(NotUnderstood(), HasSubstr("pooling"));
  Change("modules.json", "/0/type", std::string(kTypes) + "CLIPModel");
  EXPECT_THAT(NotUnderstood(), HasSubstr("Transformer"));
}

TEST_F(SentenceModelTest, PathsStayInTheFolder) {
  for (const char* path : {"../2_Dense", "..", "a/b", "/etc", "."}) {
    Change("modules.json", "/2/path", path);
    EXPECT_THAT(NotUnderstood(), HasSubstr("path")) << path;
  }
}

TEST_F(SentenceModelTest, ListsThatAreNone) {
  for (const char* text : {"{}", "[]", "[{}]", "[1,2]", "null"}) {
    folder_.Write("modules.json", text);
    EXPECT_THAT(NotUnderstood(), HasSubstr("modules.json")) << text;
  }
}

TEST_F(SentenceModelTest, PoolingKeysAreReadStrictly) {
  const std::string file = "1_Pooling/config.json";
  Change(file, "/word_embedding_dimension", 13);
  EXPECT_THAT(NotUnderstood(), AllOf(HasSubstr(file), HasSubstr("word_embedding_dimension")));
  Change(file, "/word_embedding_dimension", 12);
  Change(file, "/pooling_mode_median", true);
  EXPECT_THAT(NotUnderstood(), HasSubstr("pooling_mode_median"));
  json config = Read(file);
  config.erase("pooling_mode_median");
  config.erase("pooling_mode_lasttoken");
  folder_.Write(file, config.dump());
  EXPECT_TRUE(Open().ok()) << Open().status();
  Change(file, "/pooling_mode_cls_token", false);
  EXPECT_THAT(NotUnderstood(), HasSubstr("pooling_mode_mean_tokens"));
}

TEST_F(SentenceModelTest, DenseKeysAreReadStrictly) {
  const std::string file = "2_Dense/config.json";
  Change(file, "/activation_function", "torch.nn.modules.activation.Softmax");
  EXPECT_THAT(NotUnderstood(), AllOf(HasSubstr(file), HasSubstr("Softmax")));
  Change(file, "/activation_function", "torch.nn.modules.linear.Identity");
  Change(file, "/in_features", 11);
  EXPECT_THAT(NotUnderstood(), HasSubstr("in_features"));
}

TEST_F(SentenceModelTest, AModelWithoutHiddenStatesIsRefused) {
  folder_.Write("config.json", R"({"model_type": "gpt2", "vocab_size": 11, "n_positions": 8, "n_embd": 6, "n_layer": 2,
                                   "n_head": 3, "layer_norm_epsilon": 1e-5, "activation_function": "gelu"})");
  EXPECT_THAT(NotUnderstood(), HasSubstr("hidden states"));
}

TEST(SentenceDiscoveryTest, ADenseLayerIsNoModelOfItsOwn) {
  const std::vector<SmokeCase> cases =
      DiscoverSmokeCases({"modules.json", "config.json", "model.safetensors", "1_Pooling/config.json",
                          "2_Dense/config.json", "2_Dense/model.safetensors"});
  ASSERT_EQ(cases.size(), 1);
  EXPECT_EQ(cases[0].weights_path, "model.safetensors");
}

}  // namespace
}  // namespace plumb
