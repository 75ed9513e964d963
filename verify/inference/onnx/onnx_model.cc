#include <algorithm>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/inference/onnx.h"
#include "plumb/onnx/file.h"
#include "verify/inference/onnx/importer.h"

namespace plumb {
namespace {

absl::StatusOr<OnnxInput> ReadInput(const OnnxValueInfo& info) {
  const std::optional<ElementType> type = onnx::ElementTypeFor(info.type);
  if (info.kind != OnnxValueInfo::Kind::kTensor || !type) {
    return absl::UnimplementedError(fmt::format("input \"{}\" is no tensor of numbers", info.name));
  }
  OnnxInput input = {.name = std::string(info.name), .type = *type};
  if (info.shape) {
    input.shape.emplace();
    for (const OnnxDimension& dimension : *info.shape) {
      input.shape->push_back({dimension.size, std::string(dimension.parameter)});
    }
  }
  return input;
}

TensorValue DefaultValue(ElementType type, Shape shape, uint64_t count) {
  TensorValue value = {type, std::move(shape), std::vector<uint8_t>(count * ElementBytes(type))};
  uint64_t state = 0;
  for (uint64_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const float spread = static_cast<float>(state >> 40) * 0x1p-23f - 1;
    if (type == ElementType::kF32) {
      std::memcpy(value.bytes.data() + i * sizeof(float), &spread, sizeof(float));
    } else if (type == ElementType::kF64) {
      const double wide = spread;
      std::memcpy(value.bytes.data() + i * sizeof(double), &wide, sizeof(double));
    } else if (IsFloat(type)) {  // 0 or 1 / 8192, which is near zero in both 16-bit types: not infinite, not NaN.
      value.bytes[i * 2 + 1] = static_cast<uint8_t>(i % 2 * 0x08);
    } else {
      value.bytes[i * ElementBytes(type)] = static_cast<uint8_t>(i % 2);
    }
  }
  return value;
}

}  // namespace

OnnxModel::OnnxModel() = default;
OnnxModel::~OnnxModel() = default;

absl::StatusOr<std::unique_ptr<OnnxModel>> OnnxModel::FromFile(std::unique_ptr<OnnxFile> file) {
  std::unique_ptr<OnnxModel> model(new OnnxModel());
  const OnnxGraph& graph = file->model().graph;
  std::set<std::string_view> defaults;
  for (const OnnxTensor& tensor : graph.initializers) defaults.insert(tensor.name);
  for (const OnnxValueInfo& info : graph.inputs) {
    PLUMB_ASSIGN_OR_RETURN(OnnxInput input, ReadInput(info));
    input.has_default = defaults.contains(info.name);
    model->inputs_.push_back(std::move(input));
  }
  for (const OnnxValueInfo& info : graph.outputs) model->outputs_.emplace_back(info.name);
  model->weights_ = std::make_unique<onnx::Weights>(*file);
  model->file_ = std::move(file);
  return model;
}

absl::StatusOr<std::unique_ptr<OnnxModel>> OnnxModel::Open(const Directory& folder, std::string_view path) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<OnnxFile> file, OnnxFile::Open(folder, path));
  return FromFile(std::move(file));
}

absl::StatusOr<std::unique_ptr<OnnxModel>> OnnxModel::FromBytes(std::string bytes) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<OnnxFile> file, OnnxFile::FromBytes(MemoryByteSource(std::move(bytes))));
  return FromFile(std::move(file));
}

absl::StatusOr<OnnxValues> OnnxModel::DefaultInputs(const std::map<std::string, uint64_t>& sizes) const {
  OnnxValues values;
  for (const OnnxInput& input : inputs_) {
    if (input.has_default) continue;
    std::vector<OnnxDim> dims = input.shape.value_or(std::vector<OnnxDim>());
    if (!input.shape) {
      while (sizes.contains(fmt::format("{}.{}", input.name, dims.size()))) dims.emplace_back();
      if (dims.empty()) return InvalidArgument(fmt::format("input \"{}\" has no declared shape", input.name));
    }
    Shape shape;
    for (size_t i = 0; i < dims.size(); ++i) {
      const OnnxDim& dim = dims[i];
      uint64_t size = dim.size.value_or(1);
      if (!dim.size) {
        for (const std::string& name : {dim.parameter, fmt::format("{}.{}", input.name, i)}) {
          if (auto found = sizes.find(name); found != sizes.end()) size = found->second;
        }
      }
      shape.push_back(size);
    }
    constexpr uint64_t kInputElementsMax = 1u << 28;
    const std::optional<uint64_t> count = ElementCount(shape);
    if (!count || *count > kInputElementsMax) {
      return InvalidArgument(fmt::format("input \"{}\" of shape {} is too large", input.name, ShapeText(shape)));
    }
    values.emplace(input.name, DefaultValue(input.type, shape, *count));
  }
  return values;
}

absl::StatusOr<OnnxImport> OnnxModel::BuildGraph(const OnnxValues& inputs, const OnnxImportOptions& options) const {
  onnx::Importer importer(*file_, static_cast<const onnx::Weights&>(*weights_), inputs, options);
  return importer.Run(inputs_);
}

absl::StatusOr<OnnxValues> RunOnnx(const OnnxModel& model, const OnnxImport& import, const OnnxValues& inputs,
                                   const Backend& backend, PlanSummary* summary) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Executable> executable, backend.Plan(import.graph));
  if (summary != nullptr) *summary = executable->summary();
  RunInputs run;
  for (const auto& [name, value] : inputs) run.tensors[name] = value.view();
  run.weights = &model.weights();
  PLUMB_ASSIGN_OR_RETURN(RunResult result, executable->Run(run));
  OnnxValues outputs;
  for (size_t i = 0; i < import.output_names.size(); ++i) {
    outputs.insert_or_assign(import.output_names[i], std::move(result.outputs[i]));
  }
  return outputs;
}

absl::StatusOr<TensorValue> ParseOnnxTensorValue(std::string_view bytes) {
  PLUMB_ASSIGN_OR_RETURN(OnnxTensor tensor, ParseOnnxTensor(AsBytes(bytes)));
  PLUMB_ASSIGN_OR_RETURN(OnnxBytes elements, ReadOnnxTensor(tensor));
  return onnx::ValueOf(tensor, elements);
}

}  // namespace plumb
