// CLIP: pictures and texts in one space. The whole (CLIPModel), and each half alone with or without its projection.
//
// Inside of "text_config" and "vision_config" transformers writes only what differs from its classes' own values, so
// there an absent key has that value; in the config of a half alone no key has a default.
#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/encoder_blocks.h"
#include "verify/inference/architectures/picture_input.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

// The end-of-text id of configs before it was read: the text ends at its largest id.
constexpr uint64_t kLegacyEnd = 2;

struct ClipText {
  EncoderSizes sizes;
  uint64_t vocabulary = 0;
  uint64_t positions = 0;
  uint64_t end_id = 0;
  uint64_t projection = 0;
};

struct ClipVision {
  EncoderSizes sizes;
  PictureShape picture;
  uint64_t projection = 0;
};

// CLIPTextConfig's and CLIPVisionConfig's own values.
nlohmann::json TextDefaults() {
  return nlohmann::json::parse(R"({
    "vocab_size": 49408, "hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 12,
    "num_attention_heads": 8, "max_position_embeddings": 77, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
    "eos_token_id": 49407, "projection_dim": 512})");
}
nlohmann::json VisionDefaults() {
  return nlohmann::json::parse(R"({
    "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
    "num_channels": 3, "image_size": 224, "patch_size": 32, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
    "projection_dim": 512})");
}

void SkipIrrelevant(ConfigReader& reader) {
  reader.IrrelevantToAll();
  // Older writers repeat every key of every config inside; nothing here could be tied.
  reader.Irrelevant(
      {"attention_dropout", "dropout", "initializer_factor", "logit_scale_init_value", "tie_word_embeddings"});
  reader.Only("is_decoder", false);
  reader.Only("is_encoder_decoder", false);
}

ClipText ReadText(ConfigReader& reader) {
  ClipText text;
  text.sizes = ReadEncoderSizes(reader);
  text.sizes.block.causal = true;
  text.vocabulary = reader.Size("vocab_size", limits::kModelWidthMax);
  text.positions = reader.Size("max_position_embeddings", limits::kModelWidthMax);
  text.end_id = reader.Count("eos_token_id", limits::kModelWidthMax);
  text.projection = reader.Size("projection_dim", limits::kModelWidthMax);
  SkipIrrelevant(reader);
  return text;
}

ClipVision ReadVision(ConfigReader& reader) {
  ClipVision vision;
  vision.sizes = ReadEncoderSizes(reader);
  vision.picture = ReadPicture(reader);
  vision.projection = reader.Size("projection_dim", limits::kModelWidthMax);
  SkipIrrelevant(reader);
  return vision;
}

// A config inside of the whole's, completed by its class's values. "<key>_dict", which older writers add, must say the
// same.
nlohmann::json ReadInner(ConfigReader& reader, const std::string& key, nlohmann::json defaults) {
  const nlohmann::json* given = reader.Object(key);
  if (given != nullptr) defaults.update(*given);
  const nlohmann::json* legacy = reader.Object(key + "_dict");
  if (legacy != nullptr) {
    for (const auto& [name, value] : legacy->items()) {
      auto known = defaults.find(name);
      if (known == defaults.end() || *known != value) {
        reader.Refuse(key + "_dict", fmt::format("says otherwise than \"{}\" of \"{}\"", key, name.substr(0, 64)));
      }
    }
  }
  return defaults;
}

BlockNames Names() {
  return {.query = "self_attn.q_proj",
          .key = "self_attn.k_proj",
          .value = "self_attn.v_proj",
          .out = "self_attn.out_proj",
          .attention_norm = "layer_norm1",
          .inner = "mlp.fc1",
          .outer = "mlp.fc2",
          .inner_norm = "layer_norm2"};
}

ValueId AddBlocks(LayerBuilder& builder, const std::string& model, const EncoderSizes& sizes, ValueId x) {
  for (uint64_t i = 0; i < sizes.layers; ++i) {
    x = AddPreNormBlock(builder, fmt::format("{}.encoder.layers.{}.", model, i), Names(), sizes.block, x);
  }
  return x;
}

