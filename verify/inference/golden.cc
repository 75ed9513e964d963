#include "plumb/inference/golden.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// The generator of DefaultTokens: its upper 31 bits, one call after another.
class Generator {
 public:
  uint64_t Next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return state_ >> 33;
  }

 private:
  uint64_t state_ = 0;
};

TensorValue Fill(const InputSpec& spec, Generator& generator) {
  const uint64_t count = ElementCount(spec.shape).value_or(0);
  if (spec.type == ElementType::kF32) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(generator.Next() >> 7) * 0x1p-23f - 1;
    return TensorValue::Of<float>(spec.shape, values);
  }
  const uint64_t below = std::max<uint64_t>(spec.ids_below, 1);
  TensorValue value = {spec.type, spec.shape, std::vector<uint8_t>(count * ElementBytes(spec.type))};
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t id = generator.Next() % below;
    std::memcpy(&value.bytes[i * ElementBytes(spec.type)], &id, ElementBytes(spec.type));
  }
  return value;
}

}  // namespace

bool IsLanguageModel(const Model& model) {
  if (model.vocabulary() == 0 || model.positions_max() == 0) return false;
  const std::vector<InputSpec> inputs = model.Inputs(1, 1);
  const std::vector<OutputSpec> outputs = model.Outputs();
  if (inputs.size() != 1 || inputs[0].name != kInputIds || inputs[0].type != ElementType::kI32) return false;
  if (inputs[0].shape != Shape{1, 1} || outputs.size() != 1 || outputs[0].kind != OutputKind::kLogits) return false;
  absl::StatusOr<Graph> graph = model.BuildGraph(1, 1);
  return graph.ok() && graph->node(graph->output()).shape == Shape{1, 1, model.vocabulary()};
}

absl::Status CheckTokens(const TokenBatch& tokens, const Model& model) {
  if (tokens.sequences == 0 || tokens.positions == 0 || tokens.positions > model.positions_max()) {
    return InvalidArgument(fmt::format("{} sequences of {} token ids, expected at least one of 1 to {}",
                                       tokens.sequences, tokens.positions, model.positions_max()));
  }
  if (tokens.ids.size() / tokens.positions != tokens.sequences || tokens.ids.size() % tokens.positions != 0) {
    return InvalidArgument(fmt::format("{} token ids do not make {} sequences of {}", tokens.ids.size(),
                                       tokens.sequences, tokens.positions));
  }
  for (size_t i = 0; i < tokens.ids.size(); ++i) {
    if (tokens.ids[i] < 0 || static_cast<uint64_t>(tokens.ids[i]) >= model.vocabulary()) {
      return InvalidArgument(fmt::format("token id {} at place {} is not below the vocabulary's size, {}",
                                         tokens.ids[i], i, model.vocabulary()));
    }
  }
  return absl::OkStatus();
}

TokenBatch DefaultTokens(const Model& model, uint64_t positions) {
  TokenBatch tokens = {.sequences = 1, .positions = std::min(model.positions_max(), positions)};
  Generator generator;
  for (uint64_t i = 0; i < tokens.positions; ++i) {
    tokens.ids.push_back(static_cast<int32_t>(generator.Next() % model.vocabulary()));
  }
  return tokens;
}

ModelInputs DefaultInputs(const Model& model, uint64_t positions) {
  ModelInputs inputs = {.sequences = 1, .positions = std::clamp<uint64_t>(positions, 1, model.positions_max())};
  Generator generator;
  for (const InputSpec& spec : model.Inputs(inputs.sequences, inputs.positions)) {
    inputs.values[spec.name] = Fill(spec, generator);
  }
  return inputs;
}

ModelInputs InputsOf(const TokenBatch& tokens) {
  ModelInputs inputs = {.sequences = tokens.sequences, .positions = tokens.positions};
  inputs.values[kInputIds] = TensorValue::Of<int32_t>({tokens.sequences, tokens.positions}, tokens.ids);
  return inputs;
}

}  // namespace plumb
