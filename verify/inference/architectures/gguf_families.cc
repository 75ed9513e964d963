// The decoder-only families of GGUF: what no key says is as llama.cpp and the family's first code have it.
#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/gguf_decoder.h"

namespace plumb {
namespace {

void ReadLlama(GgufDecoder& file) {
  file.ReadRmsNorm();
  file.ReadRope(RopeStyle::kInterleaved);  // The converter reorders the rows of q and k for it.
  const std::string experts = file.Key("expert_count");
  if (file.reader.Has(experts) && file.reader.Count(experts, limits::kModelWidthMax) != 0) {
    file.ReadExperts(file.spec.inner_width);
  }
}

void ReadQwen2(GgufDecoder& file) {
  file.ReadRmsNorm();
  file.ReadRope(RopeStyle::kHalves);
}

void ReadQwen3(GgufDecoder& file) {
  ReadQwen2(file);
  file.spec.names.q_norm = "attn_q_norm";
  file.spec.names.k_norm = "attn_k_norm";
}

// Every layer has experts, so that the width of a feed-forward without any says nothing.
void ReadQwen3Moe(GgufDecoder& file) {
  ReadQwen3(file);
  file.ReadExperts(file.Size("expert_feed_forward_length"));
}

// Gains are stored whole.
void ReadGemma(GgufDecoder& file) {
  file.ReadRmsNorm();
  file.ReadRope(RopeStyle::kHalves);
  file.spec.activation = UnaryFunction::kGeluTanh;
  file.spec.embedding_scale = std::sqrt(static_cast<float>(file.spec.width));
}

// Norms on both sides, and a window in layers whose number from one `every` does not divide.
void ReadLaterGemma(GgufDecoder& file, uint64_t every, uint64_t layers_of_largest) {
  ReadGemma(file);
  DecoderSpec& spec = file.spec;
  spec.names.attention_post_norm = "post_attention_norm";
  spec.names.mlp_post_norm = "post_ffw_norm";
  // The largest models scale by what a head's share of the width is; no key says so.
  if (spec.layers.size() == layers_of_largest) {
    spec.attention_scale = 1 / std::sqrt(static_cast<double>(spec.width) / static_cast<double>(spec.heads));
  }
  const uint64_t window = file.Size("attention.sliding_window");
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    if ((i + 1) % every != 0) spec.layers[i].window = window;
  }
}

void ReadGemma2(GgufDecoder& file) {
  ReadLaterGemma(file, 2, 46);
  file.spec.attention_soft_cap = file.reader.Positive(file.Key("attn_logit_softcapping"));
  file.spec.final_soft_cap = file.reader.Positive(file.Key("final_logit_softcapping"));
}

void ReadGemma3(GgufDecoder& file) {
  ReadLaterGemma(file, 6, 62);
  DecoderSpec& spec = file.spec;
  spec.names.q_norm = "attn_q_norm";
  spec.names.k_norm = "attn_k_norm";
  spec.final_soft_cap = file.reader.PositiveIfAny(file.Key("final_logit_softcapping")).value_or(0);
  RopeParameters local = {.rotary = spec.ropes[0].rotary};
  local.theta = file.reader.PositiveIfAny(file.Key("rope.freq_base_swa")).value_or(10000);
  spec.ropes.push_back(local);
  for (LayerSpec& layer : spec.layers) layer.rope = layer.window != 0 ? 1 : 0;
}

void ReadPhi2(GgufDecoder& file) {
  file.ReadLayerNorm();
  file.ReadRope(RopeStyle::kHalves);
  file.UsePlainFeedForward(UnaryFunction::kGeluTanh);
  file.spec.residual = ResidualLayout::kParallel;
  file.spec.head_bias = true;
  file.spec.names.mlp_norm = "";
}

void ReadPhi3(GgufDecoder& file) {
  file.ReadRmsNorm();
  file.ReadRope(RopeStyle::kHalves);
  file.spec.names.gate_up = "ffn_up";
  const std::string window = file.Key("attention.sliding_window");
  if (!file.reader.Has(window)) return;
  for (LayerSpec& layer : file.spec.layers) layer.window = file.reader.Count(window, limits::kModelWidthMax);
}

void ReadGptNeox(GgufDecoder& file) {
  file.ReadLayerNorm();
  file.ReadRope(RopeStyle::kHalves);
  file.UsePlainFeedForward(UnaryFunction::kGeluErf);
  const bool parallel = file.reader.Flag(file.Key("use_parallel_residual"));
  file.spec.residual = parallel ? ResidualLayout::kParallelTwoNorms : ResidualLayout::kSequential;
}

// One fused map and biases everywhere: GPT-2 and BLOOM.
void UseFusedMaps(GgufDecoder& file) {
  file.spec.qkv = QkvLayout::kInTurn;
  file.spec.qkv_bias = file.spec.out_bias = true;
  file.ReadLayerNorm();
  file.UsePlainFeedForward(UnaryFunction::kGeluTanh);
}

void ReadGpt2(GgufDecoder& file) {
  UseFusedMaps(file);
  file.UsePositions();
}

void ReadBloom(GgufDecoder& file) {
  UseFusedMaps(file);
  file.spec.names.embedding_norm = "token_embd_norm";
  file.spec.alibi = AlibiSpec{};
}

// The forms with rotated positions, which have no biases; what ALiBi the others have, no key says.
void ReadFalcon(GgufDecoder& file) {
  // "jploski": the converter has put all queries before all keys before all values.
  const std::string layout = file.Key("tensor_data_layout");
  if (file.reader.Text(layout) != "jploski") file.reader.Refuse(layout, "is another than \"jploski\"");
  file.ReadLayerNorm();
  file.ReadRope(RopeStyle::kHalves);
  file.UsePlainFeedForward(UnaryFunction::kGeluErf);
  DecoderSpec& spec = file.spec;
  spec.qkv = QkvLayout::kInTurn;
  spec.qkv_bias = spec.out_bias = spec.mlp_bias = false;
  spec.residual = ResidualLayout::kParallel;
  spec.names.mlp_norm = "";
  if (!file.HasTensor("blk.0.attn_norm_2.weight")) return;
  spec.residual = ResidualLayout::kParallelTwoNorms;
  spec.names.attention_norm = "attn_norm_2";
  spec.names.mlp_norm = "attn_norm";
}

constexpr std::pair<std::string_view, ReadGgufFamily> kFamilies[] = {
    {"bloom", &ReadBloom},       {"falcon", &ReadFalcon}, {"gemma", &ReadGemma},     {"gemma2", &ReadGemma2},
    {"gemma3", &ReadGemma3},     {"gpt2", &ReadGpt2},     {"gptneox", &ReadGptNeox}, {"llama", &ReadLlama},
    {"phi2", &ReadPhi2},         {"phi3", &ReadPhi3},     {"qwen2", &ReadQwen2},     {"qwen3", &ReadQwen3},
    {"qwen3moe", &ReadQwen3Moe},
};

}  // namespace

ReadGgufFamily FindGgufFamily(std::string_view architecture) {
  for (const auto& [name, read] : kFamilies) {
    if (name == architecture) return read;
  }
  return nullptr;
}

}  // namespace plumb
