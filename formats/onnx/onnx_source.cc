#include <optional>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "formats/onnx/graph_tensors.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/onnx/file.h"

namespace plumb {
namespace {

std::optional<DType> DTypeOf(OnnxType type) {
  static constexpr std::pair<OnnxType, DType> kTypes[] = {
      {OnnxType::kFloat, DType::kF32},
      {OnnxType::kUint8, DType::kU8},
      {OnnxType::kInt8, DType::kI8},
      {OnnxType::kUint16, DType::kU16},
      {OnnxType::kInt16, DType::kI16},
      {OnnxType::kInt32, DType::kI32},
      {OnnxType::kInt64, DType::kI64},
      {OnnxType::kBool, DType::kBool},
      {OnnxType::kFloat16, DType::kF16},
      {OnnxType::kDouble, DType::kF64},
      {OnnxType::kUint32, DType::kU32},
      {OnnxType::kUint64, DType::kU64},
      {OnnxType::kComplex64, DType::kC64},
      {OnnxType::kComplex128, DType::kC128},
      {OnnxType::kBfloat16, DType::kBF16},
      {OnnxType::kFloat8E4M3, DType::kF8E4M3},
      {OnnxType::kFloat8E4M3Fnuz, DType::kF8E4M3Fnuz},
      {OnnxType::kFloat8E5M2, DType::kF8E5M2},
      {OnnxType::kFloat8E5M2Fnuz, DType::kF8E5M2Fnuz},
      {OnnxType::kUint4, DType::kU4},
      {OnnxType::kInt4, DType::kI4},
      {OnnxType::kFloat4, DType::kF4},
      {OnnxType::kFloat8E8M0, DType::kF8E8M0},
      {OnnxType::kUint2, DType::kU2},
      {OnnxType::kInt2, DType::kI2},
  };
  for (const auto& [onnx, dtype] : kTypes) {
    if (onnx == type) return dtype;
  }
  return std::nullopt;
}

// Adds bytes that stand in no file as they are, as a file of its own in memory.
StoredRange InMemory(const OnnxFile& file, std::span<const uint8_t> bytes, TensorSourceParts& parts) {
  const auto number = static_cast<uint32_t>(parts.files.size());
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  parts.files.push_back({file.parts().front()->path, MemoryByteSource(std::move(text)), true});
  return {number, 0, bytes.size()};
}

// Puts one tensor among the parts': where it lies in a file, or what its typed fields say.
absl::Status Append(const OnnxFile& file, const std::string& name, const OnnxTensor& tensor, TensorSourceParts& parts) {
  const std::optional<DType> dtype = DTypeOf(tensor.type);
  if (!dtype || name.empty() || name.size() > limits::kTensorNameBytesMax) {
    const bool text = tensor.type == OnnxType::kString;
    std::string why = fmt::format("is of the type {}, which is not read", OnnxTypeName(tensor.type));
    if (dtype) why = fmt::format("has a name of {} bytes", name.size());
    NoteUnreadable({name, text ? "holds texts" : std::move(why), !text}, &parts.notes);
    return absl::OkStatus();
  }
  SourceTensor source{.name = name, .dtype = *dtype, .shape = tensor.dims};
  PLUMB_ASSIGN_OR_RETURN(OnnxBytes bytes, file.Read(tensor));
  uint64_t begin = 0;
  const OnnxFile::Part* part = bytes.owned.empty() ? file.PartOf(bytes.bytes, &begin) : nullptr;
  if (part != nullptr && !bytes.bytes.empty()) {
    uint32_t number = 0;
    while (parts.files[number].path != part->path) ++number;
    source.ranges.push_back({number, begin, begin + bytes.bytes.size()});
  } else if (!bytes.bytes.empty()) {
    source.ranges.push_back(InMemory(file, bytes.bytes, parts));
  }
  parts.tensors.push_back(std::move(source));
  return absl::OkStatus();
}

void AppendFloats(const OnnxFile& file, const std::string& name, const std::vector<float>& floats,
                  TensorSourceParts& parts) {
  SourceTensor source{.name = name, .dtype = DType::kF32, .shape = {floats.size()}};
  source.ranges.push_back(
      InMemory(file, {reinterpret_cast<const uint8_t*>(floats.data()), floats.size() * sizeof(float)}, parts));
  parts.tensors.push_back(std::move(source));
}

void AppendMetadata(const OnnxModelProto& model, TensorSourceParts& parts) {
  parts.metadata.push_back({.key = "ir_version", .value = model.ir_version});
  if (!model.producer.empty()) parts.metadata.push_back({.key = "producer_name", .value = std::string(model.producer)});
  for (const OnnxOpset& opset : model.opsets) {
    const std::string domain = opset.domain.empty() ? "ai.onnx" : std::string(opset.domain);
    parts.metadata.push_back({.key = "opset." + domain, .value = opset.version});
  }
  for (const OnnxMetadata& entry : model.metadata) {
    parts.metadata.push_back({.key = "metadata." + std::string(entry.key), .value = std::string(entry.value)});
  }
}

bool Recognises(const ContainerInput& input) { return LooksLikeOnnx(input.head); }

absl::StatusOr<std::unique_ptr<TensorSource>> Open(const ContainerInput& input) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<OnnxFile> file, OnnxFile::Open(*input.folder, input.path));
  TensorSourceParts parts{.format = "onnx"};
  for (const auto& part : file->parts()) parts.files.push_back({part->path, part->bytes});
  OnnxGraphTensors found = TensorsOfModel(file->model());
  for (UnreadableTensor& tensor : found.unreadable) NoteUnreadable(std::move(tensor), &parts.notes);
  for (const OnnxGraphTensor& each : found.tensors) {
    if (each.floats != nullptr) AppendFloats(*file, each.name, *each.floats, parts);
    if (each.tensor != nullptr) PLUMB_RETURN_IF_ERROR(Append(*file, each.name, *each.tensor, parts));
  }
  AppendMetadata(file->model(), parts);
  return TensorSource::New(std::move(parts));
}

}  // namespace

const ContainerFormat& OnnxFormat() {
  static constexpr ContainerFormat kFormat = {"onnx", Recognises, Open};
  return kFormat;
}

}  // namespace plumb
