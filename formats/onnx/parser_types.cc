#include "fmt/format.h"
#include "formats/onnx/parser_scope.h"
#include "plumb/base/limits.h"

namespace plumb::onnx {

OnnxValueInfo Parser::ValueInfo(std::span<const uint8_t> bytes) {
  OnnxValueInfo info;
  Scope scope(*this);
  if (!scope) return info;
  WireReader reader(bytes);
  WireField field;
  while (status_.ok() && reader.Next(field)) {
    if (field.number == 1) info.name = Text(field);
    if (field.number == 2) Type(Bytes(field), info);
  }
  Finish(reader, "ValueInfoProto");
  return info;
}

void Parser::Type(std::span<const uint8_t> bytes, OnnxValueInfo& info) {
  using Kind = OnnxValueInfo::Kind;
  Scope scope(*this);
  if (!scope) return;
  WireReader reader(bytes);
  WireField field;
  while (status_.ok() && reader.Next(field)) {
    switch (field.number) {
      case 1:
        info.kind = Kind::kTensor;
        TensorTypeOf(Bytes(field), info);
        break;
      case 4:
        info.kind = Kind::kSequence;
        break;
      case 5:
        info.kind = Kind::kMap;
        break;
      case 8:
        info.kind = Kind::kSparseTensor;
        break;
      case 9:
        info.kind = Kind::kOptional;
        break;
      default:
        break;
    }
  }
  Finish(reader, "TypeProto");
}

void Parser::TensorTypeOf(std::span<const uint8_t> bytes, OnnxValueInfo& info) {
  Scope scope(*this);
  if (!scope) return;
  WireReader reader(bytes);
  WireField field;
  while (status_.ok() && reader.Next(field)) {
    if (field.number == 1) info.type = static_cast<OnnxType>(static_cast<int32_t>(Int(field)));
    if (field.number == 2) info.shape = ShapeOf(Bytes(field));
  }
  Finish(reader, "TypeProto.Tensor");
}

std::vector<OnnxDimension> Parser::ShapeOf(std::span<const uint8_t> bytes) {
  std::vector<OnnxDimension> shape;
  Scope scope(*this);
  if (!scope) return shape;
  WireReader reader(bytes);
  WireField field;
  while (status_.ok() && reader.Next(field)) {
    if (field.number != 1) continue;
    if (shape.size() >= limits::kTensorRankMax) Fail("a declared shape has too many dimensions");
    shape.push_back(Dimension(Bytes(field)));
  }
  Finish(reader, "TensorShapeProto");
  return shape;
}

OnnxDimension Parser::Dimension(std::span<const uint8_t> bytes) {
  OnnxDimension dimension;
  Scope scope(*this);
  if (!scope) return dimension;
  WireReader reader(bytes);
  WireField field;
  while (status_.ok() && reader.Next(field)) {
    if (field.number == 1) {
      const int64_t size = Int(field);
      // Exporters write -1 for a size they do not know.
      if (size < -1) Fail(fmt::format("a declared shape has the negative dimension {}", size));
      dimension.size = size < 0 ? std::nullopt : std::optional<uint64_t>(size);
    }
    if (field.number == 2) dimension.parameter = Text(field);
  }
  Finish(reader, "TensorShapeProto.Dimension");
  return dimension;
}

}  // namespace plumb::onnx
