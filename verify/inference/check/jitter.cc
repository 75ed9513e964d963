#include "verify/inference/check/jitter.h"

#include <algorithm>
#include <cmath>

namespace plumb {
namespace {

constexpr double kFloatUnit = 0x1p-22;
constexpr double kDoubleUnit = 0x1p-50;
constexpr double kBFloatProductUnit = 0x1p-8;

Noise NoiseOf(UnaryFunction function) {
  switch (function) {
    case UnaryFunction::kRelu:
    case UnaryFunction::kAbs:
    case UnaryFunction::kNeg:
    case UnaryFunction::kSign:
    case UnaryFunction::kCeil:
    case UnaryFunction::kFloor:
    case UnaryFunction::kRound:
    case UnaryFunction::kIsNan:
    case UnaryFunction::kIsInf:
    case UnaryFunction::kNot:
    case UnaryFunction::kBitNot:
      return Noise::kNone;
    case UnaryFunction::kSigmoid:
    case UnaryFunction::kTanh:
    case UnaryFunction::kErf:
    case UnaryFunction::kSoftsign:
    case UnaryFunction::kHardSigmoid:
    case UnaryFunction::kSin:
    case UnaryFunction::kCos:
      return Noise::kBounded;
    case UnaryFunction::kGeluErf:
    case UnaryFunction::kGeluTanh:
    case UnaryFunction::kQuickGelu:
    case UnaryFunction::kSilu:
    case UnaryFunction::kMish:
    case UnaryFunction::kElu:
    case UnaryFunction::kHardSwish:
      return Noise::kSum;
    default:
      return Noise::kRelative;
  }
}

Noise NoiseOf(BinaryFunction function) {
  switch (function) {
    case BinaryFunction::kAdd:
    case BinaryFunction::kSub:
    case BinaryFunction::kMul:
    case BinaryFunction::kDiv:
    case BinaryFunction::kPow:
      return Noise::kRelative;
    default:
      return Noise::kNone;
  }
}

bool IsMean(const Node& node) { return std::get<PoolAttributes>(node.attributes).kind == PoolKind::kMean; }

bool IsExtreme(ReduceFunction function) { return function == ReduceFunction::kMax || function == ReduceFunction::kMin; }

// Masks, counts, and what a function saturates at.
bool Stays(double value) {
  constexpr double kWholeMax = 0x1p22;
  return !std::isfinite(value) || (value == std::trunc(value) && std::abs(value) < kWholeMax);
}

template <typename T>
double RootMeanSquare(std::span<const T> values) {
  double sum = 0;
  uint64_t count = 0;
  for (T value : values) {
    if (!std::isfinite(value)) continue;
    sum += double{value} * value;
    ++count;
  }
  return count == 0 ? 0 : std::sqrt(sum / static_cast<double>(count));
}

template <typename T>
std::span<T> As(std::span<uint8_t> bytes) {
  return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
}

}  // namespace

Noise NoiseOf(const Node& node) {
  switch (node.op) {
    case OpKind::kUnary:
      return NoiseOf(std::get<UnaryAttributes>(node.attributes).function);
    case OpKind::kBinary:
      return NoiseOf(std::get<BinaryAttributes>(node.attributes).function);
    case OpKind::kScale:
    case OpKind::kSoftmax:
      return Noise::kRelative;
    case OpKind::kPool:
      return IsMean(node) ? Noise::kSum : Noise::kNone;
    case OpKind::kReduce:
      return IsExtreme(std::get<ReduceAttributes>(node.attributes).function) ? Noise::kNone : Noise::kSum;
    case OpKind::kCumSum:
    case OpKind::kMatMul:
    case OpKind::kConv:
    case OpKind::kConvTranspose:
    case OpKind::kResize:
    case OpKind::kLayerNorm:
    case OpKind::kRmsNorm:
    case OpKind::kRope:
    case OpKind::kAttention:
      return Noise::kSum;
    default:
      return Noise::kNone;
  }
}

bool RoundsQuantisedSoftmax(const Graph& graph, const Node& node) {
  const auto* unary = std::get_if<UnaryAttributes>(&node.attributes);
  if (unary == nullptr || unary->function != UnaryFunction::kRound || node.type != ElementType::kF32) return false;
  const Node* at = &graph.node(node.inputs[0]);
  const auto* divided = std::get_if<BinaryAttributes>(&at->attributes);
  if (divided == nullptr || divided->function != BinaryFunction::kDiv) return false;
  if (graph.node(at->inputs[1]).op != OpKind::kConstant) return false;  // Its range is not known beforehand.
  at = &graph.node(at->inputs[0]);
  while (at->op == OpKind::kReshape || at->op == OpKind::kTranspose || at->op == OpKind::kCast) {
    at = &graph.node(at->inputs[0]);
  }
  return at->op == OpKind::kSoftmax;
}

Jitter::Jitter(const Graph& graph, uint64_t seed, Precision precision)
    : state_((seed / 2 + 1) * 0x9E3779B97F4A7C15u),
      sign_(seed % 2 == 0 ? 1 : -1),
      double_unit_(kFloatUnit),
      product_unit_(precision == Precision::kF32 ? kFloatUnit : kBFloatProductUnit) {
  for (const Node& node : graph.nodes()) {
    if (RoundsQuantisedSoftmax(graph, node)) softmax_roundings_.insert(node.name);
    if (node.op == OpKind::kInput && node.type == ElementType::kF64) double_unit_ = kDoubleUnit;
  }
}

double Jitter::Draw() {
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return sign_ * static_cast<double>(static_cast<int64_t>(state_)) * 0x1p-63;
}

template <typename T>
void Jitter::MoveFloats(std::span<T> values, Noise noise, double unit) {
  const double spread = noise == Noise::kBounded ? 1 : noise == Noise::kSum ? RootMeanSquare<T>(values) : 0;
  for (T& value : values) {
    if (!Stays(value)) value = static_cast<T>(value + Draw() * unit * (std::abs(value) + spread));
  }
}

void Jitter::MoveHalves(std::span<uint16_t> values, uint16_t infinity) {
  for (uint16_t& value : values) {
    const uint16_t size = value & 0x7FFF;
    const double draw = Draw();
    if (size == 0 || size + 1 >= infinity || std::abs(draw) > 0.5) continue;
    value = static_cast<uint16_t>(draw > 0 ? value + 1 : value - 1);
  }
}

void Jitter::MoveWhole(std::span<float> values) {
  for (float& value : values) {
    const double draw = Draw();
    if (std::abs(draw) < 0.125) value += draw > 0 ? 1.0f : -1.0f;
  }
}

void Jitter::Move(ElementType type, std::span<uint8_t> bytes, Noise noise, double unit) {
  switch (type) {
    case ElementType::kF32:
      return MoveFloats(As<float>(bytes), noise, unit);
    case ElementType::kF64:
      return MoveFloats(As<double>(bytes), noise, double_unit_);
    case ElementType::kF16:
      return MoveHalves(As<uint16_t>(bytes), 0x7C00);
    case ElementType::kBF16:
      return MoveHalves(As<uint16_t>(bytes), 0x7F80);
    default:
      return;
  }
}

void Jitter::Disturb(const Node& node, std::span<uint8_t> bytes) {
  const Noise noise = NoiseOf(node);
  if (noise == Noise::kNone && softmax_roundings_.contains(node.name)) MoveWhole(As<float>(bytes));
  if (noise == Noise::kNone) return;
  const bool product = node.op == OpKind::kMatMul || node.op == OpKind::kConv || node.op == OpKind::kConvTranspose;
  Move(node.type, bytes, noise, product ? product_unit_ : kFloatUnit);
}

ModelInputs Jitter::Moved(ModelInputs inputs) {
  for (auto& [name, value] : inputs.values) {
    if (value.type == ElementType::kF32 || value.type == ElementType::kF64) {
      Move(value.type, value.bytes, Noise::kRelative, kFloatUnit);
    }
  }
  return inputs;
}

}  // namespace plumb
