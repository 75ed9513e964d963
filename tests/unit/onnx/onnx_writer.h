// Writes ONNX's protobuf messages, sound and unsound, for tests.
#ifndef PLUMB_TESTS_UNIT_ONNX_ONNX_WRITER_H_
#define PLUMB_TESTS_UNIT_ONNX_ONNX_WRITER_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace plumb::onnx_writer {

inline std::string Varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
  return out;
}
inline std::string Int(uint32_t field, int64_t value) {
  return Varint(field << 3) + Varint(static_cast<uint64_t>(value));
}
inline std::string Bytes(uint32_t field, std::string_view bytes) {
  return Varint(field << 3 | 2) + Varint(bytes.size()) + std::string(bytes);
}
inline std::string Float(uint32_t field, float value) {
  std::string bits(4, '\0');
  std::memcpy(bits.data(), &value, 4);
  return Varint(field << 3 | 5) + bits;
}
template <typename T>
std::string Raw(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

inline std::string Dims(const std::vector<int64_t>& dims) {
  std::string out;
  for (int64_t dim : dims) out += Int(1, dim);
  return out;
}
// TensorProto with raw data. Types are ONNX's numbers: 1 float, 7 int64, ...
inline std::string Tensor(std::string_view name, int type, const std::vector<int64_t>& dims, std::string_view raw) {
  return Dims(dims) + Int(2, type) + Bytes(8, name) + Bytes(9, raw);
}
inline std::string IntAttribute(std::string_view name, int64_t value) {
  return Bytes(5, Bytes(1, name) + Int(3, value) + Int(20, 2));
}
inline std::string GraphAttribute(std::string_view name, std::string_view graph) {
  return Bytes(5, Bytes(1, name) + Bytes(6, graph) + Int(20, 5));
}
// A node as a field of a graph; `attributes` are fields already.
inline std::string NodeField(std::string_view op, const std::vector<std::string>& inputs,
                             const std::vector<std::string>& outputs, std::string_view attributes = "",
                             std::string_view domain = "") {
  std::string node;
  for (const std::string& name : inputs) node += Bytes(1, name);
  for (const std::string& name : outputs) node += Bytes(2, name);
  node += Bytes(4, op);
  node += attributes;
  if (!domain.empty()) node += Bytes(7, domain);
  return Bytes(1, node);
}
// A ValueInfoProto of a tensor; a dimension of -1 is open.
inline std::string Info(std::string_view name, int type, const std::vector<int64_t>& dims) {
  std::string shape;
  for (int64_t dim : dims) shape += Bytes(1, dim < 0 ? Bytes(2, "n") : Int(1, dim));
  return Bytes(1, name) + Bytes(2, Bytes(1, Int(1, type) + Bytes(2, shape)));
}
inline std::string Input(std::string_view name, int type, const std::vector<int64_t>& dims) {
  return Bytes(11, Info(name, type, dims));
}
inline std::string Output(std::string_view name, int type = 1) { return Bytes(12, Info(name, type, {})); }
inline std::string Initializer(std::string_view tensor) { return Bytes(5, tensor); }
inline std::string Model(std::string_view graph, int opset = 17, std::string_view more = "") {
  return Int(1, 8) + Bytes(7, graph) + Bytes(8, Bytes(1, "") + Int(2, opset)) + std::string(more);
}

}  // namespace plumb::onnx_writer

#endif  // PLUMB_TESTS_UNIT_ONNX_ONNX_WRITER_H_
