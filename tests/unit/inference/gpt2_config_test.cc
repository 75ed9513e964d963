// What a GPT-2 config.json may say, and that everything else is not understood, by name.
#include <gmock/gmock.h>

#include <cmath>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/limits.h"
#include "plumb/inference/architecture.h"
#include "tests/unit/inference/test_util.h"

namespace plumb {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json Valid() {
  return {{"model_type", "gpt2"}, {"vocab_size", 11}, {"n_positions", 8},           {"n_embd", 6},
          {"n_layer", 2},         {"n_head", 3},      {"layer_norm_epsilon", 1e-5}, {"activation_function", "gelu"}};
}

std::string ErrorOf(const json& config) {
  absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(config.dump());
  if (model.ok()) return "";
  // Not understood is not wrong.
  EXPECT_EQ(model.status().code(), absl::StatusCode::kUnimplemented) << model.status();
  EXPECT_EQ(ErrorClassOf(model.status()), ErrorClass::kNone);
  return std::string(Message(model.status()));
}

json With(const char* key, json value) {
  json config = Valid();
  config[key] = std::move(value);
  return config;
}

TEST(Gpt2ConfigTest, TheSmallestValidConfigIsUnderstood) {
  absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(Valid().dump());
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->architecture(), "gpt2");
  EXPECT_EQ((*model)->layers(), 2);
  EXPECT_EQ((*model)->vocabulary(), 11);
  EXPECT_EQ((*model)->positions_max(), 8);
}

class MissingKeyTest : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Gpt2, MissingKeyTest,
                         testing::Values("model_type", "vocab_size", "n_positions", "n_embd", "n_layer", "n_head",
                                         "layer_norm_epsilon", "activation_function"));

TEST_P(MissingKeyTest, IsNamedAndHasNoDefault) {
  json config = Valid();
  config.erase(GetParam());
  EXPECT_THAT(ErrorOf(config), testing::AllOf(HasSubstr(GetParam()), HasSubstr("missing")));
}

TEST_P(MissingKeyTest, NullIsAsMissing) { EXPECT_THAT(ErrorOf(With(GetParam(), nullptr)), HasSubstr(GetParam())); }

TEST_P(MissingKeyTest, AnotherTypeIsRefused) {
  EXPECT_THAT(ErrorOf(With(GetParam(), json::array())), HasSubstr(GetParam()));
  EXPECT_THAT(ErrorOf(With(GetParam(), true)), HasSubstr(GetParam()));
}

class SizeKeyTest : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Gpt2, SizeKeyTest,
                         testing::Values("vocab_size", "n_positions", "n_embd", "n_layer", "n_head", "n_inner"));

TEST_P(SizeKeyTest, OnlyWholePositiveNumbers) {
  for (const json& wrong : {json(0), json(-1), json(1.0), json("12"), json(1e30), json(limits::kModelWidthMax + 1)}) {
    EXPECT_THAT(ErrorOf(With(GetParam(), wrong)), HasSubstr(GetParam())) << wrong;
  }
}

TEST(Gpt2ConfigTest, LayersUpToTheLimit) {
  EXPECT_EQ(ErrorOf(With("n_layer", limits::kModelLayersMax)), "");
  EXPECT_THAT(ErrorOf(With("n_layer", limits::kModelLayersMax + 1)), HasSubstr("n_layer"));
}

TEST(Gpt2ConfigTest, WidthUpToTheLimit) {
  EXPECT_EQ(ErrorOf(With("vocab_size", limits::kModelWidthMax)), "");
  EXPECT_THAT(ErrorOf(With("vocab_size", limits::kModelWidthMax + 1)), HasSubstr("vocab_size"));
}

TEST(Gpt2ConfigTest, EpsilonMustBePositiveAndFinite) {
  for (const json& wrong : {json(0), json(-1e-5), json("1e-5"), json(false)}) {
    EXPECT_THAT(ErrorOf(With("layer_norm_epsilon", wrong)), HasSubstr("layer_norm_epsilon")) << wrong;
  }
}

