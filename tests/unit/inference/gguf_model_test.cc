// Models in GGUF compute what transformers computes with the same weights, and no key of theirs is without effect.
// tests/conformance/make_gguf_models.py wrote the files.
#include "verify/inference/gguf_model.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "plumb/containers/open.h"
#include "tests/unit/inference/golden_folder.h"
#include "tests/unit/inference/test_util.h"
#include "verify/inference/architectures/gguf_config.h"

namespace plumb {
namespace {

using testing::HasSubstr;

std::vector<std::string> Files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(DataPath("gguf-models"))) {
    if (entry.path().extension() == ".gguf") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The same tensors under changed key-values, without what makes them a file.
std::unique_ptr<TensorSource> OpenFile(const std::string& name) {
  absl::StatusOr<std::unique_ptr<TensorSource>> source =
      OpenTensorSource(*Directory::Open(DataPath("gguf-models")), name + ".gguf");
  EXPECT_TRUE(source.ok()) << source.status();
  return source.ok() ? *std::move(source) : nullptr;
}

// A source of F32 tensors in memory with given key-values: what a file would be that says something else.
std::unique_ptr<TensorSource> Altered(const TensorSource& source, std::vector<MetadataEntry> metadata,
                                      const std::string& dropped = "") {
  TensorSourceParts parts;
  parts.format = "gguf";
  parts.files = source.files();
  parts.metadata = std::move(metadata);
  for (const SourceTensor& tensor : source.tensors()) {
    if (tensor.name != dropped) parts.tensors.push_back(tensor);
  }
  absl::StatusOr<std::unique_ptr<TensorSource>> altered = TensorSource::New(std::move(parts));
  EXPECT_TRUE(altered.ok()) << altered.status();
  return altered.ok() ? *std::move(altered) : nullptr;
}

class GgufModelTest : public testing::TestWithParam<std::string> {
 protected:
  GgufModelTest()
      : golden_(*GoldenRun::Load(DataPath("gguf-models/" + GetParam() + ".golden.safetensors"))),
        source_(OpenFile(GetParam())) {}

  absl::StatusOr<double> Nmse(std::unique_ptr<TensorSource> source, std::string_view backend = "reference") const {
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<GgufModel> model, GgufModel::New(std::move(source)));
    PLUMB_ASSIGN_OR_RETURN(const Backend* found, FindBackend(backend));
    using Errors = std::map<std::string, double>;
    PLUMB_ASSIGN_OR_RETURN(Errors errors, CompareWithGolden(model->model(), *model, golden_, *found));
    return errors.begin()->second;  // The only one.
  }
  GoldenRun golden_;
  std::unique_ptr<TensorSource> source_;
};
std::string TestName(const testing::TestParamInfo<std::string>& file) {
  std::string name = file.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, GgufModelTest, testing::ValuesIn(Files()), TestName);

// Of files without blocks, whose decoder another source does not have.
class GgufKeysTest : public GgufModelTest {};
INSTANTIATE_TEST_SUITE_P(Float32, GgufKeysTest, testing::ValuesIn([] {
                           std::vector<std::string> names = Files();
                           std::erase_if(names, [](const std::string& name) { return !name.ends_with("-f32"); });
                           return names;
                         }()),
                         TestName);

TEST_P(GgufModelTest, ComputesWhatTransformersComputes) {
  for (const Backend* backend : Backends()) {
    if (!backend->Available().ok()) continue;
    absl::StatusOr<double> nmse = Nmse(OpenFile(GetParam()), backend->name());
    ASSERT_TRUE(nmse.ok()) << nmse.status();
    std::printf("%-32s %-10s NMSE %.1e\n", GetParam().c_str(), std::string(backend->name()).c_str(), *nmse);
    EXPECT_LE(*nmse, 1e-9) << backend->name();
  }
}

TEST_P(GgufModelTest, WeightsAreViewedWhereTheyLieOrDecoded) {
  absl::StatusOr<std::unique_ptr<GgufModel>> model = GgufModel::New(OpenFile(GetParam()));
  ASSERT_TRUE(model.ok()) << model.status();
  size_t viewed = 0;
  for (const ExpectedTensor& tensor : (*model)->model().tensors().required) {
    std::vector<float> values(*ElementCount(tensor.shape));
    ASSERT_TRUE((*model)->Load(tensor.name, values).ok()) << tensor.name;
    ASSERT_TRUE((*model)->Check(tensor.name).ok()) << tensor.name;
    const TensorView view = (*model)->View(tensor.name, ElementType::kF32);
    EXPECT_EQ(view.bytes.empty(), source_->Find((*model)->ContainerName(tensor.name))->dtype != DType::kF32)
        << tensor.name;
    if (view.bytes.empty()) continue;
    EXPECT_TRUE(std::equal(values.begin(), values.end(), view.As<float>().begin(), view.As<float>().end()));
    ++viewed;
  }
  EXPECT_GT(viewed, 0u);
  EXPECT_EQ((*model)->ContainerName("nobody.knows"), "");
  EXPECT_FALSE((*model)->Check("nobody.knows").ok());
  EXPECT_TRUE((*model)->View("nobody.knows", ElementType::kF32).bytes.empty());
}

MetadataValue Other(const MetadataValue& value) {
  if (const bool* flag = std::get_if<bool>(&value)) return !*flag;
  if (const double* number = std::get_if<double>(&value)) return *number < 0.01 ? 0.05 : *number * 0.7;
  if (const uint64_t* number = std::get_if<uint64_t>(&value)) return *number < 8 ? *number + 1 : *number / 2;
  return std::string("other");
}

// Sizes that a file states and whose part the model has not.
bool SaysNothing(const std::string& key) {
  return key.starts_with("general.") || key.ends_with(".context_length") || key == "qwen3moe.feed_forward_length" ||
         key == "t5.decoder_start_token_id";
}

TEST_P(GgufKeysTest, NoKeyIsWithoutEffect) {
  const std::vector<MetadataEntry>& entries = source_->metadata().entries();
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string& key = entries[i].key;
    if (SaysNothing(key)) continue;
    std::vector<MetadataEntry> changed = entries;
    changed[i].value = Other(entries[i].value);
    absl::StatusOr<double> nmse = Nmse(Altered(*source_, changed));
    if (nmse.ok()) {
      EXPECT_GT(*nmse, 1e-8) << key;
    }
  }
}

