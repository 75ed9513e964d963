// ResNet, of basic or bottleneck blocks. Batch normalisation by the running statistics is folded into the convolution
// before it, so that it costs a pass over the filters and none over the pictures.
//
// The config does not say how large pictures are: "image_size", which some writers add, or else 224.
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/encoder_blocks.h"
#include "verify/inference/architectures/picture_input.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

constexpr uint64_t kSide = 224;
constexpr float kEpsilon = 1e-5f;  // Of torch's BatchNorm2d; the config has no key for it.
constexpr uint64_t kReduction = 4;

struct Resnet {
  PictureShape picture;
  uint64_t stem = 0;
  std::vector<uint64_t> widths;  // Of each stage.
  std::vector<uint64_t> depths;
  bool bottleneck = false;
  bool stride_in_first_stage = false;
  bool stride_in_bottleneck = false;  // In its first convolution rather than its second.
  UnaryFunction activation = UnaryFunction::kRelu;
  EncoderHead head = EncoderHead::kNone;
  uint64_t labels = 0;
};

void CheckStages(ConfigReader& reader, const Resnet& resnet) {
  uint64_t layers = 0;
  for (uint64_t depth : resnet.depths) layers += depth;
  if (resnet.depths.empty() || resnet.depths.size() != resnet.widths.size()) {
    reader.Refuse("depths",
                  fmt::format("has {} stages, \"hidden_sizes\" has {}", resnet.depths.size(), resnet.widths.size()));
  }
  if (layers > limits::kModelLayersMax) reader.Refuse("depths", fmt::format("has {} blocks", layers));
  for (uint64_t depth : resnet.depths) {
    if (depth == 0) reader.Refuse("depths", "has a stage without blocks");
  }
  for (uint64_t width : resnet.widths) {
    if (width == 0 || (resnet.bottleneck && width % kReduction != 0)) {
      reader.Refuse("hidden_sizes", fmt::format("has {}, expected multiples of {}", width, kReduction));
    }
  }
}

absl::StatusOr<Resnet> ReadConfig(const nlohmann::json& json) {
  ConfigReader reader(json);
  Resnet resnet;
  resnet.picture.channels = reader.Size("num_channels", limits::kModelWidthMax);
  resnet.picture.side = reader.SizeOr("image_size", limits::kModelWidthMax, kSide);
  resnet.stem = reader.Size("embedding_size", limits::kModelWidthMax);
  resnet.widths = reader.CountsOr("hidden_sizes", limits::kModelWidthMax);
  resnet.depths = reader.CountsOr("depths", limits::kModelLayersMax);
  resnet.activation = reader.Activation("hidden_act");
  resnet.stride_in_first_stage = reader.Flag("downsample_in_first_stage");
  const std::string type = reader.Text("layer_type");
  resnet.bottleneck = type == "bottleneck";
  if (type != "bottleneck" && type != "basic") reader.Refuse("layer_type", "is neither \"basic\" nor \"bottleneck\"");
  // ResNetConfig's own value, for configs older than the key.
  resnet.stride_in_bottleneck = reader.FlagOr("downsample_in_bottleneck", false) && resnet.bottleneck;
  CheckStages(reader, resnet);
  resnet.head = ReadHead(reader, "ResNet", {EncoderHead::kNone, EncoderHead::kImage});
  resnet.labels = ReadLabels(reader);
  reader.IrrelevantToAll();
  // Which stages a backbone gives; and nothing here could be tied.
  reader.Irrelevant({"out_features", "out_indices", "stage_names", "tie_word_embeddings"});
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  return resnet;
}

// One convolution and what follows it.
struct ConvShape {
  uint64_t in = 0;
  uint64_t out = 0;
  uint64_t kernel = 1;
  uint64_t stride = 1;
};

class ResnetBuilder {
 public:
  ResnetBuilder(LayerBuilder& builder, const Resnet& resnet) : builder_(builder), resnet_(resnet) {}

  // [B, C, S, S] -> [B, width, s, s].
  ValueId AddStages(ValueId x) {
    x = AddConv("embedder.embedder", x, {resnet_.picture.channels, resnet_.stem, 7, 2});
    x = builder_.Unary("embedder.activation", resnet_.activation, x);
    const WindowAttributes window = {
        .kernel = {3, 3}, .strides = {2, 2}, .dilations = {1, 1}, .pads_before = {1, 1}, .pads_after = {1, 1}};
    x = builder_.Append(OpKind::kPool, "embedder.pooler", {x}, PoolAttributes{.window = window});
    uint64_t in = resnet_.stem;
    for (size_t stage = 0; stage < resnet_.depths.size(); ++stage) {
      for (uint64_t i = 0; i < resnet_.depths[stage]; ++i) {
        const bool halves = i == 0 && (stage > 0 || resnet_.stride_in_first_stage);
        x = AddBlock(fmt::format("encoder.stages.{}.layers.{}.", stage, i), x, in, resnet_.widths[stage],
                     halves ? 2 : 1);
        in = resnet_.widths[stage];
      }
    }
    return x;
  }

