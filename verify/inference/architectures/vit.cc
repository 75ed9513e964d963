// ViT: patches of a picture as tokens, a class token before them, pre-norm blocks.
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/encoder_blocks.h"
#include "verify/inference/architectures/picture_input.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

struct Vit {
  PictureShape picture;
  EncoderSizes sizes;
  BlockNames names;
  uint64_t pooled_width = 0;
  UnaryFunction pooler_activation = UnaryFunction::kTanh;
  EncoderHead head = EncoderHead::kNone;
  uint64_t labels = 0;
};

absl::StatusOr<Vit> ReadConfig(const nlohmann::json& json) {
  ConfigReader reader(json);
  Vit vit;
  vit.sizes = ReadEncoderSizes(reader);
  vit.picture = ReadPicture(reader);
  const bool bias = reader.Flag("qkv_bias");
  vit.sizes.block.query_bias = vit.sizes.block.key_bias = vit.sizes.block.value_bias = bias;
  vit.head = ReadHead(reader, "ViT", {EncoderHead::kNone, EncoderHead::kImage});
  vit.labels = ReadLabels(reader);
  // ViTConfig's own values, for configs older than these keys.
  vit.pooled_width = reader.SizeOr("pooler_output_size", limits::kModelWidthMax, vit.sizes.block.width);
  if (reader.Has("pooler_act")) vit.pooler_activation = reader.Activation("pooler_act");
  reader.IrrelevantToAll();
  reader.Irrelevant(
      {"hidden_dropout_prob", "attention_probs_dropout_prob", "encoder_stride", "pooler_act", "tie_word_embeddings"});
  reader.Only("is_decoder", false);
  reader.Only("is_encoder_decoder", false);
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  vit.names = {.query = "attention.attention.query",
               .key = "attention.attention.key",
               .value = "attention.attention.value",
               .out = "attention.output.dense",
               .attention_norm = "layernorm_before",
               .inner = "intermediate.dense",
               .outer = "output.dense",
               .inner_norm = "layernorm_after"};
  return vit;
}

std::vector<ValueId> AddAll(LayerBuilder& builder, const Vit& vit) {
  const uint64_t d = vit.sizes.block.width;
  const double epsilon = vit.sizes.block.epsilon;
  ValueId x = builder.Patches("embeddings.patch_embeddings.projection", builder.InputNamed(kPixelValues),
                              vit.picture.channels, vit.picture.patch, d, true);
  ValueId first = builder.Expand("embeddings.cls_token.each", builder.Weight("embeddings.cls_token", {1, 1, d}),
                                 {builder.sequences(), 1, d});
  x = builder.Concat("embeddings.tokens", 1, {first, x});
  x = builder.Add("embeddings.added", x,
                  builder.Weight("embeddings.position_embeddings", {1, vit.picture.patches() + 1, d}));
  for (uint64_t i = 0; i < vit.sizes.layers; ++i) {
    x = AddPreNormBlock(builder, fmt::format("encoder.layer.{}.", i), vit.names, vit.sizes.block, x);
  }
  x = builder.Norm("layernorm", x, d, epsilon);
  ValueId token = builder.Token("token", x, 0);
  if (vit.head == EncoderHead::kImage) return {builder.Linear("classifier", token, d, vit.labels)};
  ValueId pooled = builder.Linear("pooler.dense", token, d, vit.pooled_width);
  return {x, builder.Unary("pooler_output", vit.pooler_activation, pooled)};
}

absl::StatusOr<std::unique_ptr<Model>> ParseVit(const nlohmann::json& json) {
  PLUMB_ASSIGN_OR_RETURN(Vit vit, ReadConfig(json));
  ModelParts parts;
  parts.architecture = "vit";
  parts.layers = vit.sizes.layers;
  parts.rules.prefixes = {"vit."};
  if (vit.head == EncoderHead::kNone) {
    parts.outputs = {{"last_hidden_state", OutputKind::kFeatures}, {"pooler_output", OutputKind::kFeatures}};
  } else {
    parts.outputs = {{"logits", OutputKind::kLogits}};
    parts.rules.ignored = {"pooler.dense.weight", "pooler.dense.bias"};
  }
  parts.inputs = [vit](uint64_t sequences, uint64_t) {
    return std::vector<InputSpec>{PixelsInput(sequences, vit.picture)};
  };
  parts.build = [vit](LayerBuilder& builder) { return AddAll(builder, vit); };
  return MakeModel(std::move(parts));
}

}  // namespace

const ArchitectureEntry kVitArchitecture = {"vit", &ParseVit};

}  // namespace plumb
