#include <gmock/gmock.h>

#include "plumb/inference/architecture.h"
#include "tests/unit/inference/test_util.h"

namespace plumb {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kConfig[] = R"({"model_type": "gpt2", "vocab_size": 11, "n_positions": 8, "n_embd": 6, "n_layer": 2,
    "n_head": 3, "layer_norm_epsilon": 1e-5, "activation_function": "gelu"})";

// The tensors that kConfig implies, to be spoilt.
class BindTensorsTest : public testing::Test {
 protected:
  BindTensorsTest() : model_(*ParseModelConfig(kConfig)) {
    for (const ExpectedTensor& expected : model_->tensors().required) Add(expected.name, expected.shape);
  }
  void Add(const std::string& name, Shape shape) { list_.push_back({.name = name, .shape = std::move(shape)}); }
  TensorInfo& At(const std::string& name) {
    return *std::find_if(list_.begin(), list_.end(), [&](const TensorInfo& t) { return t.name == name; });
  }
  absl::StatusOr<TensorBinding> Bind() const {
    std::vector<const TensorInfo*> pointers;
    for (const TensorInfo& tensor : list_) pointers.push_back(&tensor);
    return BindTensors(*model_, pointers);
  }
  // A contradiction that is shown.
  std::string Error() const {
    absl::StatusOr<TensorBinding> bound = Bind();
    if (bound.ok()) return "";
    EXPECT_EQ(ErrorClassOf(bound.status()), ErrorClass::kPolicy) << bound.status();
    return std::string(Message(bound.status()));
  }
  // What has a meaning that Plumb does not know.
  std::string NotUnderstood() const {
    const absl::Status status = Bind().status();
    EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
    return std::string(Message(status));
  }

  std::unique_ptr<Model> model_;
  std::vector<TensorInfo> list_;
};

TEST_F(BindTensorsTest, TheImpliedSetBinds) {
  absl::StatusOr<TensorBinding> bound = Bind();
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_EQ(bound->tensors.size(), model_->tensors().required.size());
  EXPECT_TRUE(bound->copies.empty());
}

TEST_F(BindTensorsTest, APrefixIsAllowed) {
  for (TensorInfo& tensor : list_) tensor.name = "transformer." + tensor.name;
  Add("lm_head.weight", {11, 6});
  absl::StatusOr<TensorBinding> bound = Bind();
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_EQ(bound->tensors.at("wte.weight")->name, "transformer.wte.weight");
  EXPECT_EQ(bound->copies.at("lm_head.weight")->name, "lm_head.weight");
}

TEST_F(BindTensorsTest, MaskBuffersOfKnownLayersAreIgnored) {
  Add("h.0.attn.bias", {1, 1, 8, 8});
  Add("h.1.attn.masked_bias", {});
  EXPECT_EQ(Error(), "");
  Add("h.2.attn.bias", {1, 1, 8, 8});
  EXPECT_THAT(NotUnderstood(), AllOf(HasSubstr("\"h.2.attn.bias\""), HasSubstr("unexpected"), Not(HasSubstr("h.0"))));
}

TEST_F(BindTensorsTest, AMissingTensorIsNamedWithItsShape) {
  std::erase_if(list_, [](const TensorInfo& tensor) { return tensor.name == "h.1.attn.c_attn.bias"; });
  EXPECT_THAT(Error(), AllOf(HasSubstr("\"h.1.attn.c_attn.bias\" [18]"), HasSubstr("missing")));
}

TEST_F(BindTensorsTest, AnUnexpectedTensorIsNamed) {
  Add("h.0.attn.rotary.inv_freq", {3});
  EXPECT_THAT(NotUnderstood(), AllOf(HasSubstr("inv_freq"), HasSubstr("unexpected")));
}

TEST_F(BindTensorsTest, AWrongShapeIsNamedWithBoth) {
  At("h.0.mlp.c_fc.weight").shape = {24, 6};  // [out, in] for GPT-2's [in, out].
  EXPECT_THAT(Error(), AllOf(HasSubstr("h.0.mlp.c_fc.weight"), HasSubstr("[24, 6]"), HasSubstr("[6, 24]")));
}

