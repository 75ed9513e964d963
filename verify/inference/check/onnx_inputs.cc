#include "verify/inference/check/onnx_inputs.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using Bounds = std::map<std::string, uint64_t>;

constexpr uint64_t kPictureSide = 224;
constexpr uint64_t kChannels = 3;
constexpr int64_t kSampleRate = 16000;
constexpr uint64_t kShorter[] = {512, 64, 8, 1};

bool Has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string_view Trimmed(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(' '), text.size());
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

// A dimension without a name, by the input that it belongs to.
uint64_t SizeOfNameless(std::string_view input, size_t i, size_t rank, uint64_t positions) {
  if (input.starts_with("pixel")) return rank == 4 && i > 0 ? (i == 1 ? kChannels : kPictureSide) : 1;
  if (input.starts_with("past") && i + 2 == rank) return 0;
  return i > 0 && i + 1 == rank ? positions : 1;
}

std::map<std::string, uint64_t> SizesFor(const OnnxModel& model, uint64_t positions) {
  std::map<std::string, uint64_t> sizes;
  for (const OnnxInput& input : model.inputs()) {
    for (size_t i = 0; input.shape && i < input.shape->size(); ++i) {
      const OnnxDim& dim = (*input.shape)[i];
      if (dim.size) continue;
      if (dim.parameter.empty()) {
        sizes[fmt::format("{}.{}", input.name, i)] = SizeOfNameless(input.name, i, input.shape->size(), positions);
      } else {
        sizes[dim.parameter] = SizeOfDimension(dim.parameter, positions);
      }
    }
  }
  return sizes;
}

// What each element is, from its place in the last dimension and in all.
template <typename NumberOf>
void Fill(TensorValue& value, NumberOf number) {
  const uint64_t width = value.shape.empty() ? 1 : std::max<uint64_t>(value.shape.back(), 1);
  const uint64_t bytes = ElementBytes(value.type);
  for (uint64_t i = 0; i * bytes < value.bytes.size(); ++i) {
    const int64_t whole = number(i % width, i);
    if (value.type == ElementType::kF32) {
      const auto real = static_cast<float>(whole);
      std::memcpy(&value.bytes[i * bytes], &real, bytes);
    } else if (value.type == ElementType::kF64) {
      const auto real = static_cast<double>(whole);
      std::memcpy(&value.bytes[i * bytes], &real, bytes);
    } else {
      std::memcpy(&value.bytes[i * bytes], &whole, bytes);  // The low bytes: little-endian.
    }
  }
}

bool IsHalf(ElementType type) { return type == ElementType::kF16 || type == ElementType::kBF16; }

// One half-precision 1.
void FillHalfOnes(TensorValue& value) {
  const uint16_t one = value.type == ElementType::kF16 ? 0x3C00 : 0x3F80;
  for (size_t i = 0; i + 1 < value.bytes.size(); i += 2) std::memcpy(&value.bytes[i], &one, sizeof(one));
}

// Gives an input the values that its name asks for. `ids_below`: of integers; 0 when nothing is known of them.
void Choose(std::string_view name, uint64_t ids_below, uint64_t& state, TensorValue& value) {
  const bool whole = !IsFloat(value.type);
  if (Has(name, "mask")) {
    IsHalf(value.type) ? FillHalfOnes(value) : Fill(value, [](uint64_t, uint64_t) { return 1; });
  } else if (Has(name, "position_ids") && whole) {
    const uint64_t below = ids_below > 0 ? ids_below : std::numeric_limits<int32_t>::max();
    Fill(value, [=](uint64_t place, uint64_t) { return static_cast<int64_t>(place % below); });
  } else if ((Has(name, "token_type") || Has(name, "segment") || value.type == ElementType::kBool) && whole) {
    Fill(value, [](uint64_t, uint64_t) { return 0; });
  } else if ((name == "sr" || Has(name, "sample_rate") || Has(name, "sampling_rate")) && whole) {
    Fill(value, [](uint64_t, uint64_t) { return kSampleRate; });
  } else if (whole && ids_below > 0) {
    Fill(value, [&](uint64_t, uint64_t) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      return static_cast<int64_t>((state >> 33) % ids_below);
    });
  }
}