TEST(Gpt2ConfigTest, HeadsMustDivideTheWidth) {
  EXPECT_THAT(ErrorOf(With("n_head", 4)), testing::AllOf(HasSubstr("n_head"), HasSubstr("does not divide")));
}

TEST(Gpt2ConfigTest, KnownActivationsOnly) {
  for (const char* name : {"gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "quick_gelu", "relu", "silu", "swish",
                           "tanh", "sigmoid"}) {
    EXPECT_EQ(ErrorOf(With("activation_function", name)), "") << name;
  }
  EXPECT_THAT(ErrorOf(With("activation_function", "gelu_10")),
              testing::AllOf(HasSubstr("activation_function"), HasSubstr("gelu_10")));
  EXPECT_THAT(ErrorOf(With("activation_function", "GELU")), HasSubstr("activation_function"));
}

TEST(Gpt2ConfigTest, UnknownKeysAreNamed) {
  json config = Valid();
  config["rope_theta"] = 10000;
  config["sliding_window"] = nullptr;
  EXPECT_THAT(ErrorOf(config), testing::AllOf(HasSubstr("\"rope_theta\""), HasSubstr("\"sliding_window\"")));
}

TEST(Gpt2ConfigTest, PackedWeightsAreNamedWithTheirMethod) {
  EXPECT_THAT(ErrorOf(With("quantization_config", {{"bits", 4}})), HasSubstr("\"quantization_config\""));
  for (const char* method : {"gptq", "awq", "fp8", "bitsandbytes", "compressed-tensors", "hqq", "eetq", "quanto"}) {
    EXPECT_THAT(ErrorOf(With("quantization_config", {{"quant_method", method}})), HasSubstr(method));
  }
  EXPECT_THAT(ErrorOf(With("quantization", {{"group_size", 64}, {"bits", 4}})), HasSubstr("\"quantization\""));
  EXPECT_EQ(ErrorOf(With("quantization_config", nullptr)), "");
}

TEST(Gpt2ConfigTest, AnUnknownClassAndUnknownKeysAreNamedTogether) {
  json config = With("architectures", {"MyModel"});
  config["my_lab_note"] = "run 17";
  EXPECT_THAT(ErrorOf(config), testing::AllOf(HasSubstr("\"MyModel\""), HasSubstr("\"my_lab_note\"")));
}

TEST(Gpt2ConfigTest, NotesOfToolsDoNotMatter) {
  json config = Valid();
  config.update({{"unsloth_fixed", true},
                 {"unsloth_version", "2025.1"},
                 {"transformers.js_config", {{"dtype", "q8"}}},
                 {"dtype", "bfloat16"},
                 {"sentence_transformers", {{"version", "5.0"}}}});
  EXPECT_EQ(ErrorOf(config), "");
}

TEST(Gpt2ConfigTest, OtherShapesOfModelAreRefused) {
  EXPECT_THAT(ErrorOf(With("add_cross_attention", true)), HasSubstr("add_cross_attention"));
  EXPECT_THAT(ErrorOf(With("is_encoder_decoder", true)), HasSubstr("is_encoder_decoder"));
  EXPECT_THAT(ErrorOf(With("pruned_heads", {{"0", {1}}})), HasSubstr("pruned_heads"));
  EXPECT_EQ(ErrorOf(With("add_cross_attention", false)), "");
  EXPECT_EQ(ErrorOf(With("pruned_heads", json::object())), "");
}

TEST(Gpt2ConfigTest, ArchitecturesMustBeLanguageModels) {
  EXPECT_EQ(ErrorOf(With("architectures", {"GPT2LMHeadModel"})), "");
  EXPECT_EQ(ErrorOf(With("architectures", {"GPT2Model"})), "");
  EXPECT_THAT(ErrorOf(With("architectures", {"GPT2ForSequenceClassification"})), HasSubstr("architectures"));
  EXPECT_THAT(ErrorOf(With("architectures", "GPT2LMHeadModel")), HasSubstr("architectures"));
  EXPECT_THAT(ErrorOf(With("architectures", {1})), HasSubstr("architectures"));
  json untied = With("architectures", {"GPT2Model"});
  untied["tie_word_embeddings"] = false;
  EXPECT_THAT(ErrorOf(untied), HasSubstr("architectures"));
}

