#include <bit>

#include "fmt/format.h"
#include "formats/onnx/parser.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"

namespace plumb::onnx {
namespace {

float FloatAt(std::span<const uint8_t> bytes) {
  uint32_t bits = 0;
  for (size_t i = 0; i < 4; ++i) bits |= static_cast<uint32_t>(bytes[i]) << (8 * i);
  return std::bit_cast<float>(bits);
}

}  // namespace

void Parser::Fail(std::string_view why) {
  if (status_.ok()) status_ = WithErrorClass(InvalidArgument(fmt::format("ONNX: {}", why)), ErrorClass::kPolicy);
}

void Parser::Finish(const WireReader& reader, std::string_view message) {
  if (!reader.error().empty()) Fail(fmt::format("{}: {}", message, reader.error()));
}

std::span<const uint8_t> Parser::Bytes(const WireField& field) {
  if (field.wire == Wire::kBytes) return field.bytes;
  Fail(fmt::format("field {} of a message has another wire type than bytes", field.number));
  return {};
}

std::string_view Parser::Text(const WireField& field) {
  std::span<const uint8_t> bytes = Bytes(field);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (IsValidUtf8(text)) return text;
  Fail(fmt::format("a name of {} bytes is not UTF-8", text.size()));
  return {};
}

int64_t Parser::Int(const WireField& field) {
  if (field.wire == Wire::kVarint) return static_cast<int64_t>(field.value);
  Fail(fmt::format("field {} of a message has another wire type than a varint", field.number));
  return 0;
}

float Parser::Float(const WireField& field) {
  if (field.wire == Wire::kFixed32) return FloatAt(field.bytes);
  Fail(fmt::format("field {} of a message has another wire type than a 32-bit number", field.number));
  return 0;
}

void Parser::Ints(const WireField& field, std::vector<int64_t>& ints) {
  if (field.wire == Wire::kVarint) return ints.push_back(static_cast<int64_t>(field.value));
  std::span<const uint8_t> rest = Bytes(field);
  while (!rest.empty()) {
    std::optional<uint64_t> value = TakeVarint(rest);
    if (!value) return Fail("a packed number is cut off or too long");
    ints.push_back(static_cast<int64_t>(*value));
  }
}

void Parser::Floats(const WireField& field, std::vector<float>& floats) {
  if (field.wire == Wire::kFixed32) return floats.push_back(FloatAt(field.bytes));
  std::span<const uint8_t> rest = Bytes(field);
  if (rest.size() % 4 != 0) return Fail("packed 32-bit numbers are cut off");
  for (; !rest.empty(); rest = rest.subspan(4)) floats.push_back(FloatAt(rest));
}

void Parser::Dims(const WireField& field, std::vector<uint64_t>& dims) {
  std::vector<int64_t> values;
  Ints(field, values);
  for (int64_t value : values) {
    if (value < 0) return Fail(fmt::format("a tensor has the negative dimension {}", value));
    if (dims.size() >= limits::kTensorRankMax) {
      return Fail(fmt::format("a tensor has more than {} dimensions", limits::kTensorRankMax));
    }
    dims.push_back(static_cast<uint64_t>(value));
  }
}

uint64_t Parser::CheckedProduct(std::string_view name, const std::vector<uint64_t>& dims) {
  uint64_t product = 1;
  bool empty = false;
  for (uint64_t size : dims) {
    if (size == 0) {
      empty = true;
    } else if (size > limits::kTensorElementsMax / product) {
      Fail(fmt::format("tensor \"{}\" has more than {} elements", name, limits::kTensorElementsMax));
      return 0;
    } else {
      product *= size;
    }
  }
  return empty ? 0 : product;
}

}  // namespace plumb::onnx
