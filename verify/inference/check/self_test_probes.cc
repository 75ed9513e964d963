// The probes of the self-test, each with an oracle in double that shares no code with any backend.
#include <cmath>
#include <limits>
#include <utility>

#include "verify/inference/check/probe.h"

namespace plumb {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

// Numbers that are the same on every machine.
class Source {
 public:
  explicit Source(uint64_t seed) : state_(seed) {}
  // Whole numbers from -most to most.
  ProbeOperand Integers(Shape shape, int64_t most, bool weight = false) {
    return Fill(std::move(shape), weight, [&] {
      const auto range = static_cast<uint64_t>(2 * most + 1);
      return static_cast<float>(static_cast<int64_t>(Next() % range) - most);
    });
  }
  // About normal, with the eight bits of a bfloat16, so that products of rounded operands are products of these.
  ProbeOperand Normal(Shape shape, bool weight = false) {
    return Fill(std::move(shape), weight, [&] {
      double sum = -6;
      for (int i = 0; i < 12; ++i) sum += static_cast<double>(Next()) * 0x1p-31;
      int exponent = 0;
      const double mantissa = std::frexp(sum, &exponent);
      return static_cast<float>(std::ldexp(std::nearbyint(mantissa * 256), exponent - 8));
    });
  }

 private:
  uint64_t Next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return state_ >> 33;
  }
  template <typename Draw>
  ProbeOperand Fill(Shape shape, bool weight, Draw draw) {
    ProbeOperand operand = {shape, std::vector<float>(*ElementCount(shape)), weight};
    for (float& value : operand.values) value = draw();
    return operand;
  }
  uint64_t state_;
};

std::vector<double> Product(const ProbeOperand& a, const ProbeOperand& b, bool transpose_b, const ProbeOperand* bias) {
  const uint64_t m = a.shape[0];
  const uint64_t k = a.shape[1];
  const uint64_t n = transpose_b ? b.shape[0] : b.shape[1];
  std::vector<double> result(m * n);
  for (uint64_t i = 0; i < m; ++i) {
    for (uint64_t j = 0; j < n; ++j) {
      double sum = bias == nullptr ? 0 : bias->values[j];
      for (uint64_t x = 0; x < k; ++x) {
        sum += double{a.values[i * k + x]} * b.values[transpose_b ? j * k + x : x * n + j];
      }
      result[i * n + j] = sum;
    }
  }
  return result;
}

// Sizes that no vector width divides.
Probe MatMul(std::string name, bool exact, bool transpose_b, uint64_t m, uint64_t k, uint64_t n) {
  Source source(k + n);
  auto draw = [&](Shape shape, bool weight) {
    return exact ? source.Integers(std::move(shape), 64, weight) : source.Normal(std::move(shape), weight);
  };
  Probe probe = {.name = std::move(name), .op = OpKind::kMatMul, .exact = exact};
  probe.attributes = MatMulAttributes{.transpose_b = transpose_b};
  probe.operands = {draw({m, k}, false), draw(transpose_b ? Shape{n, k} : Shape{k, n}, true), draw({n}, true)};
  probe.expected = Product(probe.operands[0], probe.operands[1], transpose_b, &probe.operands[2]);
  return probe;
}

// Strides, padding and groups, on whole numbers.
Probe ExactConvolution() {
  constexpr uint64_t kGroups = 2, kIn = 6, kOut = 10, kSize = 11, kKernel = 3, kStride = 2, kResult = 6;
  Source source(3);
  Probe probe = {.name = "conv_exact", .op = OpKind::kConv, .exact = true};
  probe.attributes = WindowAttributes{.strides = {kStride, kStride},
                                      .dilations = {1, 1},
                                      .pads_before = {1, 1},
                                      .pads_after = {1, 1},
                                      .groups = kGroups};
  probe.operands = {source.Integers({1, kIn, kSize, kSize}, 64),
                    source.Integers({kOut, kIn / kGroups, kKernel, kKernel}, 64, true)};
  const std::vector<float>& x = probe.operands[0].values;
  const std::vector<float>& w = probe.operands[1].values;
  for (uint64_t o = 0; o < kOut; ++o) {
    for (uint64_t at = 0; at < kResult * kResult; ++at) {
      double sum = 0;
      for (uint64_t c = 0; c < kIn / kGroups; ++c) {
        for (uint64_t place = 0; place < kKernel * kKernel; ++place) {
          const uint64_t row = at / kResult * kStride + place / kKernel;
          const uint64_t column = at % kResult * kStride + place % kKernel;
          if (row < 1 || row > kSize || column < 1 || column > kSize) continue;  // In the padding.
          const uint64_t channel = o / (kOut / kGroups) * (kIn / kGroups) + c;
          sum += double{x[(channel * kSize + row - 1) * kSize + column - 1]} *
                 w[(o * (kIn / kGroups) + c) * kKernel * kKernel + place];
        }
      }
      probe.expected.push_back(sum);
    }
  }
  return probe;
}

