#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/onnx/file.h"
#include "plumb/protowire/wire_reader.h"

namespace plumb {
namespace {

absl::Status Refuse(const OnnxTensor& tensor, std::string_view why) {
  return WithErrorClass(
      InvalidArgument(fmt::format("ONNX: tensor \"{}\" of type {} {}", tensor.name, OnnxTypeName(tensor.type), why)),
      ErrorClass::kPolicy);
}

// Whether the typed field that `tensor` uses is the one for its type: float_data (4 bytes each), double_data (8), or
// one of the varint fields (0).
bool FieldFitsType(const OnnxTensor& tensor) {
  switch (tensor.type) {
    case OnnxType::kFloat:
    case OnnxType::kComplex64:
      return tensor.value_bytes == 4;
    case OnnxType::kDouble:
    case OnnxType::kComplex128:
      return tensor.value_bytes == 8;
    default:
      return tensor.value_bytes == 0;
  }
}

// Elements of fewer than 8 bits come packed in typed fields as they do in raw ones: a byte for each value.
uint64_t ValueBytes(const OnnxTensor& tensor) {
  const unsigned bits = OnnxTypeBits(tensor.type);
  return bits < 8 ? 1 : bits / 8;
}

absl::StatusOr<OnnxBytes> ReadVarints(const OnnxTensor& tensor, uint64_t expected) {
  OnnxBytes result;
  const uint64_t width = ValueBytes(tensor);
  uint64_t stored = 0;
  for (std::span<const uint8_t> run : tensor.values) stored += run.size();
  if (expected / width > stored) return Refuse(tensor, "has fewer values than its shape says");
  result.owned.reserve(expected);
  for (std::span<const uint8_t> rest : tensor.values) {
    while (!rest.empty()) {
      std::optional<uint64_t> value = TakeVarint(rest);
      if (!value) return Refuse(tensor, "has a value that is cut off");
      if (result.owned.size() >= expected) return Refuse(tensor, "has more values than its shape says");
      for (uint64_t i = 0; i < width; ++i) result.owned.push_back(static_cast<uint8_t>(*value >> (8 * i)));
    }
  }
  if (result.owned.size() != expected) return Refuse(tensor, "has fewer values than its shape says");
  result.bytes = result.owned;
  return result;
}

absl::StatusOr<OnnxBytes> ReadFixed(const OnnxTensor& tensor, uint64_t expected) {
  uint64_t stored = 0;
  for (std::span<const uint8_t> run : tensor.values) stored += run.size();
  if (stored != expected) return Refuse(tensor, fmt::format("has {} bytes of values, expected {}", stored, expected));
  OnnxBytes result;
  if (tensor.values.size() == 1) {
    result.bytes = tensor.values.front();
    return result;
  }
  for (std::span<const uint8_t> run : tensor.values) result.owned.insert(result.owned.end(), run.begin(), run.end());
  result.bytes = result.owned;
  return result;
}

}  // namespace

absl::StatusOr<OnnxBytes> ReadOnnxTensor(const OnnxTensor& tensor) {
  const unsigned bits = OnnxTypeBits(tensor.type);
  if (bits == 0) return Refuse(tensor, "has elements that are no numbers");
  const uint64_t expected = (tensor.elements * bits + 7) / 8;
  if (tensor.external) return Refuse(tensor, "has external data, and there is no folder to look for it");
  if (tensor.typed) {
    if (!FieldFitsType(tensor)) return Refuse(tensor, "has its values in a field of another type");
    return tensor.value_bytes == 0 ? ReadVarints(tensor, expected) : ReadFixed(tensor, expected);
  }
  OnnxBytes result;
  if (tensor.raw) result.bytes = *tensor.raw;
  if (result.bytes.size() != expected) {
    return Refuse(tensor, fmt::format("has {} bytes, expected {}", result.bytes.size(), expected));
  }
  return result;
}

}  // namespace plumb