 private:
  // conv(x) normed: x times w * s plus (bias - mean * s), where s = gain / sqrt(variance + epsilon).
  ValueId AddConv(const std::string& name, ValueId x, const ConvShape& shape) {
    const std::string norm = name + ".normalization.";
    const Shape channels = {shape.out};
    ValueId epsilon = builder_.Constant(norm + "epsilon", kEpsilon);
    ValueId scale = builder_.Add(norm + "variance", builder_.Weight(norm + "running_var", channels), epsilon);
    scale = builder_.Unary(norm + "rsqrt", UnaryFunction::kRsqrt, scale);
    scale = builder_.Binary(norm + "scale", BinaryFunction::kMul, scale, builder_.Weight(norm + "weight", channels));
    ValueId shift = builder_.Binary(norm + "mean.scaled", BinaryFunction::kMul,
                                    builder_.Weight(norm + "running_mean", channels), scale);
    shift = builder_.Binary(norm + "shift", BinaryFunction::kSub, builder_.Weight(norm + "bias", channels), shift);
    ValueId filters = builder_.Weight(name + ".convolution.weight", {shape.out, shape.in, shape.kernel, shape.kernel});
    filters = builder_.Binary(name + ".convolution.folded", BinaryFunction::kMul, filters,
                              builder_.Reshape(norm + "scale.filters", scale, {shape.out, 1, 1, 1}));
    const auto pad = static_cast<int64_t>(shape.kernel / 2);
    return builder_.Append(OpKind::kConv, name + ".convolution", {x, filters, shift},
                           WindowAttributes{.strides = {shape.stride, shape.stride},
                                            .dilations = {1, 1},
                                            .pads_before = {pad, pad},
                                            .pads_after = {pad, pad}});
  }

  // Inside of a block the activation is always relu; the config's is the stem's and the blocks' last.
  ValueId AddInnerConv(const std::string& name, ValueId x, const ConvShape& shape) {
    return builder_.Unary(name + ".activation", UnaryFunction::kRelu, AddConv(name, x, shape));
  }

  ValueId AddBlock(const std::string& block, ValueId x, uint64_t in, uint64_t out, uint64_t stride) {
    ValueId passed = x;
    if (in != out || stride != 1) passed = AddConv(block + "shortcut", x, {in, out, 1, stride});
    if (resnet_.bottleneck) {
      const uint64_t narrow = out / kReduction;
      const bool early = resnet_.stride_in_bottleneck;
      x = AddInnerConv(block + "layer.0", x, {in, narrow, 1, early ? stride : 1});
      x = AddInnerConv(block + "layer.1", x, {narrow, narrow, 3, early ? 1 : stride});
      x = AddConv(block + "layer.2", x, {narrow, out, 1, 1});
    } else {
      x = AddInnerConv(block + "layer.0", x, {in, out, 3, stride});
      x = AddConv(block + "layer.1", x, {out, out, 3, 1});
    }
    return builder_.Unary(block + "activation", resnet_.activation, builder_.Add(block + "residual", x, passed));
  }

  LayerBuilder& builder_;
  const Resnet& resnet_;
};

std::vector<ValueId> AddAll(LayerBuilder& builder, const Resnet& resnet) {
  ValueId x = ResnetBuilder(builder, resnet).AddStages(builder.InputNamed(kPixelValues));
  if (resnet.head == EncoderHead::kNone) {
    return {x, builder.Reduce("pooler_output", ReduceFunction::kMean, x, {2, 3}, true)};
  }
  ValueId pooled = builder.Reduce("pooled", ReduceFunction::kMean, x, {2, 3}, false);
  return {builder.Linear("classifier.1", pooled, resnet.widths.back(), resnet.labels)};
}

absl::StatusOr<std::unique_ptr<Model>> ParseResnet(const nlohmann::json& json) {
  PLUMB_ASSIGN_OR_RETURN(Resnet resnet, ReadConfig(json));
  ModelParts parts;
  parts.architecture = "resnet";
  for (uint64_t depth : resnet.depths) parts.layers += depth;
  parts.rules.prefixes = {"resnet."};
  // How many batches the statistics are of: training's affair.
  parts.rules.ignored_endings = {".num_batches_tracked"};
  if (resnet.head == EncoderHead::kNone) {
    parts.outputs = {{"last_hidden_state", OutputKind::kFeatures}, {"pooler_output", OutputKind::kFeatures}};
  } else {
    parts.outputs = {{"logits", OutputKind::kLogits}};
  }
  parts.inputs = [resnet](uint64_t sequences, uint64_t) {
    return std::vector<InputSpec>{PixelsInput(sequences, resnet.picture)};
  };
  parts.build = [resnet](LayerBuilder& builder) { return AddAll(builder, resnet); };
  return MakeModel(std::move(parts));
}

}  // namespace

const ArchitectureEntry kResnetArchitecture = {"resnet", &ParseResnet};

}  // namespace plumb
