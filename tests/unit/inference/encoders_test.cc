// Encoder, vision and audio families against what transformers computed: tests/conformance/make_encoders.py.
#include <gmock/gmock.h>

#include "nlohmann/json.hpp"
#include "tests/unit/inference/golden_folder.h"
#include "tests/unit/inference/test_util.h"
#include "verify/inference/architectures/relative_buckets.h"

namespace plumb {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

constexpr double kNmseMax = 1e-9;

std::string FolderPath(const std::string& name) { return DataPath("encoders/" + name); }

std::vector<std::string> Folders() { return FolderNames(DataPath("encoders")); }

json ConfigOf(const std::string& name) { return json::parse(ReadData("encoders/" + name + "/config.json")); }

absl::StatusOr<std::unique_ptr<LoadedModel>> Open(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(Directory folder, Directory::Open(path));
  return LoadedModel::Open(folder, "config.json", "model.safetensors");
}

// The model of a folder under another config.
absl::StatusOr<std::unique_ptr<LoadedModel>> OpenWith(const std::string& name, const json& config) {
  TempFolder folder;
  folder.Write("config.json", config.dump());
  folder.Write("model.safetensors", ReadData("encoders/" + name + "/model.safetensors"));
  PLUMB_ASSIGN_OR_RETURN(Directory directory, Directory::Open(folder.path()));
  return LoadedModel::Open(directory, "config.json", "model.safetensors");
}

std::string ErrorOf(const absl::Status& status) {
  // Not understood, or a contradiction that is shown.
  EXPECT_TRUE(absl::IsUnimplemented(status) || ErrorClassOf(status) == ErrorClass::kPolicy) << status;
  return std::string(Message(status));
}

class EncoderTest : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, EncoderTest, testing::ValuesIn(Folders()), [](const auto& test) {
  std::string name = test.param;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

TEST_P(EncoderTest, ComputesWhatTransformersComputes) {
  absl::StatusOr<std::unique_ptr<LoadedModel>> loaded = Open(FolderPath(GetParam()));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  absl::StatusOr<GoldenRun> golden = GoldenRun::Load(FolderPath(GetParam()) + "/golden.safetensors");
  ASSERT_TRUE(golden.ok()) << golden.status();
  for (const char* name : {"reference", "onednn"}) {
    const Backend* backend = *FindBackend(name);
    if (!backend->Available().ok()) continue;
    absl::StatusOr<std::map<std::string, double>> errors = CompareWithGolden(**loaded, *golden, *backend);
    ASSERT_TRUE(errors.ok()) << name << ": " << errors.status();
    for (const auto& [output, nmse] : *errors) {
      fmt::print("{} {} {}: NMSE {:.2e}\n", GetParam(), name, output, nmse);
      EXPECT_LE(nmse, kNmseMax) << name << ": " << output;
    }
  }
}

TEST_P(EncoderTest, RefusesAnUnknownKeyByName) {
  json config = ConfigOf(GetParam());
  config["use_cosine_attention"] = true;
  const absl::Status status = ParseModelConfig(config.dump()).status();
  EXPECT_THAT(ErrorOf(status), HasSubstr("\"use_cosine_attention\""));
  EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
}

TEST_P(EncoderTest, RefusesAnotherHeadByName) {
  json config = ConfigOf(GetParam());
  config["architectures"] = {"SomethingForMultipleChoice"};
  const absl::Status status = ParseModelConfig(config.dump()).status();
  EXPECT_THAT(ErrorOf(status), HasSubstr("\"architectures\""));
  EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
}

TEST_P(EncoderTest, NamesAMissingAndAnUnexpectedTensor) {
  TensorMap tensors = TensorMap::Load(FolderPath(GetParam()), "model.safetensors");
  TempFolder folder;
  folder.Write("config.json", ConfigOf(GetParam()).dump());
  const std::string renamed = "head.of.another.task";
  auto victim = std::find_if(tensors.tensors.begin(), tensors.tensors.end(),
                             [](const auto& tensor) { return tensor.first.find("layer") != std::string::npos; });
  ASSERT_NE(victim, tensors.tensors.end());
  const std::string missing = victim->first.substr(victim->first.find("layer"));
  tensors.tensors[renamed] = victim->second;
  tensors.tensors.erase(victim);
  folder.Write("model.safetensors", tensors.Serialize());
  const absl::Status status = Open(folder.path()).status();
  EXPECT_THAT(ErrorOf(status), AllOf(HasSubstr("\"" + renamed + "\""), HasSubstr("is unexpected")));
  EXPECT_THAT(ErrorOf(status), AllOf(HasSubstr("is missing")));
  if (GetParam() != "bert-old-names") {
    EXPECT_THAT(ErrorOf(status), HasSubstr(missing));
  }
}

// Keys by which a model computes something else (or does not fit its tensors any more), and another value of each.
struct Mutation {
  const char* folder;
  const char* key;  // A JSON pointer.
  json value;
};

class MutationTest : public testing::TestWithParam<Mutation> {};

std::vector<Mutation> Mutations() {
  return {
      {"bert-model", "/hidden_size", 24},
      {"bert-model", "/num_attention_heads", 2},
      {"bert-model", "/num_hidden_layers", 1},
      {"bert-model", "/intermediate_size", 10},
      {"bert-model", "/hidden_act", "relu"},
      {"bert-model", "/layer_norm_eps", 1e-2},
      {"bert-model", "/vocab_size", 54},
      {"bert-model", "/type_vocab_size", 1},
      {"bert-model", "/max_position_embeddings", 17},
      {"bert-model", "/position_embedding_type", "relative_key"},
      {"bert-model", "/is_decoder", true},
      {"bert-mlm-tied", "/tie_word_embeddings", false},
      {"bert-mlm-untied", "/tie_word_embeddings", true},
      {"bert-sequence", "/id2label", {{"0", "yes"}}},
      {"bert-sequence", "/num_labels", 2},
      {"bert-token", "/architectures", {"BertForSequenceClassification"}},
      {"roberta-model", "/pad_token_id", 0},
      {"roberta-mlm", "/layer_norm_eps", 1e-2},
      {"distilbert-model", "/n_heads", 3},
      {"distilbert-model", "/dim", 6},
      {"distilbert-model", "/activation", "relu"},
      {"distilbert-model", "/n_layers", 3},
      {"mpnet-model", "/relative_attention_num_buckets", 16},
      {"mpnet-model", "/num_attention_heads", 4},
      {"modernbert-model", "/global_attn_every_n_layers", 2},
      {"modernbert-model", "/local_attention", 8},
      {"modernbert-model", "/global_rope_theta", 1000.0},
      {"modernbert-model", "/local_rope_theta", 100.0},
      {"modernbert-model", "/hidden_activation", "silu"},
      {"modernbert-model", "/norm_eps", 1e-2},
      {"modernbert-model", "/norm_bias", true},
      {"modernbert-model", "/attention_bias", true},
      {"modernbert-model", "/mlp_bias", true},
      {"modernbert-mlm", "/classifier_activation", "relu"},
      {"modernbert-mlm", "/classifier_bias", false},
      {"modernbert-mlm", "/decoder_bias", false},
      {"modernbert-sequence-cls", "/classifier_pooling", "mean"},
      {"t5-relu-tied", "/relative_attention_num_buckets", 10},
      {"t5-relu-tied", "/relative_attention_max_distance", 40},
      {"t5-relu-tied", "/layer_norm_epsilon", 1e-2},
      {"t5-relu-tied", "/feed_forward_proj", "gated-gelu"},
      {"t5-relu-tied", "/dense_act_fn", "gelu"},
      {"t5-relu-tied", "/d_kv", 4},
      {"t5-relu-tied", "/tie_word_embeddings", false},
      {"t5-relu-tied", "/num_decoder_layers", 1},
      {"t5-gated-untied", "/num_heads", 5},
      {"vit-model", "/qkv_bias", false},
      {"vit-model", "/patch_size", 3},
      {"vit-model", "/image_size", 16},
      {"vit-model", "/pooler_act", "tanh"},
      {"vit-model", "/pooler_output_size", 12},
      {"vit-model", "/layer_norm_eps", 1e-2},
      {"vit-image", "/hidden_act", "relu"},
      {"clip-whole", "/projection_dim", 6},
      {"clip-whole", "/text_config/hidden_act", "gelu"},
      {"clip-whole", "/text_config/eos_token_id", 49},
      {"clip-whole", "/text_config/rope_theta", 1},
      {"clip-whole", "/vision_config/layer_norm_eps", 1e-2},
      {"clip-whole", "/vision_config/num_attention_heads", 1},
      {"clip-whole", "/text_config_dict", {{"num_hidden_layers", 3}}},
      {"clip-text", "/eos_token_id", 7},
      {"whisper-tied", "/encoder_attention_heads", 3},
      {"whisper-tied", "/decoder_attention_heads", 2},
      {"whisper-tied", "/activation_function", "relu"},
      {"whisper-tied", "/scale_embedding", true},
      {"whisper-tied", "/max_source_positions", 16},
      {"whisper-tied", "/num_mel_bins", 8},
      {"whisper-tied", "/tie_word_embeddings", false},
      {"resnet-basic", "/layer_type", "bottleneck"},
      {"resnet-basic", "/downsample_in_first_stage", true},
      {"resnet-basic", "/hidden_act", "silu"},
      {"resnet-basic", "/depths", {1, 1}},
      {"resnet-model", "/downsample_in_bottleneck", false},
  };
}
INSTANTIATE_TEST_SUITE_P(All, MutationTest, testing::ValuesIn(Mutations()));

TEST_P(MutationTest, ChangesTheResultOrIsRefused) {
  const std::string name = GetParam().folder;
  json config = ConfigOf(name);
  ASSERT_NE(config.value(json::json_pointer(GetParam().key), json()), GetParam().value);
  config[json::json_pointer(GetParam().key)] = GetParam().value;
  absl::StatusOr<std::unique_ptr<LoadedModel>> loaded = OpenWith(name, config);
  if (!loaded.ok()) {
    ErrorOf(loaded.status());
    return;
  }
  absl::StatusOr<GoldenRun> golden = GoldenRun::Load(FolderPath(name) + "/golden.safetensors");
  ASSERT_TRUE(golden.ok()) << golden.status();
  absl::StatusOr<std::map<std::string, double>> errors =
      CompareWithGolden(**loaded, *golden, **FindBackend("reference"));
  if (!errors.ok()) return;  // Another input or output.
  double worst = 0;
  for (const auto& [output, nmse] : *errors) worst = std::max(worst, nmse);
  EXPECT_GT(worst, 1e-8) << GetParam().key;
}

// Keys on which results depend and that no class defines otherwise.
struct NeededKeys {
  const char* folder;
  std::vector<const char*> keys;
};

TEST(EncoderConfigTest, KeysWithoutADefaultAreMissed) {
  const std::vector<NeededKeys> all = {
      {"bert-model",
       {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act",
        "layer_norm_eps", "max_position_embeddings", "type_vocab_size"}},
      {"roberta-model", {"pad_token_id", "layer_norm_eps", "hidden_act"}},
      {"distilbert-model", {"dim", "n_layers", "n_heads", "hidden_dim", "activation", "vocab_size"}},
      {"mpnet-model", {"relative_attention_num_buckets", "layer_norm_eps"}},
      {"modernbert-model",
       {"norm_eps", "norm_bias", "hidden_activation", "global_rope_theta", "local_rope_theta", "local_attention",
        "global_attn_every_n_layers", "mlp_bias", "attention_bias"}},
      {"t5-relu-tied", {"d_kv", "layer_norm_epsilon", "relative_attention_num_buckets", "num_heads"}},
      {"vit-model", {"qkv_bias", "image_size", "patch_size", "num_channels", "layer_norm_eps"}},
      {"clip-whole", {"projection_dim"}},
      {"clip-text", {"eos_token_id", "hidden_act", "layer_norm_eps"}},
      {"whisper-tied", {"activation_function", "max_source_positions", "num_mel_bins", "decoder_ffn_dim"}},
      {"resnet-basic", {"layer_type", "depths", "hidden_sizes", "hidden_act", "downsample_in_first_stage"}},
  };
  for (const NeededKeys& needed : all) {
    for (const char* key : needed.keys) {
      json config = ConfigOf(needed.folder);
      ASSERT_EQ(config.erase(key), 1) << needed.folder << " " << key;
      EXPECT_THAT(ErrorOf(ParseModelConfig(config.dump()).status()), HasSubstr(key)) << needed.folder;
    }
  }
}

TEST(EncoderConfigTest, ClipsInnerConfigsTakeTheirClassesValues) {
  json config = {{"model_type", "clip"}, {"architectures", {"CLIPModel"}}, {"projection_dim", 512}};
  absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(config.dump());
  ASSERT_TRUE(model.ok()) << model.status();
  // The count that openai/clip-vit-base-patch32 has.
  EXPECT_EQ(CountParameters(**model), 151'277'313);
}

// Configs as they are found on published models, with the models' sizes; ResNet's running statistics count too.
TEST(EncoderConfigTest, PublishedModelsHaveTheirParameters) {
  for (const json& published : json::parse(ReadData("inference/encoder-configs.json"))) {
    absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(published["config"].dump());
    ASSERT_TRUE(model.ok()) << published["name"] << ": " << model.status();
    EXPECT_EQ(CountParameters(**model), published["parameters"]) << published["name"];
  }
}

TEST(EncoderConfigTest, PositionsAreThoseOfTheTableLessThoseThatPaddingTakes) {
  EXPECT_EQ((*ParseModelConfig(ConfigOf("roberta-model").dump()))->positions_max(), 14);
  EXPECT_EQ((*ParseModelConfig(ConfigOf("mpnet-model").dump()))->positions_max(), 28);
  json long_mpnet = ConfigOf("mpnet-model");
  long_mpnet["max_position_embeddings"] = 1 << 20;
  EXPECT_EQ((*ParseModelConfig(long_mpnet.dump()))->positions_max(), kPairedPositionsMax);
  EXPECT_FALSE((*ParseModelConfig(ConfigOf("t5-encoder").dump()))->BuildGraph(1, kPairedPositionsMax + 1).ok());
  EXPECT_FALSE((*ParseModelConfig(ConfigOf("roberta-model").dump()))->BuildGraph(1, 15).ok());
  json config = ConfigOf("roberta-model");
  config["max_position_embeddings"] = 2;
  EXPECT_THAT(ErrorOf(ParseModelConfig(config.dump()).status()), HasSubstr("max_position_embeddings"));
}

TEST(EncoderConfigTest, SizesBeyondWhatAGraphCanHoldAreRefused) {
  json config = ConfigOf("bert-model");
  config.update({{"hidden_size", 1 << 24}, {"num_attention_heads", 1}, {"intermediate_size", 1 << 24}});
  EXPECT_FALSE(ParseModelConfig(config.dump()).ok());
}

TEST(RelativeBucketsTest, NearOneByOneFarByTheLogarithm) {
  const RelativeBuckets both = {.buckets = 32, .distance_max = 128};
  EXPECT_EQ(BucketOf(both, 0), 0);
  EXPECT_EQ(BucketOf(both, -7), 7);
  EXPECT_EQ(BucketOf(both, 7), 23);
  EXPECT_EQ(BucketOf(both, -8), 8);
  EXPECT_EQ(BucketOf(both, -127), 15);
  EXPECT_EQ(BucketOf(both, -100000), 15);
  EXPECT_EQ(BucketOf(both, 100000), 31);
  const RelativeBuckets back = {.buckets = 32, .distance_max = 128, .both_ways = false};
  EXPECT_EQ(BucketOf(back, 5), 0);
  EXPECT_EQ(BucketOf(back, -15), 15);
  EXPECT_EQ(BucketOf(back, -16), 16);
  EXPECT_EQ(BucketOf(back, -1000), 31);
  EXPECT_FALSE(AreValid({.buckets = 2, .distance_max = 128}));
  EXPECT_FALSE(AreValid({.buckets = 7, .distance_max = 128}));
  EXPECT_FALSE(AreValid({.buckets = 32, .distance_max = 8}));
}

}  // namespace
}  // namespace plumb
