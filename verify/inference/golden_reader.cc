#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_split.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/inference/golden.h"
#include "plumb/weights/safetensors.h"
#include "plumb/weights/weight_set.h"
#include "verify/inference/golden_metadata.h"

namespace plumb {
namespace {

absl::Status Wrong(std::string_view path, std::string_view why) {
  return WithErrorClass(InvalidArgument(fmt::format("golden {}: {}", path, why)), ErrorClass::kPolicy);
}

// Reads one file's tensors.
class Reader {
 public:
  Reader(const SafetensorsFile& file, std::string_view path) : file_(file), path_(path) {}

  const TensorInfo* Find(std::string_view name) const { return file_.header().Find(name); }
  std::string Metadata(const std::string& key) const {
    auto found = file_.header().metadata().find(key);
    return found == file_.header().metadata().end() ? "" : found->second;
  }
  absl::Status Wrong(std::string_view why) const { return plumb::Wrong(path_, why); }

  // The elements of a tensor of that type and shape.
  template <typename T>
  absl::StatusOr<std::vector<T>> Read(std::string_view name, DType dtype, const Shape& shape) const {
    const TensorInfo* tensor = Find(name);
    if (tensor == nullptr) return Wrong(fmt::format("the tensor {} is missing", name));
    if (tensor->dtype != dtype || tensor->shape != shape) {
      return Wrong(fmt::format("{} is {} {}, expected {} {}", name, DTypeName(tensor->dtype), ShapeText(tensor->shape),
                               DTypeName(dtype), ShapeText(shape)));
    }
    const std::span<const uint8_t> bytes = file_.Bytes(*tensor);
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  // The same, where every element must be finite; `infinite_ok` lets -Inf pass.
  template <typename T>
  absl::StatusOr<std::vector<T>> ReadFinite(std::string_view name, DType dtype, const Shape& shape,
                                            bool infinite_ok = false) const {
    PLUMB_ASSIGN_OR_RETURN(std::vector<T> values, Read<T>(name, dtype, shape));
    for (size_t i = 0; i < values.size(); ++i) {
      if (std::isfinite(values[i]) || (infinite_ok && values[i] == -INFINITY)) continue;
      return Wrong(fmt::format("{}[{}] is {}", name, i, values[i]));
    }
    return values;
  }

  // Floats of any width, finite, with the tier that their type stands for.
  absl::StatusOr<std::vector<float>> ReadFloats(const TensorInfo& tensor) const {
    std::vector<float> values(tensor.element_count());
    PLUMB_RETURN_IF_ERROR(DecodeToF32(tensor.dtype, file_.Bytes(tensor), 0, values));
    for (size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) return Wrong(fmt::format("{}[{}] is {}", tensor.name, i, values[i]));
    }
    return values;
  }

  // Ids below `below`.
  absl::StatusOr<std::vector<int32_t>> ReadIds(const TensorInfo& tensor, uint64_t below) const {
    PLUMB_ASSIGN_OR_RETURN(std::vector<int64_t> wide, Read<int64_t>(tensor.name, DType::kI64, tensor.shape));
    std::vector<int32_t> ids;
    ids.reserve(wide.size());
    for (size_t i = 0; i < wide.size(); ++i) {
      if (wide[i] < 0 || static_cast<uint64_t>(wide[i]) >= below) {
        return Wrong(fmt::format("{}[{}] is {}, expected 0 to {}", tensor.name, i, wide[i], below - 1));
      }
      ids.push_back(static_cast<int32_t>(wide[i]));
    }
    return ids;
  }

