// Every family and variant in tests/data/architectures computes what transformers computed, on both backends, and no
// key of its config is without effect. tests/conformance/make_architectures.py wrote the folders.
#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "nlohmann/json.hpp"
#include "tests/unit/inference/golden_folder.h"
#include "tests/unit/inference/test_util.h"

namespace plumb {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr double kNmseMax = 1e-9;

std::vector<std::string> Folders() { return FolderNames(DataPath("architectures")); }

std::string TestName(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

// A copy of a folder whose config may be changed.
class ArchitectureTest : public testing::TestWithParam<std::string> {
 protected:
  ArchitectureTest()
      : config_(json::parse(ReadData("architectures/" + GetParam() + "/config.json"))),
        golden_(*GoldenRun::Load(DataPath("architectures/" + GetParam() + "/golden.safetensors"))) {
    folder_.Write("model.safetensors", ReadData("architectures/" + GetParam() + "/model.safetensors"));
  }

  absl::StatusOr<std::unique_ptr<LoadedModel>> Open(const json& config) const {
    folder_.Write("config.json", config.dump());
    return LoadedModel::Open(folder_.Open(), "config.json", "model.safetensors");
  }

  // The largest error of any output, or why there is none.
  absl::StatusOr<double> Nmse(const json& config, const std::string& backend = "reference") const {
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<LoadedModel> model, Open(config));
    PLUMB_ASSIGN_OR_RETURN(const Backend* found, FindBackend(backend));
    using Errors = std::map<std::string, double>;
    PLUMB_ASSIGN_OR_RETURN(Errors errors, CompareWithGolden(*model, golden_, *found));
    double largest = 0;
    for (const auto& [output, error] : errors) largest = std::max(largest, error);
    return largest;
  }

  TempFolder folder_;
  json config_;
  GoldenRun golden_;
};
INSTANTIATE_TEST_SUITE_P(All, ArchitectureTest, testing::ValuesIn(Folders()), TestName);

TEST_P(ArchitectureTest, ComputesWhatTransformersComputes) {
  for (const Backend* backend : Backends()) {
    if (!backend->Available().ok()) continue;
    absl::StatusOr<double> nmse = Nmse(config_, std::string(backend->name()));
    ASSERT_TRUE(nmse.ok()) << nmse.status();
    std::printf("%-32s %-10s NMSE %.1e\n", GetParam().c_str(), std::string(backend->name()).c_str(), *nmse);
    EXPECT_LE(*nmse, kNmseMax) << backend->name();
  }
}

// Keys that a result does not depend on, whatever they say.
const std::set<std::string>& KeysWithoutEffect() {
  static const std::set<std::string> kKeys = {// Training, generation, records.
                                              "attention_dropout",
                                              "hidden_dropout",
                                              "classifier_dropout",
                                              "embd_pdrop",
                                              "resid_pdrop",
                                              "attn_pdrop",
                                              "dropout",
                                              "layerdrop",
                                              "initializer_range",
                                              "init_std",
                                              "bos_token_id",
                                              "eos_token_id",
                                              "pad_token_id",
                                              "torch_dtype",
                                              "transformers_version",
                                              "use_cache",
                                              "pretraining_tp",
                                              "summary_activation",
                                              "summary_first_dropout",
                                              "summary_proj_to_labels",
                                              "summary_type",
                                              "summary_use_proj",
                                              "router_aux_loss_coef",
                                              "output_router_logits",
                                              "router_jitter_noise",
                                              "slow_but_exact",
                                              "reorder_and_upcast_attn",
                                              "cache_implementation"};
  return kKeys;
}

// Keys that have no effect in this config only, because of what another says.
bool IsIdleHere(const json& config, const std::string& key) {
  const std::string type = config["model_type"];
  const bool scaled = config.contains("rope_scaling") && !config["rope_scaling"].is_null();
  const std::string kind = scaled ? config["rope_scaling"].value("rope_type", config["rope_scaling"].value("type", ""))
                                  : std::string("default");
  if (key == "max_position_embeddings") return kind != "yarn" && kind != "longrope" && type != "opt";
  if (key == "original_max_position_embeddings") return kind != "longrope";
  if (key == "sliding_window" || key == "max_window_layers") {
    return type.starts_with("qwen") && !config.value("use_sliding_window", false);
  }
  if (key == "_remove_final_layer_norm") return !config["do_layer_norm_before"].get<bool>();
  if (key == "rope_theta" || key == "rope_scaling") return config.value("alibi", false);
  if (key == "num_kv_heads") {
    return !config.value("new_decoder_architecture", false) && config.value("multi_query", false);
  }
  if (key == "multi_query") return config.value("new_decoder_architecture", false);
  // The width of dense layers, of which there are none.
  if (key == "intermediate_size" && type == "qwen3_moe") return config["decoder_sparse_step"] == 1;
  return false;
}

json Changed(const std::string& key, const json& value) {
  if (value.is_boolean()) return !value.get<bool>();
  if (key.find("eps") != std::string::npos) return 0.05;
  if (value.is_number_integer())
    return value.get<int64_t>() < 8 ? json(value.get<int64_t>() + 1) : json(value.get<int64_t>() / 2);
  if (value.is_number()) return value.get<double>() * 0.7;
  if (value.is_string()) return value == "relu" ? "silu" : "relu";
  if (value.is_array() && !value.empty()) {
    json list = value;
    list[list.size() - 1] = Changed(key, list.back());
    return list;
  }
  if (value.is_array()) return json::array({0});
  return 3;  // null
}

// Either the config is refused, or the tensors no longer fit, or the logits are others.
TEST_P(ArchitectureTest, NoKeyIsWithoutEffect) {
  auto check = [&](const json& changed, const std::string& key) {
    absl::StatusOr<double> nmse = Nmse(changed);
    if (nmse.ok()) {
      EXPECT_GT(*nmse, 1e-8) << key;
    }
  };
  for (const auto& [key, value] : config_.items()) {
    if (KeysWithoutEffect().contains(key) || IsIdleHere(config_, key)) continue;
    json changed = config_;
    if (!value.is_object()) {
      changed[key] = Changed(key, value);
      check(changed, key);
      continue;
    }
    for (const auto& [inner, inner_value] : value.items()) {
      // The run of this test decides which of the two lists is read.
      const bool long_run = config_.value("original_max_position_embeddings", 0) < 20;
      if (inner == (long_run ? "short_factor" : "long_factor")) continue;
      // Runs no longer than the original positions use the base as it is.
      if (value.value("rope_type", "") == "dynamic" && config_["max_position_embeddings"] >= 20) continue;
      changed = config_;
      changed[key][inner] = Changed(inner, inner_value);
      check(changed, key + "." + inner);
    }
  }
}

TEST_P(ArchitectureTest, TrainingKeysHaveNone) {
  json changed = config_;
  for (const auto& [key, value] : config_.items()) {
    if (KeysWithoutEffect().contains(key)) changed[key] = Changed(key, value);
  }
  absl::StatusOr<double> nmse = Nmse(changed);
  ASSERT_TRUE(nmse.ok()) << nmse.status();
  EXPECT_LE(*nmse, kNmseMax);
}

TEST_P(ArchitectureTest, AnUnknownKeyIsRefusedByName) {
  json changed = config_;
  changed["attention_sink"] = 1;
  EXPECT_THAT(std::string(Message(Open(changed).status())), HasSubstr("\"attention_sink\""));
}

// Falcon's first code had the base fixed, and its configs do not state it.
TEST_P(ArchitectureTest, WhatLogitsDependOnHasNoDefault) {
  const bool falcon = config_["model_type"] == "falcon";
  for (const char* key : {"rope_theta", "rotary_emb_base", "rope_local_base_freq", "rms_norm_eps", "layer_norm_eps",
                          "layer_norm_epsilon", "hidden_act", "hidden_activation", "activation_function",
                          "num_attention_heads", "n_head", "partial_rotary_factor", "rotary_pct",
                          "query_pre_attn_scalar", "num_experts_per_tok", "norm_topk_prob", "alibi"}) {
    const bool second_name = config_["model_type"] == "gpt_neox" &&
                             (std::string(key) == "rope_theta" || std::string(key) == "partial_rotary_factor");
    const bool own = config_["model_type"] == "phi3" && std::string(key) == "partial_rotary_factor";
    const bool other = config_["model_type"] == "gemma" && std::string(key).starts_with("hidden_act");
    if (!config_.contains(key) || second_name || own || other || (falcon && std::string(key) == "rope_theta")) continue;
    json changed = config_;
    changed.erase(key);
    absl::Status status = Open(changed).status();
    EXPECT_THAT(std::string(Message(status)), testing::AllOf(HasSubstr(key), HasSubstr("missing")));
    EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
  }
}

// The spelling of transformers 5.
TEST_P(ArchitectureTest, RopeParametersMeanTheSame) {
  const std::string base = config_["model_type"] == "gpt_neox" ? "rotary_emb_base" : "rope_theta";
  if (!config_.contains(base) || config_.value("alibi", false)) return;
  json parameters = {{"rope_type", "default"}};
  if (config_.contains("rope_scaling") && config_["rope_scaling"].is_object()) parameters = config_["rope_scaling"];
  parameters["rope_theta"] = config_[base];
  for (const char* share : {"rotary_pct", "partial_rotary_factor"}) {
    if (config_.contains(share)) parameters["partial_rotary_factor"] = config_[share];
  }
  json changed = config_;
  if (config_["model_type"] == "gemma3_text") {
    parameters = {{"full_attention", parameters},
                  {"sliding_attention", {{"rope_type", "default"}, {"rope_theta", config_["rope_local_base_freq"]}}}};
  }
  for (const char* old : {"rope_theta", "rope_scaling", "rotary_emb_base", "rotary_pct", "partial_rotary_factor",
                          "rope_local_base_freq"}) {
    changed.erase(old);
  }
  changed["rope_parameters"] = parameters;
  changed["dtype"] = "float32";
  absl::StatusOr<double> nmse = Nmse(changed);
  ASSERT_TRUE(nmse.ok()) << nmse.status();
  EXPECT_LE(*nmse, kNmseMax);
  if (parameters.value("rope_type", "") == "default") {
    changed["rope_parameters"].erase("rope_type");
    nmse = Nmse(changed);
    ASSERT_TRUE(nmse.ok()) << "without a kind: " << nmse.status();
    EXPECT_LE(*nmse, kNmseMax);
  }
  changed["rope_scaling"] = {{"rope_type", "linear"}, {"factor", 2.0}};
  EXPECT_FALSE(Nmse(changed).ok()) << "both spellings at once";
  changed = config_;
  changed["rope_parameters"] = {{"rope_type", "default"}};
  EXPECT_THAT(std::string(Message(Open(changed).status())), HasSubstr("rope_parameters"));
}

TEST_P(ArchitectureTest, DifferingTensorsAreNamed) {
  const std::string weights = DataPath("architectures/" + GetParam());
  const TensorMap all = TensorMap::Load(weights, "model.safetensors");
  folder_.Write("config.json", config_.dump());
  auto message = [&](const TensorMap& map) {
    folder_.Write("model.safetensors", map.Serialize());
    return std::string(Message(LoadedModel::Open(folder_.Open(), "config.json", "model.safetensors").status()));
  };
  EXPECT_EQ(message(all), "");
  for (const auto& [name, tensor] : all.tensors) {
    TensorMap changed = all;
    changed.tensors.erase(name);
    const std::string bare = name.substr(name.find_last_of('.', name.find_last_of('.') - 1) + 1);
    EXPECT_THAT(message(changed), testing::AllOf(HasSubstr(bare), HasSubstr("missing")));
    changed = all;
    changed.tensors[name].shape.push_back(1);
    EXPECT_THAT(message(changed), testing::AllOf(HasSubstr(name), HasSubstr("has shape")));
    if (&tensor != &all.tensors.begin()->second) continue;
    changed = all;
    changed.tensors["extra.weight"] = {{1}, {0}};
    EXPECT_THAT(message(changed), testing::AllOf(HasSubstr("extra.weight"), HasSubstr("unexpected")));
  }
}

TEST_P(ArchitectureTest, SaysWhatGoesInAndComesOut) {
  absl::StatusOr<std::unique_ptr<LoadedModel>> loaded = Open(config_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const Model& model = (*loaded)->model();
  EXPECT_EQ(model.architecture(), config_["model_type"].get<std::string>());
  absl::StatusOr<Graph> graph = model.BuildGraph(golden_.sequences(), golden_.positions());
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::set<std::string> inputs;
  for (const Node& node : graph->nodes()) {
    if (node.op == OpKind::kInput) inputs.insert(node.name);
  }
  for (const InputSpec& input : model.Inputs(golden_.sequences(), golden_.positions())) {
    EXPECT_EQ(inputs.erase(input.name), 1) << input.name;
  }
  EXPECT_THAT(inputs, testing::IsEmpty());
  EXPECT_EQ(model.Outputs().size(), graph->outputs().size());
  EXPECT_FALSE(model.BuildGraph(1, model.positions_max() + 1).ok());
  EXPECT_FALSE(model.BuildGraph(1, 0).ok());
  EXPECT_FALSE(model.BuildGraph(0, 1).ok());
}

}  // namespace
}  // namespace plumb
