// No key of an encoder's config is without effect, but for those that are known to be.
#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "nlohmann/json.hpp"
#include "tests/unit/inference/golden_folder.h"
#include "tests/unit/inference/test_util.h"

namespace plumb {
namespace {

using nlohmann::json;

std::vector<std::string> Folders() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(DataPath("encoders"))) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("sentence-")) names.insert(name);  // Their configs are as the others'.
  }
  return {names.begin(), names.end()};
}

// Keys that a result does not depend on, whatever they say: training, generation, records, labels' names.
const std::set<std::string>& KeysWithoutEffect() {
  static const std::set<std::string> kKeys = {"attention_probs_dropout_prob",
                                              "hidden_dropout_prob",
                                              "attention_dropout",
                                              "activation_dropout",
                                              "classifier_dropout",
                                              "embedding_dropout",
                                              "mlp_dropout",
                                              "dropout",
                                              "dropout_rate",
                                              "qa_dropout",
                                              "seq_classif_dropout",
                                              "encoder_layerdrop",
                                              "decoder_layerdrop",
                                              "sinusoidal_pos_embds",
                                              "initializer_range",
                                              "initializer_factor",
                                              "initializer_cutoff_factor",
                                              "init_std",
                                              "logit_scale_init_value",
                                              "deterministic_flash_attn",
                                              "reference_compile",
                                              "repad_logits_with_grad",
                                              "sparse_prediction",
                                              "sparse_pred_ignore_index",
                                              "bos_token_id",
                                              "cls_token_id",
                                              "sep_token_id",
                                              "decoder_start_token_id",
                                              "begin_suppress_tokens",
                                              "suppress_tokens",
                                              "id2label",
                                              "label2id",
                                              "torch_dtype",
                                              "transformers_version",
                                              "use_cache",
                                              "encoder_stride",
                                              "apply_spec_augment",
                                              "classifier_proj_size",
                                              "mask_feature_length",
                                              "mask_feature_min_masks",
                                              "mask_feature_prob",
                                              "mask_time_length",
                                              "mask_time_min_masks",
                                              "mask_time_prob",
                                              "median_filter_width",
                                              "use_weighted_layer_sum",
                                              "out_features",
                                              "out_indices",
                                              "stage_names"};
  return kKeys;
}

// Keys that have no effect in this config only, because of what another says or which model it is.
bool IsIdleHere(const json& config, const std::string& key, bool inside) {
  const std::string type = config["model_type"];
  const std::string head = config.value("architectures", json::array({""}))[0];
  if (key == "pad_token_id") return !type.ends_with("roberta");
  if (key == "eos_token_id") return !type.starts_with("clip_text");
  if (key == "num_hidden_layers") return type == "whisper";
  if (key == "max_position_embeddings") return type == "modernbert";
  if (key == "projection_dim") return inside || (type != "clip" && !head.ends_with("WithProjection"));
  if (key == "pooler_act" || key == "pooler_output_size") return head == "ViTForImageClassification";
  if (key == "downsample_in_bottleneck") return config["layer_type"] == "basic";
  if (key == "num_decoder_layers" || key == "is_encoder_decoder") return head == "T5EncoderModel";
  if (key == "decoder_bias") return head != "ModernBertForMaskedLM";
  if (key == "classifier_pooling") return head != "ModernBertForSequenceClassification";
  if (key.starts_with("classifier_")) return head == "ModernBertModel";
  return false;
}

json Changed(const std::string& key, const json& value) {
  if (value.is_boolean()) return !value.get<bool>();
  if (key.find("eps") != std::string::npos) return 0.05;
  if (key == "local_attention") return value.get<int64_t>() + 2;  // Half of it is used.
  if (value.is_number_integer()) {
    return value.get<int64_t>() < 8 ? json(value.get<int64_t>() + 1) : json(value.get<int64_t>() / 2);
  }
  if (value.is_number()) return value.get<double>() * 0.3;
  if (value.is_string()) return value == "relu" ? "silu" : "relu";
  if (value.is_array()) {
    json list = value;
    list.back() = Changed(key, list.back());
    return list;
  }
  return 3.0;  // null
}

class EncoderKeysTest : public testing::TestWithParam<std::string> {
 protected:
  EncoderKeysTest()
      : path_("encoders/" + GetParam()),
        config_(json::parse(ReadData(path_ + "/config.json"))),
        golden_(*GoldenRun::Load(DataPath(path_ + "/golden.safetensors"))) {
    folder_.Write("model.safetensors", ReadData(path_ + "/model.safetensors"));
  }

  // The largest error of any output under another config, or why there is none.
  absl::StatusOr<double> Nmse(const json& config) const {
    folder_.Write("config.json", config.dump());
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<LoadedModel> model,
                           LoadedModel::Open(folder_.Open(), "config.json", "model.safetensors"));
    using Errors = std::map<std::string, double>;
    PLUMB_ASSIGN_OR_RETURN(Errors errors, CompareWithGolden(*model, golden_, **FindBackend("reference")));
    double largest = 0;
    for (const auto& [output, error] : errors) largest = std::max(largest, error);
    return largest;
  }

  // Either the config is refused, or the tensors or inputs no longer fit, or the results are others.
  void CheckAll(const json& config, const std::string& path, bool inside) const {
    for (const auto& [key, value] : config.items()) {
      if (value.is_object() && key.ends_with("_config")) {
        CheckAll(value, path + "/" + key, true);
        continue;
      }
      if (KeysWithoutEffect().contains(key) || IsIdleHere(config, key, inside)) continue;
      json changed = config_;
      changed[json::json_pointer(path + "/" + key)] = Changed(key, value);
      absl::StatusOr<double> nmse = Nmse(changed);
      if (nmse.ok()) {
        EXPECT_GT(*nmse, 1e-9) << path << "/" << key;
      }
    }
  }

  const std::string path_;
  TempFolder folder_;
  const json config_;
  const GoldenRun golden_;
};
INSTANTIATE_TEST_SUITE_P(All, EncoderKeysTest, testing::ValuesIn(Folders()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST_P(EncoderKeysTest, NoKeyIsWithoutEffect) { CheckAll(config_, "", false); }

TEST_P(EncoderKeysTest, TrainingKeysHaveNone) {
  json changed = config_;
  for (const auto& [key, value] : config_.items()) {
    const bool labels = key == "id2label" || key == "label2id";
    if (KeysWithoutEffect().contains(key) && !labels) changed[key] = Changed(key, value);
  }
  absl::StatusOr<double> nmse = Nmse(changed);
  ASSERT_TRUE(nmse.ok()) << nmse.status();
  EXPECT_LE(*nmse, 1e-9);
}

}  // namespace
}  // namespace plumb