TEST(Gpt2ConfigTest, ContextMustBeThePositions) {
  EXPECT_EQ(ErrorOf(With("n_ctx", 8)), "");
  EXPECT_THAT(ErrorOf(With("n_ctx", 9)), HasSubstr("n_ctx"));
}

TEST(Gpt2ConfigTest, FlagsMustBeBooleans) {
  for (const char* key :
       {"scale_attn_weights", "scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn", "tie_word_embeddings"}) {
    EXPECT_EQ(ErrorOf(With(key, true)), "") << key;
    EXPECT_EQ(ErrorOf(With(key, false)), "") << key;
    EXPECT_THAT(ErrorOf(With(key, 1)), HasSubstr(key));
    EXPECT_THAT(ErrorOf(With(key, nullptr)), HasSubstr(key));
  }
}

TEST(Gpt2ConfigTest, TrainingKeysDoNotMatter) {
  json config = Valid();
  config.update({{"attn_pdrop", 0.1},
                 {"bos_token_id", 0},
                 {"torch_dtype", "float32"},
                 {"transformers_version", "4.0"},
                 {"task_specific_params", {{"text-generation", {{"do_sample", true}}}}},
                 {"initializer_range", 0.02}});
  EXPECT_EQ(ErrorOf(config), "");
}

TEST(ModelConfigTest, NumbersThatOnlyPythonWritesAreRead) {
  for (const char* number : {"Infinity", "-Infinity", "NaN"}) {
    std::string text = Valid().dump();
    EXPECT_TRUE(ParseModelConfig(text.insert(1, fmt::format("\"initializer_range\": [0.0, {}],", number))).ok());
    text = Valid().dump();
    text.replace(text.find("1e-05"), 5, number);
    EXPECT_EQ(ParseModelConfig(text).status().code(), absl::StatusCode::kUnimplemented) << number;
  }
}

TEST(ModelConfigTest, AByteOrderMarkAndWindowsLinesAreRead) {
  std::string text = Valid().dump(1);
  for (size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 2)) text.insert(at, "\r");
  EXPECT_TRUE(ParseModelConfig("\xEF\xBB\xBF" + text).ok());
}

// What other libraries call config.json: timm, diffusers, sentence encoders' dense layers.
TEST(ModelConfigTest, OneWithoutAModelTypeIsNotUnderstood) {
  for (const char* text : {R"({"architecture": "resnet18", "num_classes": 1000})", R"({"_class_name": "UNet2DModel"})",
                           R"({"in_features": 8, "out_features": 4})", "[]", "12", R"({"model_type": 3})"}) {
    EXPECT_EQ(ParseModelConfig(text).status().code(), absl::StatusCode::kUnimplemented) << text;
  }
}

TEST(ModelConfigTest, WhatIsNoJsonIsRefused) {
  for (const char* text : {"", "{\"model_type\":", "{'model_type': 1}", "{\"a\": 1,}"}) {
    EXPECT_EQ(ErrorClassOf(ParseModelConfig(text).status()), ErrorClass::kPolicy) << text;
  }
}

TEST(ModelConfigTest, TheLastOfRepeatedKeysHolds) {
  std::string text = Valid().dump();
  text.insert(1, "\"n_head\":\"none\",");
  EXPECT_TRUE(ParseModelConfig(text).ok());
}

TEST(ModelConfigTest, OnlyObjects) {
  for (const char* text : {"", "[]", "null", "12", "{\"model_type\":", "{}"}) EXPECT_FALSE(ParseModelConfig(text).ok());
}

TEST(ModelConfigTest, SizeIsLimited) {
  std::string text = Valid().dump();
  text.resize(limits::kConfigBytesMax, ' ');
  EXPECT_TRUE(ParseModelConfig(text).ok());
  text.push_back(' ');
  EXPECT_FALSE(ParseModelConfig(text).ok());
}

TEST(ModelConfigTest, AnUnknownArchitectureIsUnimplementedNotWrong) {
  absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(With("model_type", "abacus").dump());
  EXPECT_EQ(model.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(Message(model.status())), HasSubstr("abacus"));
  EXPECT_LT(Message(model.status()).size(), 120) << "names no list of families";
}