TEST_P(GgufKeysTest, UnknownKeysAndMissingOnesAreNamed) {
  const std::string architecture = *source_->metadata().Get<std::string>("general.architecture");
  std::vector<MetadataEntry> changed = source_->metadata().entries();
  changed.push_back({architecture + ".attention.clamp_kqv", 1.0, "f32"});
  EXPECT_THAT(std::string(Message(Nmse(Altered(*source_, changed)).status())), HasSubstr(".attention.clamp_kqv"));
  for (const char* part : {".embedding_length", ".block_count", ".attention.head_count", ".context_length"}) {
    changed = source_->metadata().entries();
    std::erase_if(changed, [&](const MetadataEntry& entry) { return entry.key == architecture + part; });
    absl::Status status = Nmse(Altered(*source_, changed)).status();
    EXPECT_THAT(std::string(Message(status)), HasSubstr(architecture + part));
    EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
  }
}

TEST_P(GgufKeysTest, AMissingTensorIsNamed) {
  for (const SourceTensor& tensor : source_->tensors()) {
    if (tensor.name.find("blk.1.attn_o") == std::string::npos || !tensor.name.ends_with(".weight")) continue;
    absl::Status status = Nmse(Altered(*source_, source_->metadata().entries(), tensor.name)).status();
    EXPECT_THAT(std::string(Message(status)), HasSubstr(tensor.name));
    return;
  }
  FAIL() << "no such tensor";
}

// What New says of a file with other key-values (those of a null value are taken away) or without a tensor.
std::string Refusal(const std::string& name, const std::map<std::string, std::optional<MetadataValue>>& changes,
                    const std::string& dropped = "") {
  std::unique_ptr<TensorSource> source = OpenFile(name);
  std::vector<MetadataEntry> entries = source->metadata().entries();
  for (const auto& [key, value] : changes) {
    std::erase_if(entries, [&](const MetadataEntry& entry) { return entry.key == key; });
    if (value) entries.push_back({key, *value, ""});
  }
  absl::Status status = GgufModel::New(Altered(*source, std::move(entries), dropped)).status();
  EXPECT_TRUE(absl::IsUnimplemented(status) || ErrorClassOf(status) == ErrorClass::kPolicy) << status;
  return std::string(Message(status));
}

