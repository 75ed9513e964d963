// What a modules.json may say about a sentence encoder. That the embeddings are right is encoders_test's affair.
#include "verify/inference/sentence_model.h"

#include <gmock/gmock.h>

#include "nlohmann/json.hpp"
#include "plumb/inference/smoke.h"
#include "tests/unit/inference/test_util.h"
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
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy) << status;
    return std::string(Message(status));
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

TEST_F(SentenceModelTest, UnknownModulesAreRefusedByName) {
  Change("modules.json", "/2/type", std::string(kTypes) + "LSTM");
  EXPECT_THAT(Error(), HasSubstr("LSTM"));
  Change("modules.json", "/2/type", std::string(kTypes) + "Pooling");
  EXPECT_THAT(Error(), HasSubstr("pooling"));
  Change("modules.json", "/0/type", std::string(kTypes) + "CLIPModel");
  EXPECT_THAT(Error(), HasSubstr("Transformer"));
}

TEST_F(SentenceModelTest, PathsStayInTheFolder) {
  for (const char* path : {"../2_Dense", "..", "a/b", "/etc", "."}) {
    Change("modules.json", "/2/path", path);
    EXPECT_THAT(Error(), HasSubstr("path")) << path;
  }
}

TEST_F(SentenceModelTest, ListsThatAreNone) {
  for (const char* text : {"{}", "[]", "[{}]", "[1,2]", "null"}) {
    folder_.Write("modules.json", text);
    EXPECT_THAT(Error(), HasSubstr("modules.json")) << text;
  }
}

TEST_F(SentenceModelTest, PoolingKeysAreReadStrictly) {
  const std::string file = "1_Pooling/config.json";
  Change(file, "/word_embedding_dimension", 13);
  EXPECT_THAT(Error(), AllOf(HasSubstr(file), HasSubstr("word_embedding_dimension")));
  Change(file, "/word_embedding_dimension", 12);
  Change(file, "/pooling_mode_median", true);
  EXPECT_THAT(Error(), HasSubstr("pooling_mode_median"));
  json config = Read(file);
  config.erase("pooling_mode_median");
  config.erase("pooling_mode_lasttoken");
  folder_.Write(file, config.dump());
  EXPECT_TRUE(Open().ok()) << Open().status();
  Change(file, "/pooling_mode_cls_token", false);
  EXPECT_THAT(Error(), HasSubstr("pooling_mode_mean_tokens"));
}

TEST_F(SentenceModelTest, DenseKeysAreReadStrictly) {
  const std::string file = "2_Dense/config.json";
  Change(file, "/activation_function", "torch.nn.modules.activation.Softmax");
  EXPECT_THAT(Error(), AllOf(HasSubstr(file), HasSubstr("Softmax")));
  Change(file, "/activation_function", "torch.nn.modules.linear.Identity");
  Change(file, "/in_features", 11);
  EXPECT_THAT(Error(), HasSubstr("in_features"));
}

TEST_F(SentenceModelTest, AModelWithoutHiddenStatesIsRefused) {
  folder_.Write("config.json", R"({"model_type": "gpt2", "vocab_size": 11, "n_positions": 8, "n_embd": 6, "n_layer": 2,
                                   "n_head": 3, "layer_norm_epsilon": 1e-5, "activation_function": "gelu"})");
  EXPECT_THAT(Error(), HasSubstr("hidden states"));
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
