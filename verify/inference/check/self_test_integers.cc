// The probes of quantised arithmetic: products of bytes less their zero points, and how numbers become bytes.
#include <cmath>
#include <limits>
#include <utility>

#include "verify/inference/check/probe.h"

namespace plumb {
namespace {

// Whole numbers from -255 to 255, a byte less its zero point; the first few are extremes, whose products add up past
// what 16 bits hold.
ProbeOperand Bytes(Shape shape, uint64_t seed) {
  ProbeOperand operand = {shape, std::vector<float>(*ElementCount(shape))};
  constexpr size_t kExtremes = 40;
  uint64_t state = seed;
  for (size_t i = 0; i < operand.values.size(); ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    operand.values[i] = i < kExtremes ? 255 : static_cast<float>(static_cast<int64_t>((state >> 33) % 511) - 255);
  }
  return operand;
}

// Bytes as they are, from `least` on.
ProbeOperand Near(Shape shape, uint64_t seed, int least) {
  ProbeOperand operand = Bytes(std::move(shape), seed);
  for (float& value : operand.values) value = static_cast<float>((static_cast<int>(value) & 255) + least);
  return operand;
}

Probe ByteProduct(std::string name, ProbeOperand a, ProbeOperand b) {
  Probe probe = {.name = std::move(name), .op = OpKind::kMatMul, .exact = true, .integers = true};
  probe.attributes = MatMulAttributes{};
  const uint64_t depth = a.shape[1];
  const uint64_t columns = b.shape[1];
  for (uint64_t i = 0; i < a.shape[0]; ++i) {
    for (uint64_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (uint64_t k = 0; k < depth; ++k) sum += double{a.values[i * depth + k]} * b.values[k * columns + j];
      probe.expected.push_back(sum);
    }
  }
  probe.operands = {std::move(a), std::move(b)};
  return probe;
}

// [1, 3, 6, 7] by [4, 3, 3, 3] with a border of 1, by its definition.
Probe ByteConvolution() {
  Probe probe = {.name = "conv_integers", .op = OpKind::kConv, .exact = true, .integers = true};
  probe.attributes = WindowAttributes{.kernel = {},
                                      .strides = {1, 1},
                                      .dilations = {1, 1},
                                      .pads_before = {1, 1},
                                      .pads_after = {1, 1},
                                      .output_padding = {},
                                      .groups = 1};
  const ProbeOperand x = Bytes({1, 3, 6, 7}, 5);
  const ProbeOperand w = Near({4, 3, 3, 3}, 6, -128);
  for (int filter = 0; filter < 4; ++filter) {
    for (int place = 0; place < 42; ++place) {
      double sum = 0;
      for (int tap = 0; tap < 27; ++tap) {
        const int row = place / 7 + tap % 9 / 3 - 1;
        const int column = place % 7 + tap % 3 - 1;
        if (row < 0 || row >= 6 || column < 0 || column >= 7) continue;
        sum += double{x.values[static_cast<size_t>(tap / 9 * 42 + row * 7 + column)]} *
               w.values[static_cast<size_t>(filter * 27 + tap)];
      }
      probe.expected.push_back(sum);
    }
  }
  probe.operands = {x, w};
  return probe;
}

Probe Halves() {
  Probe probe = {.name = "round_halves", .op = OpKind::kUnary, .exact = true};
  probe.attributes = UnaryAttributes{.function = UnaryFunction::kRound};
  probe.operands = {{{8}, {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 0.49999997f, 254.5f, 255.5f}}};
  probe.expected = {0, 2, 2, 0, -2, 0, 254, 256};
  return probe;
}

}  // namespace

std::vector<Probe> IntegerProbes() {
  // 255 * 255 * 255 is less than 2^24: sums are exact as float32, too.
  std::vector<Probe> probes;
  probes.push_back(ByteProduct("matmul_integers", Bytes({17, 255}, 1), Bytes({255, 19}, 2)));
  probes.push_back(ByteProduct("matmul_bytes", Near({33, 251}, 3, 0), Near({251, 37}, 4, -128)));
  probes.push_back(ByteProduct("matmul_one_row_of_bytes", Near({1, 251}, 7, -100), Near({251, 65}, 8, -128)));
  probes.push_back(ByteConvolution());
  probes.push_back(Halves());
  return probes;
}

}  // namespace plumb