TEST(GgufExpertsTest, NumbersThatTheTensorsContradictAreRefused) {
  for (const std::string arch : {"llama", "qwen3moe"}) {
    const std::string file = arch == "llama" ? "mixtral-f32" : "qwen3moe-f32";
    for (uint64_t experts : {uint64_t{2}, uint64_t{5}, uint64_t{1} << 20}) {
      EXPECT_THAT(Refusal(file, {{arch + ".expert_count", experts}}), HasSubstr("ffn_gate_exps.weight"));
    }
    EXPECT_THAT(Refusal(file, {{arch + ".expert_count", uint64_t{1} << 60}}), HasSubstr(".expert_count"));
    EXPECT_THAT(Refusal(file, {{arch + ".expert_used_count", uint64_t{5}}}), HasSubstr("is 5 of 4 experts"));
    EXPECT_THAT(Refusal(file, {{arch + ".expert_used_count", std::nullopt}}), HasSubstr(".expert_used_count"));
    EXPECT_THAT(Refusal(file, {{arch + ".expert_gating_func", uint64_t{2}}}), HasSubstr(".expert_gating_func"));
    EXPECT_THAT(Refusal(file, {{arch + ".expert_weights_norm", false}}), HasSubstr(".expert_weights_norm"));
    EXPECT_THAT(Refusal(file, {}, "blk.1.ffn_up_exps.weight"), HasSubstr("blk.1.ffn_up_exps.weight"));
    EXPECT_THAT(Refusal(file, {}, "blk.1.ffn_gate_inp.weight"), HasSubstr("blk.1.ffn_gate_inp.weight"));
  }
  EXPECT_THAT(Refusal("qwen3moe-f32", {{"qwen3moe.expert_feed_forward_length", std::nullopt}}),
              HasSubstr("expert_feed_forward_length"));
  EXPECT_THAT(Refusal("qwen3moe-f32", {{"qwen3moe.expert_count", std::nullopt}}), HasSubstr("expert_count"));
  // Without experts the file has tensors too many and too few.
  EXPECT_THAT(Refusal("mixtral-f32", {{"llama.expert_count", uint64_t{0}}, {"llama.expert_used_count", uint64_t{0}}}),
              HasSubstr("blk.0.ffn_gate_exps.weight"));
  EXPECT_THAT(Refusal("llama-f32", {{"llama.expert_count", uint64_t{4}}, {"llama.expert_used_count", uint64_t{2}}}),
              HasSubstr("blk.0.ffn_gate_exps.weight"));
  EXPECT_THAT(Refusal("llama-f32", {{"llama.expert_used_count", uint64_t{2}}}), HasSubstr("expert_used_count"));
}

TEST(GgufExpertsTest, AnExpertIsAPartOfATensor) {
  const std::optional<GgufExpertPart> part = FindGgufExpertPart("blk.7.experts.12.ffn_up_exps.weight");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->tensor, "blk.7.ffn_up_exps.weight");
  EXPECT_EQ(part->expert, 12u);
  for (const char* name : {"blk.7.ffn_up_exps.weight", "blk.7.experts.", "blk.7.experts.1", "blk.7.experts.x.weight",
                           "blk.7.experts.99999999999999999999.ffn_up_exps.weight", ""}) {
    EXPECT_FALSE(FindGgufExpertPart(name)) << name;
  }
  std::unique_ptr<GgufModel> model = *GgufModel::New(OpenFile("mixtral-q8_0"));
  std::unique_ptr<TensorSource> source = OpenFile("mixtral-q8_0");
  const SourceTensor& all = *source->Find("blk.1.ffn_down_exps.weight");
  const std::string name = "blk.1.experts.2.ffn_down_exps.weight";
  EXPECT_EQ(model->ContainerName(name), all.name);
  std::vector<float> whole(all.element_count());
  std::vector<float> own(whole.size() / 4);
  ASSERT_TRUE(source->ReadF32(all, 0, whole).ok());
  ASSERT_TRUE(model->Load(name, own).ok());
  EXPECT_THAT(own, testing::ElementsAreArray(whole.begin() + 2 * own.size(), whole.begin() + 3 * own.size()));
  EXPECT_FALSE(model->LoadPart(name, 1, own).ok());
}

TEST(GgufFalconTest, OnlyTheLayoutAndFormThatKeysCanSay) {
  EXPECT_THAT(Refusal("falcon-new-f32", {{"falcon.tensor_data_layout", std::nullopt}}),
              HasSubstr("tensor_data_layout"));
  EXPECT_THAT(Refusal("falcon-new-f32", {{"falcon.tensor_data_layout", std::string("reference")}}),
              HasSubstr("tensor_data_layout"));
  // One norm for both: the file has one too many, or too few.
  EXPECT_THAT(Refusal("falcon-new-f32", {}, "blk.0.attn_norm_2.weight"), HasSubstr("blk.1.attn_norm_2.weight"));
  EXPECT_THAT(Refusal("falcon-new-f32", {}, "blk.1.attn_norm_2.weight"), HasSubstr("blk.1.attn_norm_2.weight"));
}

