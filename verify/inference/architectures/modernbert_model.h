// ModernBERT: pre-norm blocks with rotary positions and a gated inner layer; most blocks see a window of tokens only.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_MODERNBERT_MODEL_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_MODERNBERT_MODEL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "verify/inference/architectures/encoder_blocks.h"
#include "verify/inference/architectures/pooling.h"

namespace plumb {

// Where the weights stand; those from `attention_norm` to `mlp_out` in a block, after `block`, its number and a dot.
struct ModernBertNames {
  std::string words = "embeddings.tok_embeddings";
  std::string embedding_norm = "embeddings.norm";
  std::string block = "layers.";
  std::string attention_norm = "attn_norm";
  std::string qkv = "attn.Wqkv";
  std::string out = "attn.Wo";
  std::string mlp_norm = "mlp_norm";
  std::string mlp_in = "mlp.Wi";  // What the activation is of, then the gate.
  std::string mlp_out = "mlp.Wo";
  std::string final_norm = "final_norm";
  std::string prefix = "model.";  // Under which all may stand.
};

struct ModernBert {
  std::string_view architecture = "modernbert";
  ModernBertNames names;
  uint64_t vocabulary = 0;
  uint64_t positions = 0;
  uint64_t layers = 0;
  BlockShape block;
  bool norm_bias = false;
  bool attention_bias = false;
  bool mlp_bias = false;
  uint64_t global_every = 1;
  uint64_t reach = 0;  // How far local blocks see to each side.
  double global_theta = 0;
  double local_theta = 0;
  std::optional<Pooling> pooling;  // Of a model without a head: one vector for each sequence.
  EncoderHead head = EncoderHead::kNone;
  uint64_t labels = 0;
  UnaryFunction head_activation = UnaryFunction::kGeluErf;
  bool head_bias = false;
  bool decoder_bias = true;
  bool mean_pooling = false;
  bool tied = true;

  bool IsLocal(uint64_t layer) const { return layer % global_every != 0; }
};

// `reader` is asked nothing but to refuse heads that cannot be rotated, because of `heads_key`.
void CheckModernBertHeads(ConfigReader& reader, const std::string& heads_key, const ModernBert& model);

absl::StatusOr<std::unique_ptr<Model>> MakeModernBert(ModernBert model);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_MODERNBERT_MODEL_H_