TEST_F(BindTensorsTest, AWrongTypeIsNamed) {
  At("wpe.weight").dtype = DType::kI8;
  EXPECT_THAT(NotUnderstood(), AllOf(HasSubstr("wpe.weight"), HasSubstr("I8")));
  At("wpe.weight").dtype = DType::kF8E4M3;
  EXPECT_THAT(NotUnderstood(), HasSubstr("F8_E4M3"));
}

TEST_F(BindTensorsTest, EveryFloatTypeIsReadAndTypesMayBeMixed) {
  const DType types[] = {DType::kF64, DType::kF32, DType::kF16, DType::kBF16};
  for (size_t i = 0; i < list_.size(); ++i) list_[i].dtype = types[i % 4];
  EXPECT_EQ(Error(), "");
}

TEST_F(BindTensorsTest, ACopyMustHaveItsOriginalsShape) {
  Add("lm_head.weight", {6, 11});
  EXPECT_THAT(Error(), AllOf(HasSubstr("lm_head.weight"), HasSubstr("[11, 6]")));
}

// Packed without a word in the config, as older tools and other libraries write it.
TEST_F(BindTensorsTest, PackedTensorsAreNotUnderstood) {
  const std::vector<TensorInfo> plain = list_;
  std::erase_if(list_, [](const TensorInfo& tensor) { return tensor.name == "h.0.mlp.c_fc.weight"; });
  Add("h.0.mlp.c_fc.qweight", {3, 6});
  Add("h.0.mlp.c_fc.scales", {1, 24});
  EXPECT_THAT(NotUnderstood(), HasSubstr("h.0.mlp.c_fc.qweight"));
  list_ = plain;
  At("h.0.mlp.c_fc.weight").shape = {6, 3};
  At("h.0.mlp.c_fc.weight").dtype = DType::kU32;
  Add("h.0.mlp.c_fc.scales", {6, 1});
  EXPECT_THAT(NotUnderstood(), HasSubstr("U32"));
}

TEST_F(BindTensorsTest, NamesOfAWrapperOrAnAdapterAreNotUnderstood) {
  for (TensorInfo& tensor : list_) tensor.name = "_orig_mod." + tensor.name;
  EXPECT_THAT(NotUnderstood(), HasSubstr("most names"));
  list_.clear();
  Add("base_model.model.h.0.attn.c_attn.lora_A.weight", {2, 6});
  EXPECT_THAT(NotUnderstood(), HasSubstr("lora_A"));
}

TEST_F(BindTensorsTest, WhatIsMissingIsShownBesideStrangers) {
  std::erase_if(list_, [](const TensorInfo& tensor) { return tensor.name == "h.1.attn.c_attn.bias"; });
  Add("v_head.summary.weight", {1, 6});
  EXPECT_THAT(Error(), AllOf(HasSubstr("\"h.1.attn.c_attn.bias\" [18] is missing"), HasSubstr("v_head")));
  list_.clear();
  EXPECT_THAT(Error(), HasSubstr("missing")) << "an empty container";
}

TEST_F(BindTensorsTest, OneTensorUnderTwoNamesIsRefused) {
  Add("transformer.wte.weight", {11, 6});
  EXPECT_THAT(Error(), AllOf(HasSubstr("transformer.wte.weight"), HasSubstr("both present")));
}

TEST_F(BindTensorsTest, TenDifferencesAreNamedAndTheRestCounted) {
  for (int i = 0; i < 13; ++i) Add("extra." + std::to_string(10 + i), {1});
  const std::string error = NotUnderstood();
  EXPECT_THAT(error,
              AllOf(HasSubstr("extra.10"), HasSubstr("extra.19"), Not(HasSubstr("extra.20")), HasSubstr("and 3 more")));
}

TEST_F(BindTensorsTest, AnUntiedHeadIsRequired) {
  std::string config = kConfig;
  config.insert(1, "\"tie_word_embeddings\": false, ");
  model_ = *ParseModelConfig(config);
  EXPECT_THAT(Error(), HasSubstr("\"lm_head.weight\" [11, 6] is missing"));
  Add("lm_head.weight", {11, 6});
  EXPECT_EQ(Error(), "");
}

}  // namespace
}  // namespace plumb