TEST(GgufRopeTest, FactorsAndTheirKeysStandTogether) {
  const std::string file = "phi3-longrope-short-f32";
  EXPECT_THAT(Refusal(file, {}, "rope_factors_long.weight"), HasSubstr("rope_factors_long.weight"));
  EXPECT_THAT(Refusal(file, {}, "rope_factors_short.weight"), HasSubstr("rope_factors_short.weight"));
  EXPECT_THAT(Refusal(file, {{"phi3.rope.scaling.attn_factor", std::nullopt}}), HasSubstr("attn_factor"));
  EXPECT_THAT(Refusal(file, {{"phi3.rope.scaling.original_context_length", std::nullopt}}),
              HasSubstr("original_context_length"));
  EXPECT_THAT(Refusal(file, {{"phi3.rope.scaling.type", std::string("linear")}, {"phi3.rope.scaling.factor", 2.0}}),
              HasSubstr("rope_factors_short.weight"));
  EXPECT_THAT(Refusal(file, {{"phi3.rope.dimension_count", uint64_t{2}}}), HasSubstr("has 2 factors, expected 1"));
  EXPECT_THAT(Refusal("phi3-f32", {{"phi3.rope.scaling.type", std::string("longrope")}}),
              HasSubstr("rope_factors_short.weight"));
  EXPECT_THAT(Refusal("phi3-f32", {{"phi3.rope.scaling.attn_factor", 1.1}}), HasSubstr("attn_factor"));
  EXPECT_THAT(Refusal("qwen2-yarn-f32", {{"qwen2.rope.scaling.factor", 0.5}}), HasSubstr("rope.scaling.factor"));
  EXPECT_THAT(Refusal("qwen2-yarn-f32", {{"qwen2.rope.scaling.yarn_ext_factor", 0.5}}), HasSubstr("yarn_ext_factor"));
  EXPECT_THAT(Refusal("qwen2-yarn-f32", {{"qwen2.rope.scaling.original_context_length", std::nullopt}}),
              HasSubstr("original_context_length"));
}

TEST(GgufRopeTest, WithoutScalingTheFirstLengthSaysNothing) {
  std::unique_ptr<TensorSource> source = OpenFile("phi3-f32");
  std::vector<MetadataEntry> entries = source->metadata().entries();
  entries.push_back({"phi3.rope.scaling.original_context_length", uint64_t{16}, ""});
  EXPECT_TRUE(GgufModel::New(Altered(*source, std::move(entries))).ok());
}

TEST(GgufRopeTest, ModelsThatRotateNothingHaveNoFactors) {
  for (const char* name : {"gpt2-f32", "bloom-f32", "bert-f32"}) {
    std::unique_ptr<TensorSource> source = OpenFile(name);
    TensorSourceParts parts = {.format = "gguf", .files = source->files(), .tensors = source->tensors()};
    parts.metadata = source->metadata().entries();
    for (SourceTensor& tensor : parts.tensors) {
      if (tensor.name == "blk.1.ffn_up.bias") tensor.name = "rope_freqs.weight";
    }
    absl::Status status = GgufModel::New(*TensorSource::New(std::move(parts))).status();
    EXPECT_THAT(std::string(Message(status)), HasSubstr("rope_freqs.weight")) << name;
  }
}

TEST(GgufBertTest, WhatAnEncoderIsNotIsRefused) {
  EXPECT_THAT(Refusal("bert-f32", {{"bert.attention.causal", true}}), HasSubstr("bert.attention.causal"));
  EXPECT_THAT(Refusal("bert-f32", {{"bert.attention.causal", std::nullopt}}), HasSubstr("bert.attention.causal"));
  EXPECT_THAT(Refusal("bert-f32", {{"bert.pooling_type", uint64_t{4}}}), HasSubstr("bert.pooling_type"));
  EXPECT_THAT(Refusal("bert-f32", {{"bert.attention.head_count", uint64_t{5}}}), HasSubstr("head_count"));
  EXPECT_THAT(Refusal("bert-f32", {{"bert.attention.head_count_kv", uint64_t{1}}}), HasSubstr("head_count_kv"));
  EXPECT_THAT(Refusal("bert-f32", {{"bert.context_length", uint64_t{17}}}), HasSubstr("position_embd.weight"));
  EXPECT_THAT(Refusal("bert-f32", {{"tokenizer.ggml.token_type_count", uint64_t{1}}}), HasSubstr("token_type_count"));
  EXPECT_THAT(Refusal("bert-f32", {}, "token_types.weight"), HasSubstr("token_type_count"));
  EXPECT_THAT(Refusal("bert-f32", {}, "blk.1.layer_output_norm.bias"), HasSubstr("blk.1.layer_output_norm.bias"));
}

