// Phi-3 and Phi-4: Llama with its maps fused, LongRoPE.
//
// Without `num_key_value_heads` each head has keys of its own; `sliding_window` absent means none,
// `partial_rotary_factor` absent 1; `tie_word_embeddings` is false.
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

absl::StatusOr<std::unique_ptr<Model>> ParsePhi3(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "phi3";
  ReadLlamaLayout(reader,
                  {.class_name = "Phi3ForCausalLM", .kv_heads_are_heads = true, .head_size_follows_width = true},
                  "hidden_act", spec);
  spec.qkv = QkvLayout::kInTurn;
  spec.names.qkv = "self_attn.qkv_proj";
  spec.names.gate_up = "mlp.gate_up_proj";
  const uint64_t window = reader.SizeOr("sliding_window", limits::kModelWidthMax, 0);
  for (LayerSpec& layer : spec.layers) layer.window = window;
  reader.Only("attention_bias", false);
  ReadOneRope(reader, {.partial_key = "partial_rotary_factor", .partial_absent = 1}, spec);
  // Only LongRoPE reads it, but every config has it.
  if (spec.ropes[0].kind != RopeKind::kLongrope) reader.Irrelevant({"original_max_position_embeddings"});
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kPhi3Architecture = {"phi3", &ParsePhi3};

}  // namespace plumb
