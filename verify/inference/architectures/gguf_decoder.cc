#include "verify/inference/architectures/gguf_decoder.h"

#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/gguf_config.h"

namespace plumb {
namespace {

void NameGgufTensors(DecoderNames& names) {
  names.embedding = "token_embd";
  names.final_norm = "output_norm";
  names.head = "output";
  names.layer = "blk.";
  names.attention_norm = "attn_norm";
  names.q = "attn_q";
  names.k = "attn_k";
  names.v = "attn_v";
  names.qkv = "attn_qkv";
  names.out = "attn_output";
  names.mlp_norm = "ffn_norm";
  names.gate = "ffn_gate";
  names.up = "ffn_up";
  names.down = "ffn_down";
}

}  // namespace

GgufDecoder::GgufDecoder(const TensorSource& from, std::string name, const nlohmann::json& keys)
    : GgufKeys(from, std::move(name), keys) {
  spec.architecture = architecture;
}

void GgufDecoder::ReadSizes() {
  NameGgufTensors(spec.names);
  spec.vocabulary = ReadVocabulary();
  spec.positions_max = Size("context_length");
  spec.width = Size("embedding_length");
  spec.layers.resize(reader.Size(Key("block_count"), limits::kModelLayersMax));
  spec.inner_width = Size("feed_forward_length");
  spec.heads = Size("attention.head_count");
  SplitWidthIntoHeads(reader, Key("attention.head_count"), SizeOr("attention.head_count_kv", spec.heads),
                      SizeOr("attention.key_length", 0), spec);
  if (SizeOr("attention.value_length", spec.head_size) != spec.head_size) {
    reader.Refuse(Key("attention.value_length"), fmt::format("differs from the keys' {}", spec.head_size));
  }
  spec.tied = !HasTensor("output.weight");
  if (HasTensor("blk.0.attn_qkv.weight")) spec.qkv = QkvLayout::kInTurn;
  spec.qkv_bias = HasTensor("blk.0.attn_q.bias") || HasTensor("blk.0.attn_qkv.bias");
  spec.out_bias = HasTensor("blk.0.attn_output.bias");
}

void GgufDecoder::ReadRmsNorm() { spec.norm.epsilon = reader.Positive(Key("attention.layer_norm_rms_epsilon")); }

void GgufDecoder::ReadLayerNorm() {
  spec.norm = {.rms = false, .bias = true, .epsilon = reader.Positive(Key("attention.layer_norm_epsilon"))};
}

void GgufDecoder::CheckExpertTensor(const std::string& name, const Shape& shape) {
  const SourceTensor* tensor = source.Find(name);
  if (tensor == nullptr) {
    reader.Refuse(name, "is a tensor that the experts need and the file has not");
  } else if (tensor->shape != shape) {
    reader.Refuse(name, fmt::format("is a tensor {}, expected {}", ShapeText(tensor->shape), ShapeText(shape)));
  }
}

void GgufDecoder::ReadExperts(uint64_t width) {
  ExpertsSpec& experts = spec.experts;
  experts = {.experts = Size("expert_count"), .used = Size("expert_used_count"), .width = width, .normalised = true};
  if (experts.used > experts.experts) {
    reader.Refuse(Key("expert_used_count"), fmt::format("is {} of {} experts", experts.used, experts.experts));
  }
  reader.Only(Key("expert_gating_func"), 1);  // Softmax.
  reader.Only(Key("expert_weights_norm"), true);
  spec.names.router = "ffn_gate_inp";
  spec.names.expert = kGgufExperts;
  spec.names.expert_gate = "ffn_gate_exps";
  spec.names.expert_up = "ffn_up_exps";
  spec.names.expert_down = "ffn_down_exps";
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    spec.layers[i].experts = true;
    const std::string layer = fmt::format("{}{}.", spec.names.layer, i);
    CheckExpertTensor(layer + "ffn_gate_exps.weight", {experts.experts, width, spec.width});
    CheckExpertTensor(layer + "ffn_up_exps.weight", {experts.experts, width, spec.width});
    CheckExpertTensor(layer + "ffn_down_exps.weight", {experts.experts, spec.width, width});
  }
}

void GgufDecoder::UsePlainFeedForward(UnaryFunction activation) {
  spec.activation = activation;
  spec.mlp_bias = true;
  spec.names.gate = "";
}

void GgufDecoder::UsePositions() { spec.names.positions = "position_embd"; }

}  // namespace plumb
