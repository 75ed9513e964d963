// What Gemma 2 and Gemma 3 share beyond Llama's layout.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GEMMA2_LAYOUT_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GEMMA2_LAYOUT_H_

#include <cmath>

#include "verify/inference/architectures/decoder_config.h"

namespace plumb {

// Norms on both sides of each part, scaled embeddings, `query_pre_attn_scalar`, `attention_bias`.
inline void ReadGemma2Layout(ConfigReader& reader, DecoderSpec& spec) {
  spec.norm.gain_offset = 1;
  // The factor is a float32 in the reference.
  spec.embedding_scale = std::sqrt(static_cast<float>(spec.width));
  spec.attention_scale = 1 / std::sqrt(reader.Positive("query_pre_attn_scalar"));
  spec.qkv_bias = spec.out_bias = reader.FlagOr("attention_bias", false);
  spec.names.attention_post_norm = "post_attention_layernorm";
  spec.names.mlp_norm = "pre_feedforward_layernorm";
  spec.names.mlp_post_norm = "post_feedforward_layernorm";
  if (reader.Has("hidden_act") && reader.Activation("hidden_act") != spec.activation) {
    reader.Refuse("hidden_act", "differs from hidden_activation");
  }
  reader.Irrelevant({"hidden_act"});
}

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GEMMA2_LAYOUT_H_
