// A decoder-only language model, described so that each family is a choice among the same parts.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_SPEC_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plumb/inference/architecture.h"
#include "verify/inference/architectures/rope_parameters.h"

namespace plumb {

// How every norm of a model is computed.
struct NormSpec {
  bool rms = true;    // RmsNorm, otherwise LayerNorm.
  bool gain = true;   // Otherwise all gains are one.
  bool bias = false;  // LayerNorm's.
  double epsilon = 0;
  double gain_offset = 0;
};

// Where the rows of the query, key and value maps lie.
enum class QkvLayout {
  kSeparate,  // Three maps.
  kInTurn,    // One: all queries, all keys, all values.
  kByGroup,   // One: for each key head the queries that share it, the key, the value. [G, H / G + 2, d].
};

// How attention A and feed-forward F follow each other; N1 and N2 are their norms.
enum class ResidualLayout {
  kSequential,        // x += A(N1(x)); x += F(N2(x))
  kParallel,          // x += A(N1(x)) + F(N1(x))
  kParallelTwoNorms,  // x += A(N1(x)) + F(N2(x))
  kNormAfter,         // x = N1(x + A(x)); x = N2(x + F(x))
  kFromNorm,          // n = N1(x); x = n + A(n); m = N2(x); x = m + F(m)
};

// Biases on scores that grow with the key's position, by a slope for each head.
struct AlibiSpec {
  bool round_to_bf16 = false;  // Falcon computes them in bfloat16, whatever the model's type.
  bool scaled = false;         // Falcon multiplies them by the scale of the scores, BLOOM does not.
};

// A feed-forward of which each token uses few of many copies.
struct ExpertsSpec {
  uint64_t experts = 0;
  uint64_t used = 0;
  uint64_t width = 0;
  bool normalised = false;  // The weights of those used are divided by their sum.
};

// What differs from layer to layer.
struct LayerSpec {
  uint64_t window = 0;  // Positions seen; 0: all before.
  size_t rope = 0;      // Which of DecoderSpec::ropes.
  bool experts = false;
};

// Tensors' names: whole ones get ".weight" and ".bias" appended. Those from `attention_norm` on stand in a layer, after
// `layer`, its number and a dot. An empty name: the model has no such part.
struct DecoderNames {
  std::string embedding = "embed_tokens";
  std::string positions;
  std::string embedding_norm;
  std::string project_in;
  std::string project_out;
  std::string final_norm = "norm";
  std::string head = "lm_head";
  std::string layer = "layers.";

  std::string attention_norm = "input_layernorm";
  std::string attention_post_norm;  // Of what attention gives, before it is added.
  std::string q = "self_attn.q_proj";
  std::string k = "self_attn.k_proj";
  std::string v = "self_attn.v_proj";
  std::string qkv;
  std::string q_norm;
  std::string k_norm;
  std::string out = "self_attn.o_proj";
  std::string mlp_norm = "post_attention_layernorm";
  std::string mlp_post_norm;
  std::string gate = "mlp.gate_proj";  // Empty: the feed-forward is not gated.
  std::string up = "mlp.up_proj";
  std::string gate_up;  // One map: gate, then up.
  std::string down = "mlp.down_proj";
  std::string router;
  std::string expert;  // "mlp.experts.": its number, a dot and one of the next three follow.
  std::string expert_gate = "gate_proj";
  std::string expert_up = "up_proj";
  std::string expert_down = "down_proj";
};

struct DecoderSpec {
  std::string architecture;
  uint64_t vocabulary = 0;
  uint64_t positions_max = 0;
  uint64_t width = 0;
  NormSpec norm;
  std::vector<LayerSpec> layers;
  DecoderNames names;
  // Buffers of a layer that are ignored.
  std::vector<std::string> ignored_in_layer;
  std::vector<std::string> prefixes;

  uint64_t embedding_width = 0;  // Before project_in.
  double embedding_scale = 1;
  uint64_t first_position_row = 0;  // Of the table of positions.

  uint64_t heads = 0;
  uint64_t kv_heads = 0;
  uint64_t head_size = 0;
  double attention_scale = 1;
  double attention_soft_cap = 0;
  QkvLayout qkv = QkvLayout::kSeparate;
  bool qkv_bias = false;
  bool out_bias = false;
  std::vector<RopeParameters> ropes;  // None: positions are not rotated.
  std::optional<AlibiSpec> alibi;

  uint64_t inner_width = 0;
  UnaryFunction activation = UnaryFunction::kSilu;
  bool mlp_bias = false;
  ExpertsSpec experts;
  ResidualLayout residual = ResidualLayout::kSequential;

  bool tied = false;
  bool head_bias = false;
  double final_soft_cap = 0;
};

// The model that a description means; its tensors are those its graph uses. INVALID_ARGUMENT (ErrorClass::kPolicy) when
// the parts do not fit together or are larger than a graph may be.
absl::StatusOr<std::unique_ptr<Model>> MakeDecoder(DecoderSpec spec);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_SPEC_H_
