#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/decoder_blocks.h"
#include "verify/inference/architectures/decoder_spec.h"
#include "verify/inference/architectures/decoder_spec_of.h"

namespace plumb {
namespace {

absl::StatusOr<Graph> BuildDecoder(const DecoderSpec& spec, uint64_t sequences, uint64_t positions) {
  GraphBuilder builder;
  DecoderBlocks blocks(builder, spec, sequences, positions);
  ValueId x = blocks.Embed(builder.Input(kInputIds, ElementType::kI32, {sequences, positions}));
  for (size_t i = 0; i < spec.layers.size() && builder.status().ok(); ++i) x = blocks.Layer(i, x);
  return builder.Build(blocks.Head(x));
}

// The tensors are those that the graph uses.
TensorRules RulesFor(const DecoderSpec& spec, const Graph& graph) {
  TensorRules rules;
  rules.prefixes = spec.prefixes;
  for (const Node& node : graph.nodes()) {
    if (node.op == OpKind::kWeight) rules.required.push_back({node.name, node.shape});
  }
  if (spec.tied) rules.copies.push_back({spec.names.head + ".weight", spec.names.embedding + ".weight"});
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    for (const std::string& buffer : spec.ignored_in_layer) {
      rules.ignored.push_back(fmt::format("{}{}.{}", spec.names.layer, i, buffer));
    }
  }
  return rules;
}

class DecoderModel : public Model {
 public:
  DecoderModel(DecoderSpec spec, TensorRules rules) : spec_(std::move(spec)), rules_(std::move(rules)) {}

  const DecoderSpec& spec() const { return spec_; }
  std::string_view architecture() const override { return spec_.architecture; }
  const TensorRules& tensors() const override { return rules_; }
  uint64_t layers() const override { return spec_.layers.size(); }
  uint64_t vocabulary() const override { return spec_.vocabulary; }
  uint64_t positions_max() const override { return spec_.positions_max; }
  absl::StatusOr<Graph> BuildGraph(uint64_t sequences, uint64_t positions) const override {
    if (sequences == 0 || positions == 0 || positions > spec_.positions_max) {
      return InvalidArgument(fmt::format("cannot run {} sequences of {} positions: the config allows 1 to {}",
                                         sequences, positions, spec_.positions_max));
    }
    return BuildDecoder(spec_, sequences, positions);
  }

 private:
  const DecoderSpec spec_;
  const TensorRules rules_;
};

}  // namespace

const DecoderSpec* DecoderSpecOf(const Model& model) {
  const auto* decoder = dynamic_cast<const DecoderModel*>(&model);
  return decoder == nullptr ? nullptr : &decoder->spec();
}

absl::StatusOr<std::unique_ptr<Model>> MakeDecoder(DecoderSpec spec) {
  if (spec.embedding_width == 0) spec.embedding_width = spec.width;
  absl::StatusOr<Graph> graph = BuildDecoder(spec, 1, 1);
  if (!graph.ok()) return WithErrorClass(Annotate(graph.status(), "config"), ErrorClass::kPolicy);
  TensorRules rules = RulesFor(spec, *graph);
  return std::make_unique<DecoderModel>(std::move(spec), std::move(rules));
}

}  // namespace plumb