// Of the integer inputs that index tables: the fewest rows of these.
Bounds TableRows(const Graph& graph) {
  Bounds bounds;
  for (const Node& node : graph.nodes()) {
    if (node.op != OpKind::kGather) continue;
    const auto* attributes = std::get_if<GatherAttributes>(&node.attributes);
    ValueId ids = node.inputs[1];
    while (graph.node(ids).op == OpKind::kCast || graph.node(ids).op == OpKind::kReshape) {
      ids = graph.node(ids).inputs[0];
    }
    if (attributes == nullptr || graph.node(ids).op != OpKind::kInput) continue;
    const uint64_t rows = graph.node(node.inputs[0]).shape.at(attributes->axis);
    uint64_t& bound = bounds.try_emplace(graph.node(ids).name, rows).first->second;
    bound = std::min(bound, rows);
  }
  return bounds;
}

absl::StatusOr<OnnxValues> Make(const OnnxModel& model, uint64_t positions, const Bounds& bounds) {
  PLUMB_ASSIGN_OR_RETURN(OnnxValues values, model.DefaultInputs(SizesFor(model, positions)));
  uint64_t state = 0;
  for (auto& [name, value] : values) {
    auto bound = bounds.find(name);
    Choose(name, bound == bounds.end() ? 0 : bound->second, state, value);
  }
  return values;
}

// Twice: what the ids may be is known when it is known which tables they index.
absl::StatusOr<OnnxValues> TryPositions(const OnnxModel& model, uint64_t positions) {
  PLUMB_ASSIGN_OR_RETURN(OnnxValues values, Make(model, positions, {}));
  PLUMB_ASSIGN_OR_RETURN(OnnxImport first, model.BuildGraph(values));
  const Bounds bounds = TableRows(first.graph);
  if (bounds.empty()) return values;
  PLUMB_ASSIGN_OR_RETURN(values, Make(model, positions, bounds));
  PLUMB_RETURN_IF_ERROR(model.BuildGraph(values).status());
  return values;
}

}  // namespace

uint64_t SizeOfDimension(std::string_view parameter, uint64_t positions) {
  if (const size_t plus = parameter.rfind('+'); plus != std::string_view::npos) {
    const std::string_view last = Trimmed(parameter.substr(plus + 1));
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), number);
    const bool is_number = error == std::errc() && end == last.data() + last.size();
    return SizeOfDimension(Trimmed(parameter.substr(0, plus)), positions) +
           (is_number ? number : SizeOfDimension(last, positions));
  }
  if (Has(parameter, "batch")) return 1;
  if (parameter.starts_with("past") || Has(parameter, "_past")) return 0;
  if (Has(parameter, "seq") || Has(parameter, "length") || Has(parameter, "frames") || Has(parameter, "time")) {
    return positions;
  }
  if (Has(parameter, "channel")) return kChannels;
  if (Has(parameter, "height") || Has(parameter, "width")) return kPictureSide;
  return 1;
}

absl::StatusOr<OnnxValues> ChooseOnnxInputs(const OnnxModel& model, uint64_t positions) {
  absl::StatusOr<OnnxValues> found = TryPositions(model, positions);
  const absl::Status first = found.status();
  for (uint64_t shorter : kShorter) {
    if (found.ok() || absl::IsUnimplemented(first) || absl::IsResourceExhausted(first)) break;
    if (shorter != positions) found = TryPositions(model, shorter);
  }
  if (found.ok() || absl::IsUnimplemented(first) || absl::IsResourceExhausted(first)) return found;
  return absl::UnimplementedError(
      fmt::format("no inputs could be made up that the model takes; a golden with inputs of its own is needed: {}",
                  Message(first)));
}

}  // namespace plumb
