#include "verify/inference/check/onnx_golden.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <numeric>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/refuse.h"
#include "plumb/weights/safetensors.h"
#include "plumb/weights/weight_set.h"
#include "verify/inference/golden_metadata.h"

namespace plumb {
namespace {

constexpr uint64_t kWholeElementsMax = 1 << 18;
constexpr std::string_view kInput = "in.";
constexpr std::string_view kOutput = "out.";
constexpr std::string_view kSample = "sample.";

constexpr std::pair<ElementType, DType> kTypes[] = {
    {ElementType::kF32, DType::kF32}, {ElementType::kI32, DType::kI32}, {ElementType::kBool, DType::kBool},
    {ElementType::kI8, DType::kI8},   {ElementType::kI16, DType::kI16}, {ElementType::kI64, DType::kI64},
    {ElementType::kU8, DType::kU8},   {ElementType::kU16, DType::kU16}, {ElementType::kU32, DType::kU32},
    {ElementType::kU64, DType::kU64}, {ElementType::kF16, DType::kF16}, {ElementType::kBF16, DType::kBF16},
    {ElementType::kF64, DType::kF64},
};

DType DTypeOf(ElementType type) {
  return std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& pair) { return pair.first == type; })
      ->second;
}

template <typename T>
std::span<const uint8_t> BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)};
}

// Reads one golden.
class Reader {
 public:
  Reader(const SafetensorsFile& file, std::string_view path) : file_(file), path_(path) {}

  absl::Status Wrong(std::string_view why) const { return RefusedFile(fmt::format("golden {}: {}", path_, why)); }

  // The tensor as a value; no NaN, and with `finite` no infinity. REQUIRES: `tensor` is of the file.
  absl::StatusOr<TensorValue> Read(const TensorInfo& tensor, bool finite) const {
    auto type = std::find_if(std::begin(kTypes), std::end(kTypes),
                             [&](const auto& pair) { return pair.second == tensor.dtype; });
    if (type == std::end(kTypes)) {
      return Wrong(fmt::format("{} is {}, which no ONNX model has", tensor.name, DTypeName(tensor.dtype)));
    }
    const std::span<const uint8_t> bytes = file_.Bytes(tensor);
    TensorValue value = {type->first, tensor.shape, {bytes.begin(), bytes.end()}};
    if (!IsFloat(value.type)) return value;
    std::vector<float> numbers(tensor.element_count());
    PLUMB_RETURN_IF_ERROR(DecodeToF32(tensor.dtype, bytes, 0, numbers));
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (std::isnan(numbers[i]) || (finite && !std::isfinite(numbers[i]))) {
        return Wrong(fmt::format("{}[{}] is {}", tensor.name, i, numbers[i]));
      }
    }
    return value;
  }

  absl::Status ReadInput(const OnnxInput& input, Golden& golden) const {
    const std::string name = fmt::format("{}{}", kInput, input.name);
    const TensorInfo* tensor = file_.header().Find(name);
    if (tensor == nullptr) return input.has_default ? absl::OkStatus() : Wrong(fmt::format("{} is missing", name));
    if (tensor->dtype != DTypeOf(input.type)) {
      return Wrong(
          fmt::format("{} is {}, expected {}", name, DTypeName(tensor->dtype), DTypeName(DTypeOf(input.type))));
    }
    bool fits = !input.shape || input.shape->size() == tensor->shape.size();
    for (size_t i = 0; fits && input.shape && i < tensor->shape.size(); ++i) {
      fits = (*input.shape)[i].size.value_or(tensor->shape[i]) == tensor->shape[i];
    }
    // Runtimes take one number in any rank.
    fits = fits || tensor->element_count() == 1;
    if (!fits)
      return Wrong(fmt::format("{} has shape {}, which the model does not take", name, ShapeText(tensor->shape)));
    PLUMB_ASSIGN_OR_RETURN(golden.inputs.values[input.name], Read(*tensor, /*finite=*/false));
    return absl::OkStatus();
  }

  absl::Status ReadOutput(const std::string& name, Golden& golden) const {
    const TensorInfo* tensor = file_.header().Find(fmt::format("{}{}", kOutput, name));
    if (tensor == nullptr) tensor = file_.header().Find(fmt::format("{}{}", kSample, name));
    if (tensor == nullptr) return Wrong(fmt::format("the output {}{} is missing", kOutput, name));
    PLUMB_ASSIGN_OR_RETURN(TensorValue value, Read(*tensor, /*finite=*/true));
    golden.outputs.push_back(SampleOutput(value));
    return absl::OkStatus();
  }

  // That every tensor is an input's or output's, or part of the digests.
  absl::Status CheckNames(const OnnxModel& model) const {
    std::set<std::string> known = {"layers.norms", "layers.values"};
    for (const OnnxInput& input : model.inputs()) known.insert(fmt::format("{}{}", kInput, input.name));
    for (const std::string& output : model.outputs()) {
      known.insert(fmt::format("{}{}", kOutput, output));
      known.insert(fmt::format("{}{}", kSample, output));
    }
    for (const TensorInfo& tensor : file_.header().tensors()) {
      if (!known.contains(tensor.name)) return Wrong(fmt::format("{} is no input or output", tensor.name));
    }
    return absl::OkStatus();
  }

 private:
  const SafetensorsFile& file_;
  std::string_view path_;
};

}  // namespace