 private:
  const SafetensorsFile& file_;
  std::string_view path_;
};

absl::Status ReadTokens(const Reader& reader, const Model& model, Golden& golden) {
  const TensorInfo* ids = reader.Find(kInputIds);
  if (ids == nullptr) return reader.Wrong("expected exactly the tensors input_ids and logits");
  if (ids->dtype != DType::kI64 || ids->shape.size() != 2) {
    return reader.Wrong(fmt::format("input_ids is {} {}, expected I64 [sequences, positions]", DTypeName(ids->dtype),
                                    ShapeText(ids->shape)));
  }
  golden.tokens.sequences = ids->shape[0];
  golden.tokens.positions = ids->shape[1];
  PLUMB_ASSIGN_OR_RETURN(golden.tokens.ids, reader.ReadIds(*ids, model.vocabulary()));
  if (absl::Status status = CheckTokens(golden.tokens, model); !status.ok()) return reader.Wrong(Message(status));
  golden.inputs = InputsOf(golden.tokens);
  return absl::OkStatus();
}

// Version 1: all logits.
absl::Status ReadLogits(const Reader& reader, const SafetensorsHeader& header, const Model& model, Golden& golden) {
  const TensorInfo* logits = reader.Find("logits");
  if (logits == nullptr || header.tensors().size() != 2) {
    return reader.Wrong("expected exactly the tensors input_ids and logits");
  }
  if (logits->dtype != DType::kF32 && logits->dtype != DType::kF16 && logits->dtype != DType::kBF16) {
    return reader.Wrong(fmt::format("logits is {}, expected F32, F16 or BF16", DTypeName(logits->dtype)));
  }
  const Shape expected = {golden.tokens.sequences, golden.tokens.positions, model.vocabulary()};
  if (logits->shape != expected) {
    return reader.Wrong(fmt::format("logits has shape {}, expected {}", ShapeText(logits->shape), ShapeText(expected)));
  }
  golden.tier = logits->dtype == DType::kF32 ? Tier::kF32 : Tier::k16Bit;
  PLUMB_ASSIGN_OR_RETURN(golden.logits, reader.ReadFloats(*logits));
  return absl::OkStatus();
}

// Ids in range and distinct, values falling: what SummarizeLogits gives.
absl::Status CheckSummary(const Reader& reader, const LogitSummary& summary, uint64_t vocabulary) {
  for (size_t i = 0; i < summary.ids.size(); ++i) {
    if (summary.ids[i] < 0 || static_cast<uint64_t>(summary.ids[i]) >= vocabulary) {
      return reader.Wrong(fmt::format("top.ids[{}] is {}, expected 0 to {}", i, summary.ids[i], vocabulary - 1));
    }
    if (i % summary.kept != 0 && summary.values[i] > summary.values[i - 1]) {
      return reader.Wrong(fmt::format("top.logits[{}] is larger than the one before it", i));
    }
  }
  for (uint64_t position = 0; position < summary.positions; ++position) {
    auto begin = summary.ids.begin() + static_cast<ptrdiff_t>(position * summary.kept);
    std::vector<int32_t> sorted(begin, begin + static_cast<ptrdiff_t>(summary.kept));
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
      return reader.Wrong(fmt::format("top.ids names a token twice at position {}", position));
    }
    if (std::isinf(summary.tail[position]) != (summary.kept == vocabulary)) {
      return reader.Wrong(fmt::format("tail_log_sum_exp[{}] is {}", position, summary.tail[position]));
    }
  }
  return absl::OkStatus();
}

// Version 2: the largest logits and what the others add up to.
absl::Status ReadSummary(const Reader& reader, const Model& model, Golden& golden) {
  const TensorInfo* ids = reader.Find("top.ids");
  const uint64_t sequences = golden.tokens.sequences;
  const uint64_t positions = golden.tokens.positions;
  if (ids == nullptr || ids->shape.size() != 3 || ids->shape[2] == 0 || ids->shape[2] > model.vocabulary()) {
    return reader.Wrong("expected top.ids of shape [sequences, positions, kept]");
  }
  LogitSummary summary = {.positions = sequences * positions, .kept = ids->shape[2]};
  const Shape kept = {sequences, positions, summary.kept};
  const Shape flat = {sequences, positions};
  PLUMB_ASSIGN_OR_RETURN(summary.ids, reader.Read<int32_t>("top.ids", DType::kI32, kept));
  PLUMB_ASSIGN_OR_RETURN(summary.values, reader.ReadFinite<float>("top.logits", DType::kF32, kept));
  PLUMB_ASSIGN_OR_RETURN(summary.log_sum_exp, reader.ReadFinite<double>("log_sum_exp", DType::kF64, flat));
  PLUMB_ASSIGN_OR_RETURN(summary.tail, reader.ReadFinite<double>("tail_log_sum_exp", DType::kF64, flat, true));
  PLUMB_ASSIGN_OR_RETURN(summary.nll, reader.ReadFinite<double>("nll", DType::kF64, {sequences}));
  PLUMB_RETURN_IF_ERROR(CheckSummary(reader, summary, model.vocabulary()));
  golden.summary = std::move(summary);
  return absl::OkStatus();
}

// What a golden of any model may have besides.
absl::Status ReadDigests(const Reader& reader, Golden& golden) {
  golden.config_hash = reader.Metadata("config_hash");
  golden.text = reader.Metadata("text");
  golden.tokenizer = reader.Metadata("tokenizer");
  if (const std::string dtype = reader.Metadata("dtype"); dtype == TierName(Tier::k16Bit)) {
    golden.tier = Tier::k16Bit;
  } else if (!dtype.empty() && dtype != TierName(Tier::kF32)) {
    return reader.Wrong(fmt::format("dtype \"{}\" is neither f32 nor 16-bit", dtype.substr(0, 64)));
  }
  if (const TensorInfo* places = reader.Find("hidden.places"); places != nullptr) {
    if (places->shape.size() != 2) return reader.Wrong("hidden.places must have two dimensions");
    HiddenDigest hidden = {.kept = places->shape[1]};
    PLUMB_ASSIGN_OR_RETURN(hidden.places, reader.Read<int64_t>("hidden.places", DType::kI64, places->shape));
    PLUMB_ASSIGN_OR_RETURN(hidden.values, reader.ReadFinite<float>("hidden.values", DType::kF32, places->shape));
    golden.hidden = std::move(hidden);
  }
  const std::string names = reader.Metadata("layers");
  if (names.empty()) return absl::OkStatus();
  const std::vector<std::string> list = absl::StrSplit(names, ',');
  const TensorInfo* values = reader.Find("layers.values");
  if (values == nullptr || values->shape.size() != 2 || values->shape[0] != list.size() || values->shape[1] == 0) {
    return reader.Wrong("expected layers.values with a row for each layer named in the metadata");
  }
  const uint64_t width = values->shape[1];
  PLUMB_ASSIGN_OR_RETURN(auto norms, reader.ReadFinite<double>("layers.norms", DType::kF64, {list.size()}));
  PLUMB_ASSIGN_OR_RETURN(auto rows, reader.ReadFinite<float>("layers.values", DType::kF32, {list.size(), width}));
  for (size_t i = 0; i < list.size(); ++i) {
    auto begin = rows.begin() + static_cast<ptrdiff_t>(i * width);
    golden.layers.push_back({list[i], norms[i], {begin, begin + static_cast<ptrdiff_t>(width)}});
  }
  return absl::OkStatus();
}

// A value for an input: ids are stored as I64, numbers as F32.
absl::StatusOr<TensorValue> ReadInput(const Reader& reader, const InputSpec& spec) {
  const TensorInfo* tensor = reader.Find(spec.name);
  if (tensor == nullptr) return reader.Wrong(fmt::format("the input {} is missing", spec.name));
  if (tensor->shape != spec.shape) {
    return reader.Wrong(
        fmt::format("{} has shape {}, expected {}", spec.name, ShapeText(tensor->shape), ShapeText(spec.shape)));
  }
  if (spec.type == ElementType::kF32) {
    PLUMB_ASSIGN_OR_RETURN(auto values, reader.ReadFinite<float>(spec.name, DType::kF32, spec.shape));
    return TensorValue::Of<float>(spec.shape, values);
  }
  constexpr uint64_t kAnyId = 1ull << 31;
  PLUMB_ASSIGN_OR_RETURN(auto ids, reader.ReadIds(*tensor, spec.ids_below == 0 ? kAnyId : spec.ids_below));
  if (spec.type == ElementType::kI32) return TensorValue::Of<int32_t>(spec.shape, ids);
  TensorValue value = {spec.type, spec.shape, std::vector<uint8_t>(ids.size() * ElementBytes(spec.type))};
  for (size_t i = 0; i < ids.size(); ++i) {
    const int64_t wide = ids[i];
    std::memcpy(&value.bytes[i * ElementBytes(spec.type)], &wide, ElementBytes(spec.type));
  }
  return value;
}

// The sizes that the recorded inputs have: those of token ids, else the first dimension of the first input.
absl::Status ReadSizes(const Reader& reader, const Model& model, ModelInputs& inputs) {
  const std::vector<InputSpec> specs = model.Inputs(1, 1);
  if (specs.empty()) return reader.Wrong("the model has no inputs");
  const TensorInfo* first = reader.Find(specs.front().name);
  if (first == nullptr || first->shape.empty()) {
    return reader.Wrong(fmt::format("the input {} is missing", specs.front().name));
  }
  inputs.sequences = first->shape[0];
  inputs.positions = 1;
  for (const char* name : {"input_ids", "decoder_input_ids"}) {
    const TensorInfo* ids = reader.Find(name);
    if (ids == nullptr || ids->shape.size() < 2) continue;
    inputs.positions = ids->shape[1];
    break;
  }
  const bool fits = inputs.sequences > 0 && inputs.positions > 0 && inputs.positions <= model.positions_max();
  if (fits) return absl::OkStatus();
  return reader.Wrong(fmt::format("{} sequences of {} positions, expected at least one of 1 to {}", inputs.sequences,
                                  inputs.positions, model.positions_max()));
}

// Inputs and outputs by name.
absl::Status ReadNamed(const Reader& reader, const Model& model, Golden& golden) {
  PLUMB_RETURN_IF_ERROR(ReadSizes(reader, model, golden.inputs));
  for (const InputSpec& spec : model.Inputs(golden.inputs.sequences, golden.inputs.positions)) {
    PLUMB_ASSIGN_OR_RETURN(golden.inputs.values[spec.name], ReadInput(reader, spec));
  }
  absl::StatusOr<Graph> graph = model.BuildGraph(golden.inputs.sequences, golden.inputs.positions);
  if (!graph.ok()) return reader.Wrong(Message(graph.status()));
  const std::vector<OutputSpec> outputs = model.Outputs();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Shape& shape = graph->node(graph->outputs().at(i)).shape;
    PLUMB_ASSIGN_OR_RETURN(auto values, reader.ReadFinite<float>(outputs[i].name, DType::kF32, shape));
    golden.outputs.push_back(TensorValue::Of<float>(shape, values));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadGoldenMetadata(const SafetensorsFile& file, std::string_view path, Golden& golden) {
  return ReadDigests(Reader(file, path), golden);
}

absl::StatusOr<Golden> LoadGolden(const Directory& folder, const std::string& path, const Model& model) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder.OpenFile(path));
  PLUMB_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::FromFd(fd.get(), path));
  const Reader reader(file, path);
  Golden golden;
  if (!IsLanguageModel(model)) {
    PLUMB_RETURN_IF_ERROR(ReadNamed(reader, model, golden));
    PLUMB_RETURN_IF_ERROR(ReadDigests(reader, golden));
    return golden;
  }
  PLUMB_RETURN_IF_ERROR(ReadTokens(reader, model, golden));
  if (reader.Find("top.ids") == nullptr) {
    PLUMB_RETURN_IF_ERROR(ReadLogits(reader, file.header(), model, golden));
    return golden;
  }
  PLUMB_RETURN_IF_ERROR(ReadSummary(reader, model, golden));
  PLUMB_RETURN_IF_ERROR(ReadDigests(reader, golden));
  return golden;
}

}  // namespace plumb
