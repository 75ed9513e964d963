#include <charconv>

#include "fmt/format.h"
#include "formats/onnx/parser_scope.h"
#include "plumb/base/limits.h"

namespace plumb::onnx {
namespace {

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool IsSha1(std::string_view text) {
  return text.size() == 40 && text.find_first_not_of("0123456789abcdefABCDEF") == text.npos;
}

}  // namespace

OnnxTensor Parser::Tensor(std::span<const uint8_t> bytes) {
  OnnxTensor tensor;
  Scope scope(*this);
  if (!scope) return tensor;
  WireReader reader(bytes);
  WireField field;
  bool external = false;
  while (status_.ok() && reader.Next(field)) {
    if (field.number == 14) {
      external = Int(field) == 1;
    } else {
      TensorField(field, tensor);
    }
  }
  Finish(reader, "TensorProto");
  FinishTensor(tensor, external);
  return tensor;
}

void Parser::TensorField(const WireField& field, OnnxTensor& tensor) {
  switch (field.number) {
    case 1:
      return Dims(field, tensor.dims);
    case 2:
      tensor.type = static_cast<OnnxType>(static_cast<int32_t>(Int(field)));
      return;
    case 3:
      return Fail("a tensor is cut into segments, which no version of ONNX defines");
    case 4:
      return TypedValues(field, 4, tensor);
    case 5:
    case 7:
    case 11:
      return TypedValues(field, 0, tensor);
    case 6: {
      std::span<const uint8_t> text = Bytes(field);
      tensor.strings.emplace_back(reinterpret_cast<const char*>(text.data()), text.size());
      return;
    }
    case 8:
      tensor.name = Text(field);
      return;
    case 9:
      tensor.raw = Bytes(field);
      return;
    case 10:
      return TypedValues(field, 8, tensor);
    case 13:
      return ExternalEntry(Bytes(field), tensor);
    default:
      return;
  }
}

void Parser::TypedValues(const WireField& field, unsigned value_bytes, OnnxTensor& tensor) {
  const Wire single = value_bytes == 4 ? Wire::kFixed32 : value_bytes == 8 ? Wire::kFixed64 : Wire::kVarint;
  if (field.wire != single && field.wire != Wire::kBytes) return Fail("a tensor's values have a wrong wire type");
  if (tensor.typed && tensor.value_bytes != value_bytes) return Fail("a tensor has values in fields of two types");
  if (value_bytes != 0 && field.bytes.size() % value_bytes != 0) return Fail("a tensor's packed values are cut off");
  tensor.typed = true;
  tensor.value_bytes = value_bytes;
  const bool continues =
      !tensor.values.empty() && tensor.values.back().data() + tensor.values.back().size() == field.bytes.data();
  if (continues) {
    tensor.values.back() = {tensor.values.back().data(), tensor.values.back().size() + field.bytes.size()};
  } else if (!field.bytes.empty()) {
    tensor.values.push_back(field.bytes);
  }
}

void Parser::ExternalEntry(std::span<const uint8_t> bytes, OnnxTensor& tensor) {
  const OnnxMetadata entry = Metadata(bytes);
  if (!tensor.external) tensor.external.emplace();
  OnnxExternalData& data = *tensor.external;
  if (entry.key == "location") {
    data.location = entry.value;
  } else if (entry.key == "offset" || entry.key == "length") {
    std::optional<uint64_t> number = ParseNumber(entry.value);
    if (!number || *number > limits::kFileBytesMax) {
      return Fail(fmt::format("external data has \"{}\" for its {}", entry.value.substr(0, 32), entry.key));
    }
    if (entry.key == "offset") {
      data.offset = *number;
    } else {
      data.length = number;
    }
  } else if (entry.key == "checksum") {
    if (!IsSha1(entry.value)) return Fail("the checksum of external data is not 40 hexadecimal digits");
    data.sha1 = entry.value;
  }
}

void Parser::FinishTensor(OnnxTensor& tensor, bool external) {
  if (!status_.ok()) return;
  tensor.elements = CheckedProduct(tensor.name, tensor.dims);
  if (!external) tensor.external.reset();  // Entries mean nothing unless the data is said to lie outside.
  const int places =
      (tensor.raw ? 1 : 0) + (tensor.typed ? 1 : 0) + (external ? 1 : 0) + (tensor.strings.empty() ? 0 : 1);
  if (places > 1) {
    Fail(fmt::format("tensor \"{}\" has its elements in more than one place", tensor.name));
  } else if (external && (!tensor.external || tensor.external->location.empty())) {
    Fail(fmt::format("tensor \"{}\" has external data without a location", tensor.name));
  }
}

OnnxSparseTensor Parser::SparseTensor(std::span<const uint8_t> bytes) {
  OnnxSparseTensor sparse;
  Scope scope(*this);
  if (!scope) return sparse;
  WireReader reader(bytes);
  WireField field;
  while (status_.ok() && reader.Next(field)) {
    if (field.number == 1) sparse.values = Tensor(Bytes(field));
    if (field.number == 2) sparse.indices = Tensor(Bytes(field));
    if (field.number == 3) Dims(field, sparse.dims);
  }
  Finish(reader, "SparseTensorProto");
  CheckedProduct(sparse.values.name, sparse.dims);
  return sparse;
}

}  // namespace plumb::onnx
