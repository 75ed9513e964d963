#include <cstring>
#include <deque>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/inference/golden.h"
#include "plumb/weights/safetensors.h"
#include "verify/inference/golden_metadata.h"

namespace plumb {
namespace {

// Collects tensors; owns what had to be widened.
class Writer {
 public:
  template <typename T>
  void Add(std::string name, DType dtype, Shape shape, std::span<const T> values) {
    std::vector<uint8_t>& bytes = owned_.emplace_back(values.size_bytes());
    if (!values.empty()) std::memcpy(bytes.data(), values.data(), values.size_bytes());
    tensors_.push_back({std::move(name), dtype, std::move(shape), bytes});
  }
  void AddIds(std::string name, Shape shape, std::span<const int32_t> ids) {
    const std::vector<int64_t> wide(ids.begin(), ids.end());
    Add<int64_t>(std::move(name), DType::kI64, std::move(shape), wide);
  }
  // Floats as F32, whole numbers of any width as I64.
  void AddValue(std::string name, const TensorValue& value) {
    if (value.type == ElementType::kF32)
      return Add<float>(std::move(name), DType::kF32, value.shape, value.As<float>());
    const uint64_t width = ElementBytes(value.type);
    std::vector<int64_t> wide(value.bytes.size() / width);
    for (size_t i = 0; i < wide.size(); ++i) std::memcpy(&wide[i], &value.bytes[i * width], width);
    Add<int64_t>(std::move(name), DType::kI64, value.shape, wide);
  }
  const std::vector<TensorToWrite>& tensors() const { return tensors_; }

 private:
  std::deque<std::vector<uint8_t>> owned_;
  std::vector<TensorToWrite> tensors_;
};

void AddSummary(const LogitSummary& summary, const TokenBatch& tokens, Writer& writer) {
  const Shape flat = {tokens.sequences, tokens.positions};
  const Shape kept = {tokens.sequences, tokens.positions, summary.kept};
  writer.Add<int32_t>("top.ids", DType::kI32, kept, summary.ids);
  writer.Add<float>("top.logits", DType::kF32, kept, summary.values);
  writer.Add<double>("log_sum_exp", DType::kF64, flat, summary.log_sum_exp);
  writer.Add<double>("tail_log_sum_exp", DType::kF64, flat, summary.tail);
  writer.Add<double>("nll", DType::kF64, {tokens.sequences}, summary.nll);
}

void AddLayers(const std::vector<LayerDigest>& layers, Writer& writer, std::map<std::string, std::string>& metadata) {
  const StoredLayers stored = StoreLayers(layers);
  if (stored.names.empty()) return;
  metadata["layers"] = stored.names;
  const uint64_t count = stored.norms.size();
  writer.Add<double>("layers.norms", DType::kF64, {count}, stored.norms);
  writer.Add<float>("layers.values", DType::kF32, {count, stored.values.size() / count}, stored.values);
}

}  // namespace

StoredLayers StoreLayers(const std::vector<LayerDigest>& layers) {
  StoredLayers stored;
  for (const LayerDigest& layer : layers) {
    if (layer.name.find(',') != std::string::npos) continue;
    stored.names += fmt::format("{}{}", stored.names.empty() ? "" : ",", layer.name);
    stored.norms.push_back(layer.norm);
    stored.values.insert(stored.values.end(), layer.values.begin(), layer.values.end());
  }
  return stored;
}

std::map<std::string, std::string> GoldenMetadata(const Golden& golden,
                                                  const std::map<std::string, std::string>& extra) {
  std::map<std::string, std::string> metadata = extra;
  metadata["dtype"] = TierName(golden.tier);
  if (!golden.config_hash.empty()) metadata["config_hash"] = golden.config_hash;
  if (!golden.text.empty()) metadata["text"] = golden.text;
  if (!golden.tokenizer.empty()) metadata["tokenizer"] = golden.tokenizer;
  return metadata;
}

absl::StatusOr<std::string> SerializeGolden(const Golden& golden, const Model& model,
                                            const std::map<std::string, std::string>& extra) {
  Writer writer;
  const TokenBatch& tokens = golden.tokens;
  if (!golden.outputs.empty()) {
    for (const auto& [name, value] : golden.inputs.values) writer.AddValue(name, value);
    const std::vector<OutputSpec> outputs = model.Outputs();
    for (size_t i = 0; i < outputs.size(); ++i) writer.AddValue(outputs[i].name, golden.outputs.at(i));
  } else {
    writer.AddIds(kInputIds, {tokens.sequences, tokens.positions}, tokens.ids);
  }
  if (!golden.logits.empty()) {
    const Shape shape = {tokens.sequences, tokens.positions, golden.logits.size() / tokens.ids.size()};
    writer.Add<float>("logits", DType::kF32, shape, golden.logits);
    return SerializeSafetensors(writer.tensors(), extra);
  }
  if (golden.summary) AddSummary(*golden.summary, tokens, writer);
  if (golden.hidden && golden.hidden->kept > 0) {
    const Shape shape = {golden.hidden->places.size() / golden.hidden->kept, golden.hidden->kept};
    writer.Add<int64_t>("hidden.places", DType::kI64, shape, golden.hidden->places);
    writer.Add<float>("hidden.values", DType::kF32, shape, golden.hidden->values);
  }
  std::map<std::string, std::string> metadata = GoldenMetadata(golden, extra);
  AddLayers(golden.layers, writer, metadata);
  return SerializeSafetensors(writer.tensors(), metadata);
}

}  // namespace plumb
