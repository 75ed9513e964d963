// Whisper: an encoder of mel spectrograms and a decoder that is given its first tokens.
//
// Features are [recordings, mel bins, 2 * max_source_positions]: a whole window of sound, as the model demands.
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/encoder_blocks.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

constexpr char kFeatures[] = "input_features";
constexpr char kDecoderIds[] = "decoder_input_ids";
constexpr double kEpsilon = 1e-5;  // Its class has no key for it.

struct Whisper {
  uint64_t vocabulary = 0;
  uint64_t mel_bins = 0;
  uint64_t source_positions = 0;
  uint64_t target_positions = 0;
  uint64_t encoder_layers = 0;
  uint64_t decoder_layers = 0;
  BlockShape encoder;
  BlockShape decoder;
  bool scores = true;  // Ends in scores of words, not in hidden states.
  bool tied = true;
};

void ReadArchitectures(ConfigReader& reader, Whisper& whisper) {
  whisper.scores = false;
  for (const std::string& name : reader.TextsOr("architectures")) {
    if (name == "WhisperForConditionalGeneration") {
      whisper.scores = true;
    } else if (name != "WhisperModel") {
      reader.Refuse("architectures", fmt::format("names \"{}\", of which only WhisperModel, "
                                                 "WhisperForConditionalGeneration are supported",
                                                 name.substr(0, 64)));
    }
  }
}

void SkipIrrelevant(ConfigReader& reader) {
  reader.IrrelevantToAll();
  // Training, other heads, and what generation does with the scores. num_hidden_layers repeats encoder_layers.
  reader.Irrelevant({"dropout", "attention_dropout", "activation_dropout", "encoder_layerdrop", "decoder_layerdrop",
                     "init_std", "num_hidden_layers", "use_weighted_layer_sum", "classifier_proj_size",
                     "apply_spec_augment", "mask_time_prob", "mask_time_length", "mask_time_min_masks",
                     "mask_feature_prob", "mask_feature_length", "mask_feature_min_masks", "median_filter_width",
                     "forced_decoder_ids"});
  reader.Only("is_encoder_decoder", true);
  reader.Only("is_decoder", false);
  reader.Only("scale_embedding", false);
}

absl::StatusOr<Whisper> ReadConfig(const nlohmann::json& json) {
  ConfigReader reader(json);
  Whisper whisper;
  ReadArchitectures(reader, whisper);
  whisper.vocabulary = reader.Size("vocab_size", limits::kModelWidthMax);
  whisper.mel_bins = reader.Size("num_mel_bins", limits::kModelWidthMax);
  whisper.source_positions = reader.Size("max_source_positions", limits::kModelWidthMax);
  whisper.target_positions = reader.Size("max_target_positions", limits::kModelWidthMax);
  whisper.encoder_layers = reader.Size("encoder_layers", limits::kModelLayersMax);
  whisper.decoder_layers = reader.Size("decoder_layers", limits::kModelLayersMax);
  whisper.tied = reader.FlagOr("tie_word_embeddings", true);
  BlockShape& encoder = whisper.encoder;
  encoder.width = reader.Size("d_model", limits::kModelWidthMax);
  encoder.activation = reader.Activation("activation_function");
  encoder.epsilon = kEpsilon;
  encoder.key_bias = false;
  whisper.decoder = encoder;
  whisper.decoder.causal = true;
  encoder.heads = reader.Size("encoder_attention_heads", limits::kModelWidthMax);
  encoder.inner = reader.Size("encoder_ffn_dim", limits::kModelWidthMax);
  whisper.decoder.heads = reader.Size("decoder_attention_heads", limits::kModelWidthMax);
  whisper.decoder.inner = reader.Size("decoder_ffn_dim", limits::kModelWidthMax);
  CheckHeads(reader, "encoder_attention_heads", encoder);
  CheckHeads(reader, "decoder_attention_heads", whisper.decoder);
  SkipIrrelevant(reader);
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  return whisper;
}

// Where a block keeps its attention, to itself or to the encoder.
BlockNames NamesOf(const std::string& attention) {
  return {.query = attention + ".q_proj",
          .key = attention + ".k_proj",
          .value = attention + ".v_proj",
          .out = attention + ".out_proj",
          .attention_norm = attention + "_layer_norm",
          .inner = "fc1",
          .outer = "fc2",
          .inner_norm = "final_layer_norm"};
}