TensorValue SampleOutput(const TensorValue& output) {
  const uint64_t width = ElementBytes(output.type);
  const uint64_t count = output.bytes.size() / width;
  if (count <= kWholeElementsMax) return output;
  // A step that shares no factor with the last dimension comes to all of its places.
  const uint64_t row = output.shape.empty() ? 1 : output.shape.back();
  uint64_t step = (count + kWholeElementsMax - 1) / kWholeElementsMax;
  while (std::gcd(step, row) != 1) ++step;
  const uint64_t kept = (count + step - 1) / step;
  TensorValue sample = {output.type, {kept}, std::vector<uint8_t>(kept * width)};
  for (uint64_t i = 0; i < kept; ++i) {
    std::memcpy(&sample.bytes[i * width], &output.bytes[i * step * width], width);
  }
  return sample;
}

absl::StatusOr<Golden> LoadOnnxGolden(const Directory& folder, const std::string& path, const OnnxModel& model) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder.OpenFile(path));
  PLUMB_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::FromFd(fd.get(), path));
  const Reader reader(file, path);
  Golden golden;
  golden.inputs.sequences = golden.inputs.positions = 1;
  for (const OnnxInput& input : model.inputs()) PLUMB_RETURN_IF_ERROR(reader.ReadInput(input, golden));
  for (const std::string& output : model.outputs()) PLUMB_RETURN_IF_ERROR(reader.ReadOutput(output, golden));
  PLUMB_RETURN_IF_ERROR(reader.CheckNames(model));
  PLUMB_RETURN_IF_ERROR(ReadGoldenMetadata(file, path, golden));
  return golden;
}

absl::StatusOr<std::string> SerializeOnnxGolden(const Golden& golden, const std::vector<std::string>& outputs,
                                                const std::map<std::string, std::string>& extra) {
  std::vector<TensorToWrite> tensors;
  auto add = [&](std::string_view prefix, const std::string& name, const TensorValue& value) {
    tensors.push_back({fmt::format("{}{}", prefix, name), DTypeOf(value.type), value.shape, value.bytes});
  };
  for (const auto& [name, value] : golden.inputs.values) add(kInput, name, value);
  std::deque<TensorValue> samples;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const TensorValue& sample = samples.emplace_back(SampleOutput(golden.outputs.at(i)));
    add(sample.shape == golden.outputs[i].shape ? kOutput : kSample, outputs[i], sample);
  }
  std::map<std::string, std::string> metadata = GoldenMetadata(golden, extra);
  const StoredLayers layers = StoreLayers(golden.layers);
  if (const uint64_t count = layers.norms.size(); count > 0) {
    metadata["layers"] = layers.names;
    tensors.push_back({"layers.norms", DType::kF64, {count}, BytesOf<double>(layers.norms)});
    tensors.push_back(
        {"layers.values", DType::kF32, {count, layers.values.size() / count}, BytesOf<float>(layers.values)});
  }
  return SerializeSafetensors(tensors, metadata);
}

}  // namespace plumb
