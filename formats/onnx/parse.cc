#include "plumb/onnx/parse.h"

#include <algorithm>
#include <array>

#include "fmt/format.h"
#include "formats/onnx/parser.h"
#include "plumb/base/limits.h"
#include "plumb/base/onnx_limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

struct TypeRow {
  std::string_view name;
  unsigned bits;
};
constexpr std::array<TypeRow, 27> kTypes = {{
    {"UNDEFINED", 0},      {"FLOAT", 32},    {"UINT8", 8},        {"INT8", 8},           {"UINT16", 16},
    {"INT16", 16},         {"INT32", 32},    {"INT64", 64},       {"STRING", 0},         {"BOOL", 8},
    {"FLOAT16", 16},       {"DOUBLE", 64},   {"UINT32", 32},      {"UINT64", 64},        {"COMPLEX64", 64},
    {"COMPLEX128", 128},   {"BFLOAT16", 16}, {"FLOAT8E4M3FN", 8}, {"FLOAT8E4M3FNUZ", 8}, {"FLOAT8E5M2", 8},
    {"FLOAT8E5M2FNUZ", 8}, {"UINT4", 4},     {"INT4", 4},         {"FLOAT4E2M1", 4},     {"FLOAT8E8M0", 8},
    {"UINT2", 2},          {"INT2", 2},
}};

const TypeRow* RowOf(OnnxType type) {
  const auto number = static_cast<size_t>(type);
  return number < kTypes.size() ? &kTypes[number] : nullptr;
}

}  // namespace

std::string OnnxTypeName(OnnxType type) {
  const TypeRow* row = RowOf(type);
  return row != nullptr ? std::string(row->name) : fmt::format("type {}", static_cast<int>(type));
}

unsigned OnnxTypeBits(OnnxType type) {
  const TypeRow* row = RowOf(type);
  return row != nullptr ? row->bits : 0;
}

const OnnxAttribute* OnnxNode::Find(std::string_view attribute) const {
  auto found = std::find_if(attributes.begin(), attributes.end(),
                            [&](const OnnxAttribute& each) { return each.name == attribute; });
  return found == attributes.end() ? nullptr : &*found;
}

absl::StatusOr<OnnxModelProto> ParseOnnxModel(std::span<const uint8_t> bytes) {
  if (bytes.size() > limits::kOnnxBytesMax) {
    return WithErrorClass(InvalidArgument(fmt::format("ONNX: the model has {} bytes, more than a protobuf message may "
                                                      "have; larger ones keep their tensors in external data",
                                                      bytes.size())),
                          ErrorClass::kPolicy);
  }
  onnx::Parser parser;
  OnnxModelProto model = parser.Model(bytes);
  PLUMB_RETURN_IF_ERROR(parser.status());
  return model;
}

absl::StatusOr<OnnxTensor> ParseOnnxTensor(std::span<const uint8_t> bytes) {
  onnx::Parser parser;
  OnnxTensor tensor = parser.Tensor(bytes);
  PLUMB_RETURN_IF_ERROR(parser.status());
  return tensor;
}

bool LooksLikeOnnx(std::span<const uint8_t> head) {
  // Writers put fields in the order of their numbers: ir_version (1) first, then a text (2 to 4, 6), the model's
  // version (5), the graph (7) or an operator set (8).
  // IR versions before 3 have no operator sets, and look like other formats' messages.
  constexpr uint8_t kIrVersionMin = 3;
  constexpr uint8_t kIrVersionMax = 100;
  if (head.size() < 4 || head[0] != 0x08) return false;
  if (head[1] < kIrVersionMin || head[1] > kIrVersionMax) return false;
  constexpr std::array<uint8_t, 7> kTags = {0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42};
  return std::find(kTags.begin(), kTags.end(), head[2]) != kTags.end();
}

}  // namespace plumb
