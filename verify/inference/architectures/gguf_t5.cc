// T5 in GGUF: `t5`, and its encoder alone as `t5encoder`.
//
// No key says the function of the feed-forward, how far the buckets reach or whether the output map is the embedding:
// those with a gate have GELU by tanh, the others ReLU; 128 places; a file without an output map has tied embeddings.
#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/gguf_encoders.h"
#include "verify/inference/architectures/relative_buckets.h"
#include "verify/inference/architectures/t5_model.h"

namespace plumb {
namespace {

T5AttentionNames AttentionNames(const std::string& module) {
  return {
      .part = module + ".", .norm = module + "_norm", .module = module, .separator = "_", .bias = module + "_rel_b"};
}

T5StackNames StackNames(const std::string& stack) {
  return {.embedding = stack + ".tokens",
          .block = stack + ".blk.",
          .attention = AttentionNames("attn"),
          .cross = AttentionNames("cross_attn"),
          .feed_forward = {.part = "ffn.",
                           .norm = "ffn_norm",
                           .module = "ffn_",
                           .inner = "up",
                           .gate = "gate",
                           .up = "up",
                           .outer = "down"},
          .final_norm = stack + ".output_norm"};
}

void ReadSizes(GgufKeys& file, T5Config& config) {
  ConfigReader& reader = file.reader;
  config.vocabulary = file.ReadVocabulary();
  config.positions_max = std::min(file.Size("context_length"), kPairedPositionsMax);
  config.width = file.Size("embedding_length");
  config.inner = file.Size("feed_forward_length");
  config.heads = file.Size("attention.head_count");
  config.head_width = file.Size("attention.key_length");
  if (file.SizeOr("attention.value_length", config.head_width) != config.head_width) {
    reader.Refuse(file.Key("attention.value_length"), fmt::format("differs from the keys' {}", config.head_width));
  }
  if (file.SizeOr("attention.head_count_kv", config.heads) != config.heads) {
    reader.Refuse(file.Key("attention.head_count_kv"), fmt::format("differs from the {} heads", config.heads));
  }
  config.encoder_layers = reader.Size(file.Key("block_count"), limits::kModelLayersMax);
  config.decoder_layers =
      reader.SizeOr(file.Key("decoder_block_count"), limits::kModelLayersMax, config.encoder_layers);
  config.epsilon = reader.Positive(file.Key("attention.layer_norm_rms_epsilon"));
  if (reader.PositiveIfAny(file.Key("attention.layer_norm_epsilon")).value_or(config.epsilon) != config.epsilon) {
    reader.Refuse(file.Key("attention.layer_norm_epsilon"), "differs from layer_norm_rms_epsilon");
  }
  config.buckets = file.Size("attention.relative_buckets_count");
  config.distance_max = kT5DistanceMax;
  CheckT5Buckets(reader, file.Key("attention.relative_buckets_count"), config);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> ParseGgufT5(GgufKeys file) {
  T5Config config;
  const bool whole = file.architecture == "t5";
  config.architecture = whole ? "t5" : "t5encoder";
  config.kind = whole ? T5Kind::kConditionalGeneration : T5Kind::kEncoder;
  config.names = {.words = "token_embd", .head = "output", .encoder = StackNames("enc"), .decoder = StackNames("dec")};
  ReadSizes(file, config);
  config.gated = file.HasTensor("enc.blk.0.ffn_gate.weight");
  config.activation = config.gated ? UnaryFunction::kGeluTanh : UnaryFunction::kRelu;
  config.tied = !file.HasTensor("output.weight");
  file.reader.Irrelevant({file.Key("decoder_start_token_id").c_str()});
  file.RefuseRopeFactors();
  PLUMB_RETURN_IF_ERROR(file.reader.Finish());
  return MakeT5(std::move(config), {});
}

}  // namespace plumb