TEST(ModelConfigTest, KnowsGpt2) { EXPECT_THAT(KnownArchitectures(), testing::Contains("gpt2")); }

// The factor before the softmax of layer `layer`.
double ScaleOf(const json& config, int layer) {
  absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(config.dump());
  absl::StatusOr<Graph> graph = (*model)->BuildGraph(1, 4);
  for (const Node& node : graph->nodes()) {
    if (node.name == "h." + std::to_string(layer) + ".attn")
      return std::get<AttentionAttributes>(node.attributes).scale;
  }
  return 0;
}

TEST(Gpt2GraphTest, AttentionIsScaledAsTheConfigSays) {
  EXPECT_DOUBLE_EQ(ScaleOf(Valid(), 1), 1 / std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(ScaleOf(With("scale_attn_weights", false), 1), 1);
  EXPECT_DOUBLE_EQ(ScaleOf(With("scale_attn_by_inverse_layer_idx", true), 0), 1 / std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(ScaleOf(With("scale_attn_by_inverse_layer_idx", true), 1), 1 / std::sqrt(2.0) / 2);
}

TEST(Gpt2GraphTest, OutputIsLogits) {
  absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(Valid().dump());
  absl::StatusOr<Graph> graph = (*model)->BuildGraph(3, 8);
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->node(graph->output()).shape, Shape({3, 8, 11}));
}

TEST(Gpt2GraphTest, PositionsAreLimitedByTheConfig) {
  absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(Valid().dump());
  EXPECT_TRUE((*model)->BuildGraph(1, 8).ok());
  EXPECT_FALSE((*model)->BuildGraph(1, 9).ok());
  EXPECT_FALSE((*model)->BuildGraph(1, 0).ok());
  EXPECT_FALSE((*model)->BuildGraph(0, 1).ok());
}

TEST(Gpt2GraphTest, InnerWidthIsFourTimesTheWidthUnlessGiven) {
  absl::StatusOr<std::unique_ptr<Model>> plain = ParseModelConfig(Valid().dump());
  absl::StatusOr<std::unique_ptr<Model>> null = ParseModelConfig(With("n_inner", nullptr).dump());
  absl::StatusOr<std::unique_ptr<Model>> four = ParseModelConfig(With("n_inner", 24).dump());
  absl::StatusOr<std::unique_ptr<Model>> one = ParseModelConfig(With("n_inner", 6).dump());
  EXPECT_EQ(CountParameters(**plain), CountParameters(**four));
  EXPECT_EQ(CountParameters(**null), CountParameters(**four));
  EXPECT_LT(CountParameters(**one), CountParameters(**four));
}

// The exact counts that Cerebras published, and GPT-2's own.
struct Published {
  const char* name;
  uint64_t parameters;
};

class CerebrasTest : public testing::TestWithParam<Published> {};
INSTANTIATE_TEST_SUITE_P(All, CerebrasTest,
                         testing::Values(Published{"111M", 111'050'496}, Published{"256M", 255'977'024},
                                         Published{"590M", 590'310'912}, Published{"1.3B", 1'315'723'264},
                                         Published{"2.7B", 2'651'553'280}, Published{"6.7B", 6'658'404'352},
                                         Published{"13B", 12'853'386'240}));

TEST_P(CerebrasTest, BuildsAndHasThePublishedParametersWithoutWeights) {
  absl::StatusOr<std::unique_ptr<Model>> model =
      ParseModelConfig(ReadData("inference/cerebras-gpt/" + std::string(GetParam().name) + ".json"));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(CountParameters(**model), GetParam().parameters);
  absl::StatusOr<Graph> graph = (*model)->BuildGraph(1, 2048);
  ASSERT_TRUE(graph.ok()) << graph.status();
  uint64_t weights = 0;
  for (const Node& node : graph->nodes()) {
    if (node.op == OpKind::kWeight) weights += *ElementCount(node.shape);
  }
  EXPECT_EQ(weights, GetParam().parameters);
}

}  // namespace
}  // namespace plumb
