// ModernBERT in GGUF: `modern-bert`. No biases; GELU by erf, as the family has it.
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/gguf_encoders.h"
#include "verify/inference/architectures/modernbert_model.h"

namespace plumb {
namespace {

void ReadEpsilon(GgufKeys& file, ModernBert& model) {
  // The converter takes one from `norm_eps` and the other from `layer_norm_eps`; the class knows the former.
  const std::string rms = file.Key("attention.layer_norm_rms_epsilon");
  model.block.epsilon = file.reader.Positive(file.Key("attention.layer_norm_epsilon"));
  if (file.reader.PositiveIfAny(rms).value_or(model.block.epsilon) != model.block.epsilon) {
    file.reader.Refuse(rms, "differs from layer_norm_epsilon: readers would differ");
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> ParseGgufModernBert(GgufKeys file) {
  ModernBert model;
  model.architecture = "modern-bert";
  model.names = {.words = "token_embd",
                 .embedding_norm = "token_embd_norm",
                 .block = "blk.",
                 .attention_norm = "attn_norm",
                 .qkv = "attn_qkv",
                 .out = "attn_output",
                 .mlp_norm = "ffn_norm",
                 .mlp_in = "ffn_up",
                 .mlp_out = "ffn_down",
                 .final_norm = "output_norm",
                 .prefix = ""};
  model.vocabulary = file.ReadVocabulary();
  model.positions = file.Size("context_length");
  model.layers = file.reader.Size(file.Key("block_count"), limits::kModelLayersMax);
  model.block.width = file.Size("embedding_length");
  model.block.heads = file.Size("attention.head_count");
  model.block.inner = file.Size("feed_forward_length");
  CheckModernBertHeads(file.reader, file.Key("attention.head_count"), model);
  ReadEpsilon(file, model);
  model.global_every = file.reader.Size(file.Key("attention.sliding_window_pattern"), limits::kModelLayersMax);
  model.reach = file.Size("attention.sliding_window") / 2;
  model.global_theta = file.reader.Positive(file.Key("rope.freq_base"));
  model.local_theta = file.reader.Positive(file.Key("rope.freq_base_swa"));
  file.reader.Only(file.Key("rope.scaling.type"), "none");
  RefuseCausal(file);
  model.pooling = ReadGgufPooling(file);
  file.RefuseRopeFactors();
  PLUMB_RETURN_IF_ERROR(file.reader.Finish());
  return MakeModernBert(std::move(model));
}

}  // namespace plumb