// Each query finds one key by a score so far above the others that their shares are 0; later keys score higher still
// and must be masked. Two heads share each head of keys.
Probe ExactAttention() {
  constexpr uint64_t kPositions = 16, kSize = 16, kHeads = 4, kGroups = 2;
  Source source(5);
  Probe probe = {.name = "attention_exact", .op = OpKind::kAttention, .exact = true};
  probe.attributes = AttentionAttributes{.heads = kHeads, .kv_heads = kGroups, .scale = 1, .causal = true};
  ProbeOperand q = {{1, kPositions, kHeads * kSize}, std::vector<float>(kPositions * kHeads * kSize)};
  ProbeOperand k = {{1, kPositions, kGroups * kSize}, std::vector<float>(kPositions * kGroups * kSize)};
  ProbeOperand v = source.Integers({1, kPositions, kGroups * kSize}, 128);
  for (uint64_t t = 0; t < kPositions; ++t) {
    for (uint64_t g = 0; g < kGroups; ++g) k.values[(t * kGroups + g) * kSize + t] = 64;
    for (uint64_t h = 0; h < kHeads; ++h) {
      const uint64_t wanted = (t * 7 + h) % (t + 1);
      float* query = &q.values[(t * kHeads + h) * kSize];
      for (uint64_t later = t + 1; later < kPositions; ++later) query[later] = 128;
      query[wanted] = 64;
    }
  }
  for (uint64_t t = 0; t < kPositions; ++t) {
    for (uint64_t h = 0; h < kHeads; ++h) {
      const uint64_t wanted = (t * 7 + h) % (t + 1);
      for (uint64_t i = 0; i < kSize; ++i) {
        probe.expected.push_back(v.values[(wanted * kGroups + h / (kHeads / kGroups)) * kSize + i]);
      }
    }
  }
  probe.operands = {std::move(q), std::move(k), std::move(v)};
  return probe;
}

Probe Function(std::string name, UnaryFunction function, double (*oracle)(double)) {
  Probe probe = {.name = std::move(name), .op = OpKind::kUnary};
  probe.attributes = UnaryAttributes{.function = function};
  probe.operands = {Source(7).Normal({3, 257})};
  for (float value : probe.operands[0].values) probe.expected.push_back(oracle(value));
  return probe;
}

Probe LayerNorm() {
  constexpr uint64_t kRows = 5, kWidth = 768;
  constexpr double kEpsilon = 1e-5;
  Source source(11);
  Probe probe = {.name = "layer_norm", .op = OpKind::kLayerNorm};
  probe.attributes = LayerNormAttributes{kEpsilon};
  probe.operands = {source.Normal({kRows, kWidth}), source.Normal({kWidth}, true), source.Normal({kWidth}, true)};
  for (uint64_t row = 0; row < kRows; ++row) {
    const float* x = &probe.operands[0].values[row * kWidth];
    double mean = 0;
    double variance = 0;
    for (uint64_t i = 0; i < kWidth; ++i) mean += x[i] / double{kWidth};
    for (uint64_t i = 0; i < kWidth; ++i) variance += (x[i] - mean) * (x[i] - mean) / double{kWidth};
    for (uint64_t i = 0; i < kWidth; ++i) {
      probe.expected.push_back((x[i] - mean) / std::sqrt(variance + kEpsilon) * probe.operands[1].values[i] +
                               probe.operands[2].values[i]);
    }
  }
  return probe;
}

Probe RmsNorm() {
  constexpr uint64_t kRows = 5, kWidth = 768;
  Source source(13);
  Probe probe = {.name = "rms_norm", .op = OpKind::kRmsNorm};
  probe.attributes = RmsNormAttributes{.epsilon = 1e-6, .gain_offset = 1};
  probe.operands = {source.Normal({kRows, kWidth}), source.Normal({kWidth}, true)};
  for (uint64_t row = 0; row < kRows; ++row) {
    const float* x = &probe.operands[0].values[row * kWidth];
    double square = 0;
    for (uint64_t i = 0; i < kWidth; ++i) square += double{x[i]} * x[i] / double{kWidth};
    for (uint64_t i = 0; i < kWidth; ++i) {
      probe.expected.push_back(x[i] / std::sqrt(square + 1e-6) * (1 + double{probe.operands[1].values[i]}));
    }
  }
  return probe;
}

