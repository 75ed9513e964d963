#include "verify/inference/check/onnx_inputs.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/check/onnx_shapes.h"

namespace plumb {
namespace {

using Bounds = std::map<std::string, uint64_t>;

constexpr int64_t kSampleRate = 16000;

bool Has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

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

absl::StatusOr<OnnxValues> Make(const OnnxModel& model, const std::map<std::string, uint64_t>& sizes,
                                const Bounds& bounds) {
  PLUMB_ASSIGN_OR_RETURN(OnnxValues values, model.DefaultInputs(sizes));
  uint64_t state = 0;
  for (auto& [name, value] : values) {
    auto bound = bounds.find(name);
    Choose(name, bound == bounds.end() ? 0 : bound->second, state, value);
  }
  return values;
}

// Twice: what the ids may be is known when it is known which tables they index.
absl::StatusOr<OnnxValues> TrySizes(const OnnxModel& model, const std::map<std::string, uint64_t>& sizes) {
  PLUMB_ASSIGN_OR_RETURN(OnnxValues values, Make(model, sizes, {}));
  PLUMB_ASSIGN_OR_RETURN(OnnxImport first, model.BuildGraph(values));
  const Bounds bounds = TableRows(first.graph);
  if (bounds.empty()) return values;
  PLUMB_ASSIGN_OR_RETURN(values, Make(model, sizes, bounds));
  PLUMB_RETURN_IF_ERROR(model.BuildGraph(values).status());
  return values;
}

// Sizes in the order in which they are tried: sequences shorter and shorter, pictures and sounds of other usual sizes.
std::vector<ContentSizes> Attempts(const OnnxModel& model, uint64_t positions) {
  static constexpr uint64_t kPositions[] = {512, 64, 8, 1};
  static constexpr uint64_t kSides[] = {256, 320, 512, 640, 64, 32, 28};
  static constexpr uint64_t kSamples[] = {32000, 8000, 512, 480000};
  const OnnxSizes sizes = ChooseOnnxSizes(model, {.positions = positions});
  const size_t more = std::max(
      {std::size(kPositions), sizes.has_pictures ? std::size(kSides) : 0, sizes.has_sounds ? std::size(kSamples) : 0});
  std::vector<ContentSizes> attempts = {{.positions = positions}};
  for (size_t i = 0; i < more; ++i) {
    const uint64_t shorter = kPositions[std::min(i, std::size(kPositions) - 1)];
    if (shorter == positions && !sizes.has_pictures && !sizes.has_sounds) continue;
    attempts.push_back({.positions = shorter,
                        .side = kSides[std::min(i, std::size(kSides) - 1)],
                        .samples = kSamples[std::min(i, std::size(kSamples) - 1)]});
  }
  return attempts;
}

}  // namespace

absl::StatusOr<OnnxValues> ChooseOnnxInputs(const OnnxModel& model, uint64_t positions) {
  absl::Status first;
  for (const ContentSizes& wanted : Attempts(model, positions)) {
    const OnnxSizes sizes = ChooseOnnxSizes(model, wanted);
    absl::StatusOr<OnnxValues> found = TrySizes(model, sizes.sizes);
    if (found.ok() && sizes.unknown.empty()) return found;
    if (first.ok()) first = found.ok() ? absl::UnimplementedError("") : found.status();
    if (found.ok() || !sizes.unknown.empty()) {
      return absl::UnimplementedError(
          fmt::format("nothing says how large the inputs' dimensions are that the model leaves open: {}; a golden with "
                      "inputs of its own is needed",
                      sizes.unknown));
    }
    if (absl::IsUnimplemented(first) || absl::IsResourceExhausted(first)) return first;
  }
  return absl::UnimplementedError(
      fmt::format("no inputs could be made up that the model takes; a golden with inputs of its own is needed: {}",
                  Message(first)));
}

}  // namespace plumb