// A convolution along time by three frames, then GELU.
ValueId AddConv(LayerBuilder& builder, const std::string& name, ValueId x, uint64_t in, uint64_t out, uint64_t stride) {
  x = builder.Append(OpKind::kConv, name,
                     {x, builder.Weight(name + ".weight", {out, in, 3}), builder.Weight(name + ".bias", {out})},
                     WindowAttributes{.strides = {stride}, .dilations = {1}, .pads_before = {1}, .pads_after = {1}});
  return builder.Unary(name + ".activation", UnaryFunction::kGeluErf, x);
}

ValueId AddEncoder(LayerBuilder& builder, const Whisper& whisper) {
  const uint64_t d = whisper.encoder.width;
  ValueId x = AddConv(builder, "encoder.conv1", builder.InputNamed(kFeatures), whisper.mel_bins, d, 1);
  x = builder.Transpose("encoder.frames", AddConv(builder, "encoder.conv2", x, d, d, 2), {0, 2, 1});
  x = builder.AddPositions("encoder.embed_positions", x, whisper.source_positions, d);
  for (uint64_t i = 0; i < whisper.encoder_layers; ++i) {
    x = AddPreNormBlock(builder, fmt::format("encoder.layers.{}.", i), NamesOf("self_attn"), whisper.encoder, x);
  }
  return builder.Norm("encoder.layer_norm", x, d, kEpsilon);
}

ValueId AddDecoderBlock(LayerBuilder& builder, const Whisper& whisper, const std::string& block, ValueId x,
                        ValueId encoded) {
  const uint64_t d = whisper.decoder.width;
  const BlockNames own = NamesOf("self_attn");
  const BlockNames cross = NamesOf("encoder_attn");
  BlockShape cross_shape = whisper.decoder;
  cross_shape.causal = false;
  ValueId normed = builder.Norm(block + own.attention_norm, x, d, kEpsilon);
  x = builder.Add(block + own.out + ".residual", x,
                  AddBlockAttention(builder, block, own, whisper.decoder, normed, normed));
  normed = builder.Norm(block + cross.attention_norm, x, d, kEpsilon);
  x = builder.Add(block + cross.out + ".residual", x,
                  AddBlockAttention(builder, block, cross, cross_shape, normed, encoded));
  normed = builder.Norm(block + own.inner_norm, x, d, kEpsilon);
  return builder.Add(block + own.outer + ".residual", x, AddFeedForward(builder, block, own, whisper.decoder, normed));
}

std::vector<ValueId> AddAll(LayerBuilder& builder, const Whisper& whisper) {
  const uint64_t d = whisper.decoder.width;
  ValueId encoded = AddEncoder(builder, whisper);
  ValueId x = builder.Embedding("decoder.embed_tokens", builder.InputNamed(kDecoderIds), whisper.vocabulary, d);
  x = builder.AddPositions("decoder.embed_positions", x, whisper.target_positions, d);
  for (uint64_t i = 0; i < whisper.decoder_layers; ++i) {
    x = AddDecoderBlock(builder, whisper, fmt::format("decoder.layers.{}.", i), x, encoded);
  }
  x = builder.Norm("decoder.layer_norm", x, d, kEpsilon);
  if (!whisper.scores) return {x};
  const std::string head = whisper.tied ? "decoder.embed_tokens.weight" : "proj_out.weight";
  return {
      builder.MatMul("logits", x, builder.Weight(head, {whisper.vocabulary, d}), std::nullopt, {.transpose_b = true})};
}

absl::StatusOr<std::unique_ptr<Model>> ParseWhisper(const nlohmann::json& json) {
  PLUMB_ASSIGN_OR_RETURN(Whisper whisper, ReadConfig(json));
  ModelParts parts;
  parts.architecture = "whisper";
  parts.layers = whisper.encoder_layers + whisper.decoder_layers;
  parts.vocabulary = whisper.vocabulary;
  parts.positions_max = whisper.target_positions;
  parts.rules.prefixes = {"model."};
  if (whisper.scores && whisper.tied) parts.rules.copies = {{"proj_out.weight", "decoder.embed_tokens.weight"}};
  parts.outputs = {whisper.scores ? OutputSpec{"logits", OutputKind::kLogits}
                                  : OutputSpec{"last_hidden_state", OutputKind::kFeatures}};
  parts.inputs = [whisper](uint64_t sequences, uint64_t positions) {
    InputSpec features = {kFeatures, ElementType::kF32, {sequences, whisper.mel_bins, 2 * whisper.source_positions}};
    return std::vector<InputSpec>{std::move(features), IdsInput(kDecoderIds, sequences, positions, whisper.vocabulary)};
  };
  parts.build = [whisper](LayerBuilder& builder) { return AddAll(builder, whisper); };
  return MakeModel(std::move(parts));
}

}  // namespace

const ArchitectureEntry kWhisperArchitecture = {"whisper", &ParseWhisper};

}  // namespace plumb
