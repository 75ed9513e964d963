#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/onnx/importer.h"

namespace plumb::onnx {
namespace {

static_assert(std::endian::native == std::endian::little, "ONNX's raw form is little-endian");

// Tensors of more elements are named and read when they are needed; smaller ones are part of the graph.
constexpr uint64_t kConstantElementsMax = 1024;

// Element i of packed ones, the first in the lowest bits.
uint8_t Unpack(std::span<const uint8_t> bytes, uint64_t i, unsigned bits, bool is_signed) {
  const uint64_t per_byte = 8 / bits;
  const unsigned shift = static_cast<unsigned>(i % per_byte) * bits;
  const auto value = static_cast<uint8_t>((bytes[i / per_byte] >> shift) & ((1u << bits) - 1));
  const auto sign = static_cast<uint8_t>(1u << (bits - 1));
  return is_signed ? static_cast<uint8_t>((value ^ sign) - sign) : value;
}

// Masks hold infinities; nothing that is meant holds NaN.
absl::Status ExpectNumbers(const std::string& name, uint64_t first, std::span<const float> values) {
  auto broken = std::find_if(values.begin(), values.end(), [](float value) { return std::isnan(value); });
  if (broken == values.end()) return absl::OkStatus();
  return WithErrorClass(OutOfRange(fmt::format("tensor \"{}\": element {} is nan", name,
                                               first + static_cast<uint64_t>(broken - values.begin()))),
                        ErrorClass::kPolicy);
}

}  // namespace

absl::StatusOr<TensorValue> ValueOf(const OnnxTensor& tensor, const OnnxBytes& bytes) {
  const std::optional<ElementType> type = ElementTypeFor(tensor.type);
  if (!type) {
    return absl::UnimplementedError(
        fmt::format("tensor \"{}\" has type {}, which has no arithmetic here", tensor.name, OnnxTypeName(tensor.type)));
  }
  TensorValue value = {*type, tensor.dims, {}};
  const unsigned bits = OnnxTypeBits(tensor.type);
  if (bits < 8) {
    value.bytes.resize(tensor.elements);
    const bool is_signed = *type == ElementType::kI8;
    for (uint64_t i = 0; i < tensor.elements; ++i) value.bytes[i] = Unpack(bytes.bytes, i, bits, is_signed);
    return value;
  }
  value.bytes.assign(bytes.bytes.begin(), bytes.bytes.end());
  if (*type == ElementType::kBool) {
    for (uint8_t& byte : value.bytes) byte = byte != 0 ? 1 : 0;
  }
  return value;
}

Weights::Weights(const OnnxFile& file) : file_(file) {
  Index(file.model().graph);
  for (const OnnxFunction& function : file.model().functions) IndexNodes(function.nodes);
}

void Weights::Index(const OnnxGraph& graph) {
  for (const OnnxTensor& tensor : graph.initializers) Add(tensor, tensor.name);
  IndexNodes(graph.nodes);
}

void Weights::IndexNodes(std::span<const OnnxNode> nodes) {
  for (const OnnxNode& node : nodes) {
    for (const OnnxAttribute& attribute : node.attributes) {
      if (attribute.tensor) Add(*attribute.tensor, node.outputs.empty() ? node.name : node.outputs[0]);
      if (attribute.graph) Index(*attribute.graph);
    }
  }
}

void Weights::Add(const OnnxTensor& tensor, std::string_view name) {
  if (tensor.type != OnnxType::kFloat || tensor.elements <= kConstantElementsMax) return;
  std::string unique(name);
  while (by_name_.contains(unique)) unique = fmt::format("{}#{}", name, ++used_[std::string(name)] + 1);
  by_name_.emplace(unique, &tensor);
  names_.emplace(&tensor, std::move(unique));
}

const std::string* Weights::NameOf(const OnnxTensor& tensor) const {
  auto found = names_.find(&tensor);
  return found == names_.end() ? nullptr : &found->second;
}

absl::Status Weights::LoadPart(const std::string& name, uint64_t first, std::span<float> out) const {
  auto found = by_name_.find(name);
  if (found == by_name_.end()) return NotFound(fmt::format("the model has no weight \"{}\"", name));
  PLUMB_ASSIGN_OR_RETURN(OnnxBytes bytes, file_.Read(*found->second));
  const uint64_t count = bytes.bytes.size() / sizeof(float);
  if (first > count || out.size() > count - first) {
    return OutOfRange(fmt::format("weight \"{}\" has {} elements", name, count));
  }
  if (!out.empty()) std::memcpy(out.data(), bytes.bytes.data() + first * sizeof(float), out.size_bytes());
  return ExpectNumbers(name, first, out);
}

absl::Status Weights::Load(const std::string& name, std::span<float> out) const { return LoadPart(name, 0, out); }

absl::Status Weights::Check(const std::string& name) const {
  {
    std::lock_guard lock(mutex_);
    if (checked_.contains(name)) return absl::OkStatus();
  }
  auto found = by_name_.find(name);
  if (found == by_name_.end()) return NotFound(fmt::format("the model has no weight \"{}\"", name));
  constexpr uint64_t kPartElements = 1 << 16;
  std::vector<float> part(std::min(found->second->elements, kPartElements));
  for (uint64_t first = 0; first < found->second->elements; first += part.size()) {
    const uint64_t size = std::min<uint64_t>(part.size(), found->second->elements - first);
    PLUMB_RETURN_IF_ERROR(LoadPart(name, first, std::span(part).first(size)));
  }
  std::lock_guard lock(mutex_);
  checked_.insert(name);
  return absl::OkStatus();
}

TensorView Weights::View(const std::string& name, ElementType type) const {
  auto found = by_name_.find(name);
  if (found == by_name_.end() || type != ElementType::kF32) return {};
  absl::StatusOr<OnnxBytes> bytes = file_.Read(*found->second);
  if (!bytes.ok() || !bytes->owned.empty()) return {};  // Load says what is wrong.
  const bool aligned = reinterpret_cast<uintptr_t>(bytes->bytes.data()) % alignof(float) == 0;
  return aligned ? TensorView{type, bytes->bytes} : TensorView{};
}

}  // namespace plumb::onnx