// Last hidden states, and that of each text's end.
std::pair<ValueId, ValueId> AddText(LayerBuilder& builder, const ClipText& text) {
  const uint64_t d = text.sizes.block.width;
  ValueId ids = builder.InputNamed(kInputIds);
  ValueId x = builder.Embedding("text_model.embeddings.token_embedding", ids, text.vocabulary, d);
  x = builder.AddPositions("text_model.embeddings.position_embedding", x, text.positions, d);
  x = AddBlocks(builder, "text_model", text.sizes, x);
  x = builder.Norm("text_model.final_layer_norm", x, d, text.sizes.block.epsilon);
  ValueId rank = ids;
  if (text.end_id != kLegacyEnd) {
    const std::vector<int32_t> end = {static_cast<int32_t>(text.end_id)};
    ValueId is_end = builder.Binary("text_model.is_end", BinaryFunction::kEqual, ids,
                                    builder.Constant("text_model.end_id", TensorValue::Of<int32_t>({}, end)));
    rank = builder.Cast("text_model.end_rank", ElementType::kI32, is_end);
  }
  ValueId place =
      builder.Append(OpKind::kArgReduce, "text_model.end", {rank}, ArgReduceAttributes{.axis = 1, .keep = true});
  ValueId pooled =
      builder.Append(OpKind::kGatherNd, "text_model.pooled", {x, place}, GatherNdAttributes{.batch_dimensions = 1});
  return {x, pooled};
}

// Last hidden states, and that of the class token, normed.
std::pair<ValueId, ValueId> AddVision(LayerBuilder& builder, const ClipVision& vision) {
  const uint64_t d = vision.sizes.block.width;
  const double epsilon = vision.sizes.block.epsilon;
  const std::string embeddings = "vision_model.embeddings.";
  ValueId x = builder.Patches(embeddings + "patch_embedding", builder.InputNamed(kPixelValues), vision.picture.channels,
                              vision.picture.patch, d, false);
  ValueId first = builder.Expand(embeddings + "class_embedding.each",
                                 builder.Weight(embeddings + "class_embedding", {d}), {builder.sequences(), 1, d});
  x = builder.Concat(embeddings + "tokens", 1, {first, x});
  x = builder.AddPositions(embeddings + "position_embedding", x, vision.picture.patches() + 1, d);
  x = builder.Norm("vision_model.pre_layrnorm", x, d, epsilon);
  x = AddBlocks(builder, "vision_model", vision.sizes, x);
  ValueId pooled = builder.Norm("vision_model.post_layernorm", builder.Token("vision_model.token", x, 0), d, epsilon);
  return {x, pooled};
}

// x / |x| along the last dimension.
ValueId AddUnit(LayerBuilder& builder, const std::string& name, ValueId x) {
  ValueId square = builder.Binary(name + ".square", BinaryFunction::kMul, x, x);
  ValueId length = builder.Reduce(name + ".sum", ReduceFunction::kSum, square, {1}, true);
  length = builder.Unary(name + ".length", UnaryFunction::kSqrt, length);
  return builder.Binary(name, BinaryFunction::kDiv, x, length);
}

std::vector<ValueId> AddClip(LayerBuilder& builder, const ClipText& text, const ClipVision& vision) {
  ValueId image = builder.Linear("visual_projection", AddVision(builder, vision).second, vision.sizes.block.width,
                                 vision.projection, false);
  ValueId words =
      builder.Linear("text_projection", AddText(builder, text).second, text.sizes.block.width, text.projection, false);
  image = AddUnit(builder, "image_embeds", image);
  words = AddUnit(builder, "text_embeds", words);
  ValueId scale = builder.Unary("logit_scale.exp", UnaryFunction::kExp, builder.Weight("logit_scale", {}));
  ValueId cosines = builder.MatMul("cosines", words, image, std::nullopt, {.transpose_b = true});
  ValueId per_text = builder.Binary("logits_per_text", BinaryFunction::kMul, cosines, scale);
  return {builder.Transpose("logits_per_image", per_text, {1, 0}), per_text, words, image};
}

// What both halves alone have in common: their parts, but for inputs and graph.
void SetHalf(ModelParts& parts, const std::string& model, bool projected, const char* embeds) {
  parts.rules.ignored = {model + ".embeddings.position_ids"};
  parts.outputs = {{"last_hidden_state", OutputKind::kFeatures}};
  parts.outputs.insert(parts.outputs.begin(), {projected ? embeds : "pooler_output", OutputKind::kFeatures});
}

// Whether "architectures" names the half with its projection; anything but the half is refused.
bool ReadProjected(ConfigReader& reader, const std::string& name) {
  bool projected = false;
  for (const std::string& given : reader.TextsOr("architectures")) {
    projected = given == name + "WithProjection";
    if (!projected && given != name) {
      reader.Refuse("architectures", fmt::format("names \"{}\", of which only {}, {}WithProjection are supported",
                                                 given.substr(0, 64), name, name));
    }
  }
  return projected;
}

