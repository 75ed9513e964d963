// What an ONNX file holds, as its protobuf messages say it: views into the file's bytes, checked for form and size.
//
// Names are those of onnx.proto (IR versions 3 to 13). Everything is borrowed from the bytes that were parsed.
#ifndef PLUMB_ONNX_PROTO_H_
#define PLUMB_ONNX_PROTO_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plumb {

// TensorProto.DataType, with its numbers.
enum class OnnxType : int {
  kUndefined = 0,
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13,
  kComplex64 = 14,
  kComplex128 = 15,
  kBfloat16 = 16,
  kFloat8E4M3 = 17,
  kFloat8E4M3Fnuz = 18,
  kFloat8E5M2 = 19,
  kFloat8E5M2Fnuz = 20,
  kUint4 = 21,
  kInt4 = 22,
  kFloat4 = 23,
  kFloat8E8M0 = 24,
  kUint2 = 25,
  kInt2 = 26,
};

// `FLOAT`, `INT64`, ...; `type 99` for numbers that nobody has defined.
std::string OnnxTypeName(OnnxType type);
// Bits of an element; 0 for STRING and unknown types.
unsigned OnnxTypeBits(OnnxType type);

// Where the bytes of a tensor outside the model lie.
struct OnnxExternalData {
  std::string_view location;  // Relative to the model's folder.
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  std::string_view sha1;  // 40 hexadecimal digits, or empty.
};

// TensorProto. Its elements stand in exactly one place; their number is checked against `dims` when they are read.
struct OnnxTensor {
  std::string_view name;
  OnnxType type = OnnxType::kUndefined;
  std::vector<uint64_t> dims;
  uint64_t elements = 1;  // Product of `dims`, below 2^42.
  std::optional<std::span<const uint8_t>> raw;
  std::optional<OnnxExternalData> external;
  // Values in typed fields, in order: little-endian numbers of `value_bytes` each, or varints when that is 0.
  std::vector<std::span<const uint8_t>> values;
  unsigned value_bytes = 0;
  bool typed = false;                     // Some typed field occurs.
  std::vector<std::string_view> strings;  // Of STRING.
};

// SparseTensorProto: elements of a tensor that are not zero, and where.
struct OnnxSparseTensor {
  OnnxTensor values;
  OnnxTensor indices;
  std::vector<uint64_t> dims;
};

// One dimension of a declared shape: a size, a name for one, or neither.
struct OnnxDimension {
  std::optional<uint64_t> size;
  std::string_view parameter;
};

// ValueInfoProto.
struct OnnxValueInfo {
  enum class Kind { kUnknown, kTensor, kSparseTensor, kSequence, kMap, kOptional };
  std::string_view name;
  Kind kind = Kind::kUnknown;
  OnnxType type = OnnxType::kUndefined;  // Of a tensor's elements.
  std::optional<std::vector<OnnxDimension>> shape;
};

struct OnnxGraph;

// AttributeProto.
struct OnnxAttribute {
  enum class Type {
    kUndefined = 0,
    kFloat = 1,
    kInt = 2,
    kString = 3,
    kTensor = 4,
    kGraph = 5,
    kFloats = 6,
    kInts = 7,
    kStrings = 8,
    kTensors = 9,
    kGraphs = 10,
    kSparseTensor = 11,
    kSparseTensors = 12,
    kTypeProto = 13,
    kTypeProtos = 14,
  };
  std::string_view name;
  Type type = Type::kUndefined;
  std::string_view reference;  // The attribute of the function whose value this one has; empty: its own.
  float f = 0;
  int64_t i = 0;
  std::string_view s;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string_view> strings;
  std::shared_ptr<const OnnxTensor> tensor;
  std::shared_ptr<const OnnxGraph> graph;
  std::shared_ptr<const OnnxSparseTensor> sparse_tensor;
};

// NodeProto. An empty input or output name stands for one that is left out.
struct OnnxNode {
  std::string_view name;
  std::string_view op_type;
  std::string_view domain;  // Empty for ONNX's own operators; `ai.onnx` is read as that.
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::vector<OnnxAttribute> attributes;

  // nullptr when there is none of that name.
  const OnnxAttribute* Find(std::string_view attribute) const;
};

// GraphProto.
struct OnnxGraph {
  std::string_view name;
  std::vector<OnnxNode> nodes;
  std::vector<OnnxTensor> initializers;
  std::vector<OnnxSparseTensor> sparse_initializers;
  std::vector<OnnxValueInfo> inputs;
  std::vector<OnnxValueInfo> outputs;
  std::vector<OnnxValueInfo> value_info;
};

// OperatorSetIdProto.
struct OnnxOpset {
  std::string_view domain;  // Empty for ONNX's own.
  int64_t version = 0;
};

// FunctionProto.
struct OnnxFunction {
  std::string_view name;
  std::string_view domain;
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::vector<std::string_view> attributes;  // Without defaults.
  std::vector<OnnxAttribute> defaults;
  std::vector<OnnxNode> nodes;
  std::vector<OnnxOpset> opsets;
};

// A key and a value beside the model.
struct OnnxMetadata {
  std::string_view key;
  std::string_view value;
};

// ModelProto.
struct OnnxModelProto {
  int64_t ir_version = 0;
  std::string_view producer;
  std::vector<OnnxOpset> opsets;
  OnnxGraph graph;
  std::vector<OnnxFunction> functions;
  std::vector<OnnxMetadata> metadata;
};

}  // namespace plumb

#endif  // PLUMB_ONNX_PROTO_H_