Probe Softmax() {
  constexpr uint64_t kRows = 5, kWidth = 769;
  Probe probe = {.name = "softmax", .op = OpKind::kSoftmax};
  probe.operands = {Source(17).Normal({kRows, kWidth})};
  for (uint64_t row = 0; row < kRows; ++row) {
    double sum = 0;
    for (uint64_t i = 0; i < kWidth; ++i) sum += std::exp(double{probe.operands[0].values[row * kWidth + i]});
    for (uint64_t i = 0; i < kWidth; ++i) {
      probe.expected.push_back(std::exp(double{probe.operands[0].values[row * kWidth + i]}) / sum);
    }
  }
  return probe;
}

// A row masked throughout gives zeros, one key left gives 1, NaN spoils its row alone.
Probe MaskedSoftmax() {
  Probe probe = {.name = "softmax_masked", .op = OpKind::kSoftmax, .exact = true};
  const float inf = kInfinity;
  probe.operands = {{{4, 3}, {-inf, -inf, -inf, -inf, 3, -inf, 2, -inf, 2, 1, kNan, 2}}};
  probe.expected = {0, 0, 0, 0, 1, 0, 0.5, 0, 0.5, kNan, kNan, kNan};
  return probe;
}

Probe BrokenProduct() {
  Probe probe = {.name = "matmul_nan_inf", .op = OpKind::kMatMul, .exact = true};
  probe.operands = {{{3, 2}, {1, kNan, 2, 3, kInfinity, 1}}, {{2, 2}, {1, 2, 4, 8}}};
  probe.expected = {kNan, kNan, 14, 28, kInfinity, kInfinity};
  return probe;
}

Probe BrokenMaximum() {
  Probe probe = {.name = "max_nan_inf", .op = OpKind::kBinary, .exact = true};
  probe.attributes = BinaryAttributes{BinaryFunction::kMax};
  probe.operands = {{{5}, {kNan, 1, kInfinity, -kInfinity, 2}}, {{5}, {1, kNan, 3, 4, -kInfinity}}};
  probe.expected = {kNan, kNan, kInfinity, 4, 2};
  return probe;
}

Probe BrokenFunction(std::string name, UnaryFunction function, std::vector<double> expected) {
  Probe probe = {.name = std::move(name), .op = OpKind::kUnary, .expected = std::move(expected), .exact = true};
  probe.attributes = UnaryAttributes{.function = function};
  probe.operands = {{{3}, {kNan, kInfinity, -kInfinity}}};
  return probe;
}

}  // namespace

std::vector<Probe> SelfTestProbes() {
  const double inf = kInfinity;
  std::vector<Probe> probes;
  // 64 * 64 * 1021 is less than 2^24: no sum is rounded, in whatever order it is taken.
  probes.push_back(MatMul("matmul_exact", true, false, 33, 1021, 31));
  probes.push_back(MatMul("matmul_transposed_exact", true, true, 17, 1021, 65));
  probes.push_back(MatMul("matmul_one_row_exact", true, true, 1, 1021, 129));
  probes.push_back(ExactConvolution());
  probes.push_back(ExactAttention());
  probes.push_back(MatMul("matmul", false, true, 33, 768, 65));
  probes.push_back(LayerNorm());
  probes.push_back(RmsNorm());
  probes.push_back(Softmax());
  probes.push_back(Function("gelu_erf", UnaryFunction::kGeluErf,
                            [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }));
  probes.push_back(Function("gelu_tanh", UnaryFunction::kGeluTanh, [](double x) {
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  }));
  probes.push_back(Function("silu", UnaryFunction::kSilu, [](double x) { return x / (1 + std::exp(-x)); }));
  probes.push_back(Function("tanh", UnaryFunction::kTanh, [](double x) { return std::tanh(x); }));
  probes.push_back(Function("exp", UnaryFunction::kExp, [](double x) { return std::exp(x); }));
  probes.push_back(MaskedSoftmax());
  probes.push_back(BrokenProduct());
  probes.push_back(BrokenMaximum());
  probes.push_back(BrokenFunction("relu_nan_inf", UnaryFunction::kRelu, {kNan, inf, 0}));
  probes.push_back(BrokenFunction("gelu_nan_inf", UnaryFunction::kGeluErf, {kNan, inf, 0}));
  probes.push_back(BrokenFunction("silu_nan_inf", UnaryFunction::kSilu, {kNan, inf, 0}));
  probes.push_back(BrokenFunction("exp_nan_inf", UnaryFunction::kExp, {kNan, inf, 0}));
  for (Probe& probe : IntegerProbes()) probes.push_back(std::move(probe));
  return probes;
}

}  // namespace plumb