absl::StatusOr<std::unique_ptr<Model>> ParseText(const nlohmann::json& json) {
  ConfigReader reader(json);
  const ClipText text = ReadText(reader);
  const bool projected = ReadProjected(reader, "CLIPTextModel");
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  ModelParts parts;
  parts.architecture = "clip_text_model";
  parts.layers = text.sizes.layers;
  parts.vocabulary = text.vocabulary;
  parts.positions_max = text.positions;
  SetHalf(parts, "text_model", projected, "text_embeds");
  parts.inputs = [text](uint64_t sequences, uint64_t positions) {
    return std::vector<InputSpec>{IdsInput(kInputIds, sequences, positions, text.vocabulary)};
  };
  parts.build = [text, projected](LayerBuilder& builder) -> std::vector<ValueId> {
    auto [hidden, pooled] = AddText(builder, text);
    if (projected) {
      pooled = builder.Linear("text_projection", pooled, text.sizes.block.width, text.projection, false);
    }
    return {pooled, hidden};
  };
  return MakeModel(std::move(parts));
}

absl::StatusOr<std::unique_ptr<Model>> ParseVision(const nlohmann::json& json) {
  ConfigReader reader(json);
  const ClipVision vision = ReadVision(reader);
  const bool projected = ReadProjected(reader, "CLIPVisionModel");
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  ModelParts parts;
  parts.architecture = "clip_vision_model";
  parts.layers = vision.sizes.layers;
  SetHalf(parts, "vision_model", projected, "image_embeds");
  parts.inputs = [vision](uint64_t sequences, uint64_t) {
    return std::vector<InputSpec>{PixelsInput(sequences, vision.picture)};
  };
  parts.build = [vision, projected](LayerBuilder& builder) -> std::vector<ValueId> {
    auto [hidden, pooled] = AddVision(builder, vision);
    if (projected) {
      pooled = builder.Linear("visual_projection", pooled, vision.sizes.block.width, vision.projection, false);
    }
    return {pooled, hidden};
  };
  return MakeModel(std::move(parts));
}

absl::StatusOr<std::unique_ptr<Model>> ParseClip(const nlohmann::json& json) {
  ConfigReader reader(json);
  const nlohmann::json text_json = ReadInner(reader, "text_config", TextDefaults());
  const nlohmann::json vision_json = ReadInner(reader, "vision_config", VisionDefaults());
  ConfigReader text_reader(text_json, "text_config.");
  ConfigReader vision_reader(vision_json, "vision_config.");
  text_reader.Only("model_type", "clip_text_model");
  vision_reader.Only("model_type", "clip_vision_model");
  ClipText text = ReadText(text_reader);
  ClipVision vision = ReadVision(vision_reader);
  for (ConfigReader* inner : {&text_reader, &vision_reader}) {
    inner->Irrelevant({"architectures"});
    reader.Include(*inner);
  }
  text.projection = vision.projection = reader.Size("projection_dim", limits::kModelWidthMax);
  SkipIrrelevant(reader);
  reader.Only("architectures", nlohmann::json::array({"CLIPModel"}));
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  ModelParts parts;
  parts.architecture = "clip";
  parts.layers = text.sizes.layers + vision.sizes.layers;
  parts.vocabulary = text.vocabulary;
  parts.positions_max = text.positions;
  parts.rules.ignored = {"text_model.embeddings.position_ids", "vision_model.embeddings.position_ids"};
  parts.outputs = {{"logits_per_image", OutputKind::kLogits},
                   {"logits_per_text", OutputKind::kLogits},
                   {"text_embeds", OutputKind::kFeatures},
                   {"image_embeds", OutputKind::kFeatures}};
  parts.inputs = [text, vision](uint64_t sequences, uint64_t positions) {
    return std::vector<InputSpec>{IdsInput(kInputIds, sequences, positions, text.vocabulary),
                                  PixelsInput(sequences, vision.picture)};
  };
  parts.build = [text, vision](LayerBuilder& builder) { return AddClip(builder, text, vision); };
  return MakeModel(std::move(parts));
}

}  // namespace

const ArchitectureEntry kClipArchitecture = {"clip", &ParseClip};
const ArchitectureEntry kClipTextArchitecture = {"clip_text_model", &ParseText};
const ArchitectureEntry kClipVisionArchitecture = {"clip_vision_model", &ParseVision};

}  // namespace plumb
