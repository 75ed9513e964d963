// What transformers, Meta, Flax and TensorFlow call the parts of models, and what GGUF calls them.
#ifndef PLUMB_FORMATS_NAMING_ROLE_PATTERNS_LIST_H_
#define PLUMB_FORMATS_NAMING_ROLE_PATTERNS_LIST_H_

#include <string_view>
#include <utility>

#include "plumb/naming/tensor_layout.h"

namespace plumb {

// How maps under a name are stored in PyTorch, beside [out, in] with plain rows.
enum class PatternLayout { kPlain, kConv1d, kPairs, kGroups };

// `*` is a number: of the layer, then of the expert. Names end before `.weight` or `.bias`.
struct RolePattern {
  std::string_view name;
  std::string_view role;
  PatternLayout layout = PatternLayout::kPlain;
};

// clang-format off
inline constexpr RolePattern kRolePatterns[] = {
    // Outside of layers.
    {"embed_tokens", "token_embd"},
    {"tok_embeddings", "token_embd"},
    {"embed_in", "token_embd"},
    {"wte", "token_embd"},
    {"embd.wte", "token_embd"},
    {"word_embeddings", "token_embd"},
    {"embeddings.word_embeddings", "token_embd"},
    {"shared", "token_embd"},
    {"embeddings.token_type_embeddings", "token_types"},
    {"embeddings.position_embeddings", "position_embd"},
    {"wpe", "position_embd"},
    {"word_embeddings_layernorm", "token_embd_norm"},
    {"embeddings.LayerNorm", "token_embd_norm"},
    {"norm", "output_norm"},
    {"ln_f", "output_norm"},
    {"norm_f", "output_norm"},
    {"final_norm", "output_norm"},
    {"final_layer_norm", "output_norm"},
    {"final_layernorm", "output_norm"},
    {"lm_head", "output"},
    {"embed_out", "output"},
    {"output", "output"},
    // Llama, Mistral, Qwen 2 and 3, Gemma, Phi 3, and their like.
    {"layers.*.input_layernorm", "blk.*.attn_norm"},
    {"layers.*.self_attn.q_proj", "blk.*.attn_q"},
    {"layers.*.self_attn.k_proj", "blk.*.attn_k"},
    {"layers.*.self_attn.v_proj", "blk.*.attn_v"},
    {"layers.*.self_attn.qkv_proj", "blk.*.attn_qkv"},
    {"layers.*.self_attn.o_proj", "blk.*.attn_output"},
    {"layers.*.self_attn.q_norm", "blk.*.attn_q_norm"},
    {"layers.*.self_attn.k_norm", "blk.*.attn_k_norm"},
    {"layers.*.self_attn.q_layernorm", "blk.*.attn_q_norm"},
    {"layers.*.self_attn.k_layernorm", "blk.*.attn_k_norm"},
    {"layers.*.post_attention_layernorm", "blk.*.ffn_norm"},
    {"layers.*.pre_feedforward_layernorm", "blk.*.ffn_norm"},
    {"layers.*.post_feedforward_layernorm", "blk.*.post_ffw_norm"},
    {"layers.*.mlp.gate_proj", "blk.*.ffn_gate"},
    {"layers.*.mlp.up_proj", "blk.*.ffn_up"},
    {"layers.*.mlp.gate_up_proj", "blk.*.ffn_gate_up"},
    {"layers.*.mlp.down_proj", "blk.*.ffn_down"},
    // Mixtral; Qwen 2 and 3 with experts.
    {"layers.*.block_sparse_moe.gate", "blk.*.ffn_gate_inp"},
    {"layers.*.block_sparse_moe.experts.*.w1", "blk.*.ffn_gate_exps"},
    {"layers.*.block_sparse_moe.experts.*.w3", "blk.*.ffn_up_exps"},
    {"layers.*.block_sparse_moe.experts.*.w2", "blk.*.ffn_down_exps"},
    {"layers.*.mlp.gate", "blk.*.ffn_gate_inp"},
    {"layers.*.mlp.experts.*.gate_proj", "blk.*.ffn_gate_exps"},
    {"layers.*.mlp.experts.*.up_proj", "blk.*.ffn_up_exps"},
    {"layers.*.mlp.experts.*.down_proj", "blk.*.ffn_down_exps"},
    {"layers.*.mlp.shared_expert.gate_proj", "blk.*.ffn_gate_shexp"},
    {"layers.*.mlp.shared_expert.up_proj", "blk.*.ffn_up_shexp"},
    {"layers.*.mlp.shared_expert.down_proj", "blk.*.ffn_down_shexp"},
    {"layers.*.mlp.shared_expert_gate", "blk.*.ffn_gate_inp_shexp"},
    // GGUF of before experts were one tensor.
    {"blk.*.ffn_gate.*", "blk.*.ffn_gate_exps"},
    {"blk.*.ffn_up.*", "blk.*.ffn_up_exps"},
    {"blk.*.ffn_down.*", "blk.*.ffn_down_exps"},
    // Phi 1 and 2.
    {"layers.*.self_attn.dense", "blk.*.attn_output"},
    {"layers.*.mlp.fc1", "blk.*.ffn_up"},
    {"layers.*.mlp.fc2", "blk.*.ffn_down"},
    {"h.*.ln", "blk.*.attn_norm"},
    {"h.*.mixer.Wqkv", "blk.*.attn_qkv"},
    {"h.*.mixer.out_proj", "blk.*.attn_output"},
    {"h.*.mlp.fc1", "blk.*.ffn_up"},
    {"h.*.mlp.fc2", "blk.*.ffn_down"},
    // Meta's own files.
    {"layers.*.attention_norm", "blk.*.attn_norm"},
    {"layers.*.attention.wq", "blk.*.attn_q", PatternLayout::kPairs},
    {"layers.*.attention.wk", "blk.*.attn_k", PatternLayout::kPairs},
    {"layers.*.attention.wv", "blk.*.attn_v"},
    {"layers.*.attention.wo", "blk.*.attn_output"},
    {"layers.*.ffn_norm", "blk.*.ffn_norm"},
    {"layers.*.feed_forward.w1", "blk.*.ffn_gate"},
    {"layers.*.feed_forward.w3", "blk.*.ffn_up"},
    {"layers.*.feed_forward.w2", "blk.*.ffn_down"},
    // GPT-2.
    {"h.*.ln_1", "blk.*.attn_norm"},
    {"h.*.ln_2", "blk.*.ffn_norm"},
    {"h.*.attn.c_attn", "blk.*.attn_qkv", PatternLayout::kConv1d},
    {"h.*.attn.c_proj", "blk.*.attn_output", PatternLayout::kConv1d},
    {"h.*.mlp.c_fc", "blk.*.ffn_up", PatternLayout::kConv1d},
    {"h.*.mlp.c_proj", "blk.*.ffn_down", PatternLayout::kConv1d},
    // GPT-NeoX.
    {"layers.*.attention.query_key_value", "blk.*.attn_qkv", PatternLayout::kGroups},
    {"layers.*.attention.dense", "blk.*.attn_output"},
    {"layers.*.mlp.dense_h_to_4h", "blk.*.ffn_up"},
    {"layers.*.mlp.dense_4h_to_h", "blk.*.ffn_down"},
    // Falcon and BLOOM.
    {"h.*.input_layernorm", "blk.*.attn_norm"},
    {"h.*.ln_mlp", "blk.*.attn_norm"},
    {"h.*.ln_attn", "blk.*.attn_norm_2"},
    {"h.*.self_attention.query_key_value", "blk.*.attn_qkv", PatternLayout::kGroups},
    {"h.*.self_attention.dense", "blk.*.attn_output"},
    {"h.*.post_attention_layernorm", "blk.*.ffn_norm"},
    {"h.*.mlp.dense_h_to_4h", "blk.*.ffn_up"},
    {"h.*.mlp.dense_4h_to_h", "blk.*.ffn_down"},
    // BERT and RoBERTa.
    {"encoder.layer.*.attention.self.query", "blk.*.attn_q"},
    {"encoder.layer.*.attention.self.key", "blk.*.attn_k"},
    {"encoder.layer.*.attention.self.value", "blk.*.attn_v"},
    {"encoder.layer.*.attention.output.dense", "blk.*.attn_output"},
    {"encoder.layer.*.attention.output.LayerNorm", "blk.*.attn_output_norm"},
    {"encoder.layer.*.intermediate.dense", "blk.*.ffn_up"},
    {"encoder.layer.*.output.dense", "blk.*.ffn_down"},
    {"encoder.layer.*.output.LayerNorm", "blk.*.layer_output_norm"},
    // DistilBERT.
    {"layer.*.attention.q_lin", "blk.*.attn_q"},
    {"layer.*.attention.k_lin", "blk.*.attn_k"},
    {"layer.*.attention.v_lin", "blk.*.attn_v"},
    {"layer.*.attention.out_lin", "blk.*.attn_output"},
    {"layer.*.sa_layer_norm", "blk.*.attn_output_norm"},
    {"layer.*.ffn.lin1", "blk.*.ffn_up"},
    {"layer.*.ffn.lin2", "blk.*.ffn_down"},
    {"layer.*.output_layer_norm", "blk.*.layer_output_norm"},
    // ModernBERT.
    {"embeddings.tok_embeddings", "token_embd"},
    {"embeddings.norm", "token_embd_norm"},
    {"layers.*.attn_norm", "blk.*.attn_norm"},
    {"layers.*.attn.Wqkv", "blk.*.attn_qkv"},
    {"layers.*.attn.Wo", "blk.*.attn_output"},
    {"layers.*.mlp_norm", "blk.*.ffn_norm"},
    {"layers.*.mlp.Wi", "blk.*.ffn_up"},
    {"layers.*.mlp.Wo", "blk.*.ffn_down"},
    // T5.
    {"encoder.block.*.layer.0.SelfAttention.q", "enc.blk.*.attn_q"},
    {"encoder.block.*.layer.0.SelfAttention.k", "enc.blk.*.attn_k"},
    {"encoder.block.*.layer.0.SelfAttention.v", "enc.blk.*.attn_v"},
    {"encoder.block.*.layer.0.SelfAttention.o", "enc.blk.*.attn_o"},
    {"encoder.block.*.layer.0.SelfAttention.relative_attention_bias", "enc.blk.*.attn_rel_b"},
    {"encoder.block.*.layer.0.layer_norm", "enc.blk.*.attn_norm"},
    {"encoder.block.*.layer.1.layer_norm", "enc.blk.*.ffn_norm"},
    {"encoder.block.*.layer.1.DenseReluDense.wi", "enc.blk.*.ffn_up"},
    {"encoder.block.*.layer.1.DenseReluDense.wi_0", "enc.blk.*.ffn_gate"},
    {"encoder.block.*.layer.1.DenseReluDense.wi_1", "enc.blk.*.ffn_up"},
    {"encoder.block.*.layer.1.DenseReluDense.wo", "enc.blk.*.ffn_down"},
    {"encoder.final_layer_norm", "enc.output_norm"},
    {"decoder.block.*.layer.0.SelfAttention.q", "dec.blk.*.attn_q"},
    {"decoder.block.*.layer.0.SelfAttention.k", "dec.blk.*.attn_k"},
    {"decoder.block.*.layer.0.SelfAttention.v", "dec.blk.*.attn_v"},
    {"decoder.block.*.layer.0.SelfAttention.o", "dec.blk.*.attn_o"},
    {"decoder.block.*.layer.0.SelfAttention.relative_attention_bias", "dec.blk.*.attn_rel_b"},
    {"decoder.block.*.layer.0.layer_norm", "dec.blk.*.attn_norm"},
    {"decoder.block.*.layer.1.EncDecAttention.q", "dec.blk.*.cross_attn_q"},
    {"decoder.block.*.layer.1.EncDecAttention.k", "dec.blk.*.cross_attn_k"},
    {"decoder.block.*.layer.1.EncDecAttention.v", "dec.blk.*.cross_attn_v"},
    {"decoder.block.*.layer.1.EncDecAttention.o", "dec.blk.*.cross_attn_o"},
    {"decoder.block.*.layer.1.layer_norm", "dec.blk.*.cross_attn_norm"},
    {"decoder.block.*.layer.2.layer_norm", "dec.blk.*.ffn_norm"},
    {"decoder.block.*.layer.2.DenseReluDense.wi", "dec.blk.*.ffn_up"},
    {"decoder.block.*.layer.2.DenseReluDense.wi_0", "dec.blk.*.ffn_gate"},
    {"decoder.block.*.layer.2.DenseReluDense.wi_1", "dec.blk.*.ffn_up"},
    {"decoder.block.*.layer.2.DenseReluDense.wo", "dec.blk.*.ffn_down"},
    {"decoder.final_layer_norm", "dec.output_norm"},
};
// clang-format on

// What training frameworks, compilers and classes put in front of a model's own names.
inline constexpr std::string_view kWrappers[] = {
    "module",
    "_orig_mod",
    "model",
    "transformer",
    "params",
    "state_dict",
    "model_state_dict",
    "network",
    "net",
    "backbone",
    "gpt_neox",
    "bert",
    "roberta",
    "distilbert",
    "base_model",
    "language_model",
    "text_model",
    "_model",
    "_fsdp_wrapped_module",
};

// Tensors that are computed from the config or count what training did, whatever stands in front of these names.
inline constexpr std::string_view kComputed[] = {
    "rotary_emb.inv_freq", "attn.masked_bias",  "attention.masked_bias",    "attention.bias.mask",       "position_ids",
    "num_batches_tracked", "rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight",
};

// Segments that only what training keeps beside the weights has in its names.
inline constexpr std::string_view kTrainingSegments[] = {
    "keras_api",    "optimizer_weights", "optimizer_state_dict",        "optimizer.state.",
    "save_counter", ".OPTIMIZER_SLOT",   "_CHECKPOINTABLE_OBJECT_GRAPH"};

// Parts that GGUF's converter leaves out, by family.
inline constexpr std::pair<std::string_view, std::string_view> kLeftOutOfGguf[] = {
    {"bert", "pooler."},
    {"bert", "cls."},
    {"nomic-bert", "pooler."},
    {"nomic-bert", "cls."},
};

// GGUF families whose converter stores the rows of q and k in pairs.
inline constexpr std::string_view kPairedFamilies[] = {"llama", "granite", "granitemoe", "deci", "arctic", "olmo"};
// GGUF families whose converter adds one to every gain.
inline constexpr std::string_view kWholeGainFamilies[] = {"gemma", "gemma2", "gemma3", "nemotron"};
// GGUF families whose ffn_up is gate and up in one.
inline constexpr std::string_view kGateInUpFamilies[] = {"phi3", "glm4", "chatglm"};

}  // namespace plumb

#endif  // PLUMB_FORMATS_NAMING_ROLE_PATTERNS_LIST_H_
