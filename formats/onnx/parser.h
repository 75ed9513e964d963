// The messages of onnx.proto, read into plumb/onnx/proto.h's structures.
#ifndef PLUMB_FORMATS_ONNX_PARSER_H_
#define PLUMB_FORMATS_ONNX_PARSER_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "plumb/onnx/proto.h"
#include "plumb/protowire/wire_reader.h"

namespace plumb::onnx {

// Reads one file's messages. The first error is kept; what is read after it means nothing.
class Parser {
 public:
  OnnxModelProto Model(std::span<const uint8_t> bytes);
  OnnxTensor Tensor(std::span<const uint8_t> bytes);
  const absl::Status& status() const { return status_; }

 private:
  // Counts messages and depth while one is read.
  class Scope;

  OnnxGraph Graph(std::span<const uint8_t> bytes);
  OnnxNode Node(std::span<const uint8_t> bytes);
  OnnxAttribute Attribute(std::span<const uint8_t> bytes);
  void AttributeValue(const WireField& field, OnnxAttribute& attribute);
  void CheckAttribute(OnnxAttribute& attribute);
  OnnxFunction Function(std::span<const uint8_t> bytes);
  OnnxOpset Opset(std::span<const uint8_t> bytes);
  OnnxMetadata Metadata(std::span<const uint8_t> bytes);
  OnnxValueInfo ValueInfo(std::span<const uint8_t> bytes);
  void Type(std::span<const uint8_t> bytes, OnnxValueInfo& info);
  void TensorTypeOf(std::span<const uint8_t> bytes, OnnxValueInfo& info);
  std::vector<OnnxDimension> ShapeOf(std::span<const uint8_t> bytes);
  OnnxDimension Dimension(std::span<const uint8_t> bytes);
  OnnxSparseTensor SparseTensor(std::span<const uint8_t> bytes);
  void TensorField(const WireField& field, OnnxTensor& tensor);
  void TypedValues(const WireField& field, unsigned value_bytes, OnnxTensor& tensor);
  void ExternalEntry(std::span<const uint8_t> bytes, OnnxTensor& tensor);
  void FinishTensor(OnnxTensor& tensor, bool external);
  uint64_t CheckedProduct(std::string_view name, const std::vector<uint64_t>& dims);

  // Values of fields; each reports a wire type that is not the field's.
  std::span<const uint8_t> Bytes(const WireField& field);
  std::string_view Text(const WireField& field);  // UTF-8.
  int64_t Int(const WireField& field);
  float Float(const WireField& field);
  void Ints(const WireField& field, std::vector<int64_t>& ints);  // Packed or one by one.
  void Floats(const WireField& field, std::vector<float>& floats);
  void Dims(const WireField& field, std::vector<uint64_t>& dims);
  void Finish(const WireReader& reader, std::string_view message);
  void Fail(std::string_view why);

  absl::Status status_;
  size_t depth_ = 0;
  size_t messages_ = 0;
};

}  // namespace plumb::onnx

#endif  // PLUMB_FORMATS_ONNX_PARSER_H_
