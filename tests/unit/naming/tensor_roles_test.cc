#include "plumb/naming/tensor_roles.h"

#include <gmock/gmock.h>

#include <random>
#include <set>

#include "tests/unit/naming/naming_testing.h"

namespace plumb {
namespace {

TensorRole RoleOf(const std::string& name, const std::vector<uint64_t>& shape = {8, 8}, const ModelFacts& facts = {}) {
  return NamesOnly({{name, shape}}, facts).Roles().at(0);
}

TEST(TensorRolesTest, EveryConventionHasTheSameRole) {
  const std::pair<const char*, const char*> cases[] = {
      {"model.layers.7.self_attn.q_proj.weight", "blk.7.attn_q.weight"},
      {"layers.7.self_attn.q_proj.weight", "blk.7.attn_q.weight"},
      {"module.model.layers.7.self_attn.q_proj.weight", "blk.7.attn_q.weight"},
      {"_orig_mod.module.model.layers.7.self_attn.q_proj.bias", "blk.7.attn_q.bias"},
      {"params/model/layers/7/self_attn/q_proj/kernel", "blk.7.attn_q.weight"},
      {"params/layers_7/self_attn/q_proj/kernel", "blk.7.attn_q.weight"},
      {"layers.7.attention.wq.weight", "blk.7.attn_q.weight"},
      {"blk.7.attn_q.weight", "blk.7.attn_q.weight"},
      {"transformer.h.0.ln_1.weight", "blk.0.attn_norm.weight"},
      {"tfgpt2lm_head_model/transformer/h_._0/ln_1/gamma:0", "blk.0.attn_norm.weight"},
      {"transformer/h/0/ln_1/scale", "blk.0.attn_norm.scale"},  // Alone nothing says that it is Flax.
      {"gpt_neox.layers.3.attention.query_key_value.bias", "blk.3.attn_qkv.bias"},
      {"transformer.h.3.self_attention.query_key_value.weight", "blk.3.attn_qkv.weight"},
      {"h.3.self_attention.query_key_value.weight", "blk.3.attn_qkv.weight"},
      {"model.layers.3.mlp.gate_up_proj.weight", "blk.3.ffn_gate_up.weight"},
      {"bert.encoder.layer.2.output.LayerNorm.beta", "blk.2.layer_output_norm.bias"},
      {"encoder.block.2.layer.1.layer_norm.weight", "enc.blk.2.ffn_norm.weight"},
      {"encoder.block.2.layer.0.layer_norm.weight", "enc.blk.2.attn_norm.weight"},
      {"model.language_model.layers.1.mlp.down_proj.weight", "blk.1.ffn_down.weight"},
      {"strange.prefix.layers.1.mlp.down_proj.weight", "blk.1.ffn_down.weight"},
      {"model.norm.weight", "output_norm.weight"},
      {"transformer.wte.weight", "token_embd.weight"},
      {"lm_head.weight", "output.weight"},
      {"embed_out.weight", "output.weight"},
      // In no table: without wrappers.
      {"module.vision.patch.weight", "vision.patch.weight"},
      {"vision/patch/kernel:0", "vision.patch.weight"},
      {"layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE", "layer_with_weights-0.weight"},
      {"strange.prefix.norm.weight", "strange.prefix.norm.weight"},
      {"model", "model"},
      {"...", "..."},
      {"weight", "weight"},
  };
  for (const auto& [name, role] : cases) EXPECT_EQ(RoleOf(name).role, role) << name;
}

TEST(TensorRolesTest, ExpertsAreNumberedParts) {
  for (const char* name : {"model.layers.4.block_sparse_moe.experts.11.w1.weight",
                           "model.layers.4.mlp.experts.11.gate_proj.weight", "blk.4.ffn_gate.11.weight"}) {
    const TensorRole role = RoleOf(name);
    EXPECT_EQ(role.role, "blk.4.ffn_gate_exps.weight") << name;
    EXPECT_EQ(role.expert, 11u) << name;
  }
  EXPECT_EQ(RoleOf("blk.4.ffn_gate_exps.weight").expert, std::nullopt);
}

TEST(TensorRolesTest, ANormAfterAttentionIsWhatOtherNormsSay) {
  const std::string name = "model.layers.0.post_attention_layernorm.weight";
  EXPECT_EQ(RoleOf(name).role, "blk.0.ffn_norm.weight");
  const NamesOnly gemma({{name, {8}}, {"model.layers.0.post_feedforward_layernorm.weight", {8}}});
  EXPECT_EQ(gemma.Roles()[0].role, "blk.0.post_attention_norm.weight");
  EXPECT_EQ(gemma.Roles()[1].role, "blk.0.post_ffw_norm.weight");
}

TEST(TensorRolesTest, LayoutsFollowConventionAndFamily) {
  const ModelFacts llama = {.family = "llama", .heads = 4, .key_heads = 2};
  EXPECT_EQ(RoleOf("blk.0.attn_q.weight", {8, 8}, llama).layout.rows, RowOrder::kPairs);
  EXPECT_EQ(RoleOf("blk.0.attn_q.weight", {8, 8}, llama).layout.heads, 4u);
  EXPECT_EQ(RoleOf("blk.0.attn_k.bias", {8}, llama).layout.heads, 2u);
  EXPECT_EQ(RoleOf("blk.0.attn_v.weight", {8, 8}, llama).layout.rows, RowOrder::kPlain);
  EXPECT_EQ(RoleOf("model.layers.0.self_attn.q_proj.weight", {8, 8}, llama).layout.rows, RowOrder::kPlain);
  EXPECT_EQ(RoleOf("blk.0.attn_q.weight", {8, 8}, {.family = "qwen2"}).layout.rows, RowOrder::kPlain);
  EXPECT_EQ(RoleOf("gpt_neox.layers.0.attention.query_key_value.weight").layout.rows, RowOrder::kGroups);
  EXPECT_TRUE(RoleOf("blk.0.attn_norm.weight", {8}, {.family = "gemma2"}).whole_gain);
  EXPECT_FALSE(RoleOf("blk.0.attn_norm.weight", {8}, llama).whole_gain);
  EXPECT_EQ(RoleOf("blk.0.ffn_up.weight", {8, 8}, {.family = "phi3"}).role, "blk.0.ffn_gate_up.weight");
  EXPECT_TRUE(RoleOf("dense/kernel", {3, 5}).layout.output_last);
  EXPECT_FALSE(RoleOf("dense/bias", {5}).layout.output_last);
}

// GPT-2's own maps are [in, out], those of nanoGPT and of Flax [out, in].
TEST(TensorRolesTest, Conv1dIsKnownByItsShape) {
  for (auto [shape, output_last] :
       {std::pair(std::vector<uint64_t>{8, 24}, true), std::pair(std::vector<uint64_t>{24, 8}, false)}) {
    const NamesOnly model(
        {{"h.0.attn.c_attn.weight", shape}, {"h.0.attn.c_proj.weight", {8, 8}}, {"wte.weight", {9, 8}}});
    EXPECT_EQ(model.Roles()[0].layout.output_last, output_last);
    EXPECT_EQ(model.Roles()[1].layout.output_last, output_last);
    EXPECT_FALSE(model.Roles()[2].layout.output_last);
  }
  const NamesOnly flax({{"h/0/attn/c_attn/kernel", {24, 8}}, {"lm_head/kernel", {8, 9}}});
  EXPECT_FALSE(flax.Roles()[0].layout.output_last);
  EXPECT_TRUE(flax.Roles()[1].layout.output_last);
}

TEST(TensorRolesTest, TablesOfTheConfigAreNoWeights) {
  EXPECT_TRUE(RoleOf("rope_freqs.weight", {4}).computed);
  EXPECT_TRUE(RoleOf("model.layers.0.self_attn.rotary_emb.inv_freq", {4}).computed);
  EXPECT_TRUE(RoleOf("transformer.h.0.attn.bias", {1, 1, 8, 8}).computed);
  EXPECT_FALSE(RoleOf("transformer.h.0.attn.bias", {8}).computed);
  EXPECT_TRUE(RoleOf("optimizer_weights/Adam/dense/bias/m:0", {8}).computed);
  EXPECT_TRUE(RoleOf("optimizer_state_dict.state.0.exp_avg", {8}).computed);
  EXPECT_TRUE(RoleOf("layer/bias/.OPTIMIZER_SLOT/optimizer/m/.ATTRIBUTES/VARIABLE_VALUE", {8}).computed);
  EXPECT_TRUE(RoleOf("nothing.weight", {0, 8}).computed);
  EXPECT_FALSE(RoleOf("transformer.h.0.attn.c_attn.bias", {24}).computed);
}

TEST(TensorRolesTest, NoTwoHaveOneRole) {
  const NamesOnly model({{"model.layers.0.self_attn.q_proj.weight", {8, 8}},
                         {"vision_tower.encoder.layers.0.self_attn.q_proj.weight", {8, 8}},
                         {"audio_tower.encoder.layers.0.self_attn.q_proj.weight", {8, 8}},
                         {"model.x.weight", {1}},
                         {"module.x.weight", {1}},
                         {"x.weight", {1}},
                         {"conv_1.weight", {1}},
                         {"conv.1.weight", {1}}});
  std::set<std::pair<std::string, std::optional<uint64_t>>> seen;
  for (const TensorRole& role : model.Roles()) EXPECT_TRUE(seen.insert({role.role, role.expert}).second) << role.role;
  EXPECT_EQ(model.Roles()[0].role, "blk.0.attn_q.weight");
  EXPECT_EQ(model.Roles()[1].role, "vision_tower.encoder.layers.0.self_attn.q_proj.weight");
}

// Whatever strangers call their tensors: one role each, in bounded time.
TEST(TensorRolesTest, RandomNames) {
  const std::vector<std::string> words = {"model",
                                          "layers",
                                          "blk",
                                          "0",
                                          "7",
                                          "self_attn",
                                          "q_proj",
                                          "weight",
                                          "kernel",
                                          "bias",
                                          "/",
                                          ".",
                                          "..",
                                          "h_3",
                                          "_._",
                                          ":0",
                                          "experts",
                                          "mlp",
                                          "w1",
                                          "norm",
                                          "tf_x",
                                          "\xc3\xa9",
                                          "999999999999999999999",
                                          "attn_q",
                                          "output"};
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<NamesOnly::Entry> entries;
    std::set<std::string> names;
    for (int i = 0; i < 30; ++i) {
      std::string name;
      for (size_t length = 1 + random() % 8; length > 0; --length) {
        name += words[random() % words.size()];
        if (random() % 3 > 0) name += '.';
      }
      if (names.insert(name).second) entries.push_back({name, std::vector<uint64_t>(random() % 4, 1 + random() % 5)});
    }
    const NamesOnly model(entries, {.family = "llama", .heads = random() % 4, .key_heads = random() % 4});
    std::set<std::pair<std::string, std::optional<uint64_t>>> seen;
    for (const TensorRole& role : model.Roles()) EXPECT_TRUE(seen.insert({role.role, role.expert}).second) << role.role;
    const Pairing pairing = PairTensors(model.model(), model.model());
    EXPECT_EQ(pairing.pairs.size(), entries.size());
    for (const TensorPair& pair : pairing.pairs) EXPECT_EQ(pair.a, pair.b);
  }
  std::string longest;
  for (int i = 0; i < 512; ++i) longest += "h.";
  EXPECT_EQ(RoleOf(longest + "weight").role, longest + "weight");
}

TEST(ModelFactsTest, MetadataOfGgufAlsoAsTexts) {
  const Metadata numbers({{"general.architecture", std::string("llama")},
                          {"llama.attention.head_count", uint64_t{8}},
                          {"llama.attention.head_count_kv", uint64_t{2}}});
  EXPECT_EQ(FactsOfMetadata(numbers).heads, 8u);
  EXPECT_EQ(FactsOfMetadata(numbers).key_heads, 2u);
  const Metadata texts(
      {{"general.architecture", std::string("llama")}, {"llama.attention.head_count", std::string("8")}});
  EXPECT_EQ(FactsOfMetadata(texts).heads, 8u);
  EXPECT_EQ(FactsOfMetadata(texts).key_heads, 8u);
  const Metadata wrong(
      {{"general.architecture", std::string("llama")}, {"llama.attention.head_count", std::string("8x")}});
  EXPECT_EQ(FactsOfMetadata(wrong).heads, 0u);
  EXPECT_EQ(FactsOfMetadata(Metadata()).family, "");
}

TEST(ModelFactsTest, ConfigsOfManyNames) {
  const ModelFacts llama = FactsOfConfig(R"({"model_type":"llama","num_attention_heads":8,"num_key_value_heads":2})");
  EXPECT_EQ(llama.family, "llama");
  EXPECT_EQ(llama.heads, 8u);
  EXPECT_EQ(llama.key_heads, 2u);
  EXPECT_EQ(FactsOfConfig(R"({"model_type":"bloom","n_head":6})").key_heads, 6u);
  EXPECT_EQ(
      FactsOfConfig(R"({"model_type":"falcon","num_attention_heads":6,"num_kv_heads":6,"multi_query":true})").key_heads,
      1u);
  EXPECT_EQ(FactsOfConfig(
                R"({"model_type":"falcon","num_attention_heads":6,"num_kv_heads":2,"new_decoder_architecture":true})")
                .key_heads,
            2u);
  EXPECT_EQ(FactsOfConfig("[1]").heads, 0u);
  EXPECT_EQ(FactsOfConfig("not json").heads, 0u);
  EXPECT_EQ(FactsOfConfig(R"({"n_head":-3})").heads, 0u);
}

}  // namespace
}  // namespace plumb
