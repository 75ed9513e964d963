#include <optional>
#include <string>
#include <utility>

#include "fmt/format.h"
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

// Puts one initializer among the parts' tensors: where it lies in a file, or what its typed fields say, as a file of
// its own in memory.
absl::Status Append(const OnnxFile& file, const OnnxTensor& tensor, TensorSourceParts& parts) {
  const std::optional<DType> dtype = DTypeOf(tensor.type);
  if (!dtype) {
    parts.notes.push_back(fmt::format("{} is a tensor of {} and is left out", tensor.name, OnnxTypeName(tensor.type)));
    return absl::OkStatus();
  }
  SourceTensor source{.name = std::string(tensor.name), .dtype = *dtype, .shape = tensor.dims};
  PLUMB_ASSIGN_OR_RETURN(OnnxBytes bytes, file.Read(tensor));
  uint64_t begin = 0;
  const OnnxFile::Part* part = bytes.owned.empty() ? file.PartOf(bytes.bytes, &begin) : nullptr;
  if (bytes.bytes.empty()) {
    parts.tensors.push_back(std::move(source));
    return absl::OkStatus();
  }
  uint32_t number = 0;
  if (part != nullptr) {
    while (parts.files[number].path != part->path) ++number;
  } else {
    number = static_cast<uint32_t>(parts.files.size());
    std::string text(reinterpret_cast<const char*>(bytes.bytes.data()), bytes.bytes.size());
    parts.files.push_back({file.parts().front()->path, MemoryByteSource(std::move(text)), true});
  }
  source.ranges.push_back({number, begin, begin + bytes.bytes.size()});
  parts.tensors.push_back(std::move(source));
  return absl::OkStatus();
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
  for (const OnnxTensor& tensor : file->model().graph.initializers) {
    PLUMB_RETURN_IF_ERROR(Append(*file, tensor, parts));
  }
  if (!file->model().graph.sparse_initializers.empty()) {
    parts.notes.push_back("sparse initializers are left out");
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