TEST(GgufModernBertTest, WindowsAndBasesMustBeStated) {
  const std::string file = "modern-bert-f32";
  for (const char* part : {"attention.sliding_window", "attention.sliding_window_pattern", "rope.freq_base",
                           "rope.freq_base_swa", "attention.layer_norm_epsilon", "attention.causal"}) {
    EXPECT_THAT(Refusal(file, {{fmt::format("modern-bert.{}", part), std::nullopt}}), HasSubstr(part));
  }
  EXPECT_THAT(Refusal(file, {{"modern-bert.attention.layer_norm_rms_epsilon", 1e-5}}), HasSubstr("rms_epsilon"));
  EXPECT_THAT(Refusal(file, {{"modern-bert.rope.scaling.type", std::string("yarn")}}), HasSubstr("rope.scaling.type"));
  EXPECT_THAT(Refusal(file, {{"modern-bert.attention.head_count", uint64_t{4}}}), HasSubstr("odd width"));
  EXPECT_THAT(Refusal(file, {}, "token_embd_norm.weight"), HasSubstr("token_embd_norm.weight"));
}

TEST(GgufT5Test, KeysThatContradictEachOtherAreRefused) {
  const std::string file = "t5-gated-f32";
  EXPECT_THAT(Refusal(file, {{"t5.attention.layer_norm_epsilon", 1e-3}}), HasSubstr("layer_norm_epsilon"));
  EXPECT_THAT(Refusal(file, {{"t5.attention.key_length", std::nullopt}}), HasSubstr("key_length"));
  EXPECT_THAT(Refusal(file, {{"t5.attention.head_count_kv", uint64_t{1}}}), HasSubstr("head_count_kv"));
  EXPECT_THAT(Refusal(file, {{"t5.attention.relative_buckets_count", std::nullopt}}), HasSubstr("buckets_count"));
  EXPECT_THAT(Refusal(file, {{"t5.attention.relative_buckets_count", uint64_t{2}}}), HasSubstr("cannot reach"));
  // As many decoder as encoder blocks, where nothing else is said.
  EXPECT_THAT(Refusal(file, {{"t5.decoder_block_count", std::nullopt}}), HasSubstr("dec.blk.1."));
  EXPECT_THAT(Refusal(file, {}, "dec.blk.0.attn_rel_b.weight"), HasSubstr("dec.blk.0.attn_rel_b.weight"));
  EXPECT_THAT(Refusal(file, {}, "enc.blk.0.ffn_gate.weight"), HasSubstr("enc.blk.1.ffn_gate.weight"));
  EXPECT_THAT(
      Refusal("t5encoder-f32",
              {{"t5encoder.decoder_start_token_id", uint64_t{0}}, {"t5encoder.decoder_block_count", uint64_t{1}}},
              "enc.output_norm.weight"),
      HasSubstr("enc.output_norm.weight"));
}

TEST(GgufBertTest, PoolingIsWhatTheKeySays) {
  std::unique_ptr<GgufModel> whole = *GgufModel::New(OpenFile("bert-f32"));
  EXPECT_EQ(whole->model().Outputs()[0].name, "last_hidden_state");
  EXPECT_EQ(whole->model().Inputs(1, 1).size(), 2u);
  std::unique_ptr<GgufModel> pooled = *GgufModel::New(OpenFile("roberta-last-f32"));
  EXPECT_EQ(pooled->model().Outputs()[0].name, "sentence_embedding");
  EXPECT_EQ(pooled->model().Inputs(1, 1).size(), 1u);
  EXPECT_EQ(pooled->model().positions_max(), 14u);
}

TEST(GgufPositionsTest, TheTableHasARowForEachPosition) {
  EXPECT_THAT(Refusal("gpt2-f32", {{"gpt2.context_length", uint64_t{31}}}), HasSubstr("position_embd.weight"));
  EXPECT_THAT(Refusal("gpt2-f32", {}, "position_embd.weight"), HasSubstr("position_embd.weight"));
  EXPECT_THAT(Refusal("bloom-f32", {}, "token_embd_norm.bias"), HasSubstr("token_embd_norm.bias"));
}

TEST(GgufArchitectureTest, AnUnknownOneIsUnimplemented) {
  std::unique_ptr<TensorSource> source = OpenFile("llama-f32");
  std::vector<MetadataEntry> changed = source->metadata().entries();
  for (MetadataEntry& entry : changed) {
    if (entry.key == "general.architecture") entry.value = std::string("abacus");
  }
  EXPECT_EQ(GgufModel::New(Altered(*source, changed)).status().code(), absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace plumb
