// Every operator on every backend that can be had here, against oracles in double.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <optional>

#include "tests/unit/inference/guarded_device.h"
#include "tests/unit/inference/test_util.h"
#include "verify/inference/backends/torch/kernels.h"

namespace plumb {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
// A hundredth of what confuses gelu_tanh with gelu_erf, twenty times what a naive float loop loses.
constexpr double kNmseMax = 1e-10;

class KernelsTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string_view(GetParam()) == "torch") {
      absl::StatusOr<const HostKernels*> torch = TorchKernels();
      if (!torch.ok()) GTEST_SKIP() << Message(torch.status());
      torch_ = *torch;
    }
    if (std::string_view(GetParam()) != "opencl") return;
    absl::StatusOr<std::shared_ptr<device::Device>> device = GuardedOpenclDevice();
    if (!device.ok()) GTEST_SKIP() << Message(device.status());
    on_device_.emplace(**device);
  }
  const HostKernels& kernels() const {
    if (on_device_) return *on_device_;
    if (torch_ != nullptr) return *torch_;
    return std::string_view(GetParam()) == "onednn" ? OnednnKernels() : ReferenceKernels();
  }
  std::vector<float> Run(OpKind op, const Attributes& attributes, const std::vector<TestTensor>& operands) const {
    return RunOp(kernels(), op, attributes, operands);
  }

 private:
  std::optional<device::DeviceKernels> on_device_;
  const HostKernels* torch_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(Backends, KernelsTest, testing::Values("reference", "onednn", "opencl", "torch"),
                         [](const auto& param) { return std::string(param.param); });

// The product by its definition.
std::vector<double> MultiplyPlainly(const MatMulAttributes& attributes, const TestTensor& a, const TestTensor& b,
                                    const TestTensor* bias) {
  auto dims = [](const Shape& s, bool transposed) {
    std::pair<size_t, size_t> d = {s[s.size() - 2], s.back()};
    return transposed ? std::pair{d.second, d.first} : d;
  };
  auto [m, k] = dims(a.shape, attributes.transpose_a);
  size_t n = dims(b.shape, attributes.transpose_b).second;
  std::vector<double> out;
  for (size_t batch = 0; batch < a.values.size() / (m * k); ++batch) {
    const float* x = a.values.data() + batch * m * k;
    const float* y = b.values.data() + (b.shape.size() == 2 ? 0 : batch * k * n);
    for (size_t i = 0; i < m; ++i) {
      for (size_t j = 0; j < n; ++j) {
        double sum = bias != nullptr ? bias->values[j] : 0;
        for (size_t l = 0; l < k; ++l) {
          sum += double{x[attributes.transpose_a ? l * m + i : i * k + l]} *
                 y[attributes.transpose_b ? j * k + l : l * n + j];
        }
        out.push_back(sum);
      }
    }
  }
  return out;
}

struct MatMulCase {
  Shape a;
  Shape b;
  MatMulAttributes attributes;
};

const MatMulCase kMatMulCases[] = {
    {{1, 1}, {1, 1}, {}},
    {{3, 5}, {5, 7}, {}},
    {{129, 33}, {33, 17}, {}},
    {{5, 3}, {5, 7}, {.transpose_a = true}},
    {{3, 5}, {7, 5}, {.transpose_b = true}},
    {{5, 3}, {7, 5}, {.transpose_a = true, .transpose_b = true}},
    {{2, 9, 16}, {16, 24}, {}},
    {{2, 9, 16}, {24, 16}, {.transpose_b = true}},
    {{2, 16, 9}, {16, 24}, {.transpose_a = true}},
    {{2, 3, 8, 4}, {2, 3, 4, 6}, {}},
    {{2, 3, 8, 4}, {2, 3, 6, 4}, {.transpose_b = true}},
    {{2, 3, 4, 8}, {2, 3, 4, 6}, {.transpose_a = true}},
    {{300, 70}, {70, 130}, {}},
};

TEST_P(KernelsTest, IntegerProductsAreExact) {
  Random random(1);
  for (const MatMulCase& c : kMatMulCases) {
    // |partial sums| <= 70 * 64 * 64 < 2^24: every order of float32 additions gives the same.
    TestTensor a = random.Integers(c.a, -64, 64);
    TestTensor b = random.Integers(c.b, -64, 64);
    std::vector<double> expected = MultiplyPlainly(c.attributes, a, b, nullptr);
    std::vector<float> actual = Run(OpKind::kMatMul, c.attributes, {a, b});
    EXPECT_EQ(std::vector<double>(actual.begin(), actual.end()), expected) << ShapeText(c.a) << ShapeText(c.b);
  }
}

TEST_P(KernelsTest, IntegerProductsWithBiasAreExact) {
  Random random(2);
  for (const MatMulCase& c : kMatMulCases) {
    TestTensor a = random.Integers(c.a, -64, 64);
    TestTensor b = random.Integers(c.b, -64, 64);
    TestTensor bias = random.Integers({c.attributes.transpose_b ? c.b[c.b.size() - 2] : c.b.back()}, -9, 9);
    std::vector<double> expected = MultiplyPlainly(c.attributes, a, b, &bias);
    std::vector<float> actual = Run(OpKind::kMatMul, c.attributes, {a, b, bias});
    EXPECT_EQ(std::vector<double>(actual.begin(), actual.end()), expected) << ShapeText(c.a) << ShapeText(c.b);
  }
}

TEST_P(KernelsTest, RandomProductsAreCloseToDouble) {
  Random random(3);
  for (uint64_t depth : {1, 64, 768, 4096}) {
    TestTensor a = random.Normal({17, depth});
    TestTensor b = random.Normal({depth, 19});
    EXPECT_LE(Nmse(MultiplyPlainly({}, a, b, nullptr), Run(OpKind::kMatMul, MatMulAttributes{}, {a, b})), kNmseMax);
  }
}

TEST_P(KernelsTest, NanInAProductReachesItsRowOnly) {
  TestTensor a = {{2, 2}, {kNan, 1, 2, 3}};
  TestTensor b = {{2, 2}, {1, 0, 0, 1}};
  std::vector<float> out = Run(OpKind::kMatMul, MatMulAttributes{}, {a, b});
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_TRUE(std::isnan(out[1]));
  EXPECT_EQ(out[2], 2);
  EXPECT_EQ(out[3], 3);
}

TEST_P(KernelsTest, InfinityTimesZeroIsNan) {
  TestTensor a = {{1, 2}, {kInf, 1}};
  TestTensor b = {{2, 2}, {0, 1, 1, 1}};
  std::vector<float> out = Run(OpKind::kMatMul, MatMulAttributes{}, {a, b});
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_EQ(out[1], kInf);
}

// Written apart from the kernels: other formulas where there are any.
double UnaryOracle(UnaryFunction function, double x) {
  auto logistic = [](double y) { return 0.5 * (1 + std::tanh(0.5 * y)); };
  switch (function) {
    case UnaryFunction::kRelu:
      return std::max(x, 0.0);
    case UnaryFunction::kGeluErf:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case UnaryFunction::kGeluTanh:
      return x * logistic(2 * std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * std::pow(x, 3)));
    case UnaryFunction::kQuickGelu:
      return x * logistic(1.702 * x);
    case UnaryFunction::kSilu:
      return x * logistic(x);
    case UnaryFunction::kTanh:
      return (std::exp(2 * x) - 1) / (std::exp(2 * x) + 1);
    case UnaryFunction::kSigmoid:
      return logistic(x);
    case UnaryFunction::kExp:
      return std::exp(x);
    default:
      return 0;
  }
}

constexpr UnaryFunction kUnaryFunctions[] = {
    UnaryFunction::kRelu, UnaryFunction::kGeluErf, UnaryFunction::kGeluTanh, UnaryFunction::kQuickGelu,
    UnaryFunction::kSilu, UnaryFunction::kTanh,    UnaryFunction::kSigmoid,  UnaryFunction::kExp};

TEST_P(KernelsTest, UnaryFunctionsAreCloseToDouble) {
  Random random(4);
  TestTensor x = random.Normal({37, 101});
  for (UnaryFunction function : kUnaryFunctions) {
    std::vector<double> expected;
    for (float value : x.values) expected.push_back(UnaryOracle(function, value));
    EXPECT_LE(Nmse(expected, Run(OpKind::kUnary, UnaryAttributes{function}, {x})), kNmseMax)
        << UnaryFunctionName(function);
  }
}

TEST_P(KernelsTest, TheTwoGelusAreToldApart) {
  Random random(5);
  TestTensor x = random.Normal({64, 64});
  std::vector<double> tanh_form;
  for (float value : x.values) tanh_form.push_back(UnaryOracle(UnaryFunction::kGeluTanh, value));
  EXPECT_GT(Nmse(tanh_form, Run(OpKind::kUnary, UnaryAttributes{UnaryFunction::kGeluErf}, {x})), 10 * kNmseMax);
}

TEST_P(KernelsTest, UnaryFunctionsKeepNanAndHaveLimits) {
  const std::map<UnaryFunction, std::pair<float, float>> limits = {
      {UnaryFunction::kRelu, {0, kInf}}, {UnaryFunction::kGeluErf, {0, kInf}}, {UnaryFunction::kGeluTanh, {0, kInf}},
      {UnaryFunction::kSilu, {0, kInf}}, {UnaryFunction::kTanh, {-1, 1}},      {UnaryFunction::kQuickGelu, {0, kInf}},
      {UnaryFunction::kSigmoid, {0, 1}}, {UnaryFunction::kExp, {0, kInf}}};
  for (UnaryFunction function : kUnaryFunctions) {
    std::vector<float> out = Run(OpKind::kUnary, UnaryAttributes{function}, {{{4}, {-kInf, kInf, kNan, 0.5f}}});
    EXPECT_EQ(out[0], limits.at(function).first) << UnaryFunctionName(function);
    EXPECT_EQ(out[1], limits.at(function).second) << UnaryFunctionName(function);
    EXPECT_TRUE(std::isnan(out[2])) << UnaryFunctionName(function);
    EXPECT_NEAR(out[3], UnaryOracle(function, 0.5), 1e-6) << UnaryFunctionName(function);
  }
}

TEST_P(KernelsTest, ActivationsOfLargeNumbersAreFinite) {
  for (UnaryFunction function : {UnaryFunction::kGeluErf, UnaryFunction::kGeluTanh, UnaryFunction::kSilu}) {
    std::vector<float> out = Run(OpKind::kUnary, UnaryAttributes{function}, {{{4}, {-1e20f, 1e20f, -200, 200}}});
    EXPECT_EQ(out[0], 0) << UnaryFunctionName(function);
    EXPECT_EQ(out[1], 1e20f) << UnaryFunctionName(function);
    EXPECT_NEAR(out[2], 0, 1e-30) << UnaryFunctionName(function);
    EXPECT_EQ(out[3], 200) << UnaryFunctionName(function);
  }
}

TEST_P(KernelsTest, BinaryOfEqualShapes) {
  const std::vector<TestTensor> operands = {{{4}, {1, 2, 3, 4}}, {{4}, {8, 4, 2, 16}}};
  auto run = [&](BinaryFunction f) { return Run(OpKind::kBinary, BinaryAttributes{f}, operands); };
  EXPECT_THAT(run(BinaryFunction::kAdd), testing::ElementsAre(9, 6, 5, 20));
  EXPECT_THAT(run(BinaryFunction::kSub), testing::ElementsAre(-7, -2, 1, -12));
  EXPECT_THAT(run(BinaryFunction::kMul), testing::ElementsAre(8, 8, 6, 64));
  EXPECT_THAT(run(BinaryFunction::kDiv), testing::ElementsAre(0.125f, 0.5f, 1.5f, 0.25f));
}

TEST_P(KernelsTest, BinaryBroadcastsItsSecondOperand) {
  const TestTensor a = {{2, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
  const BinaryAttributes add = {BinaryFunction::kAdd};
  EXPECT_THAT(Run(OpKind::kBinary, add, {a, {{3}, {100, 200, 300}}}),
              testing::ElementsAre(101, 202, 303, 104, 205, 306, 107, 208, 309, 110, 211, 312));
  EXPECT_THAT(Run(OpKind::kBinary, add, {a, {{2, 1, 1}, {100, 200}}}),
              testing::ElementsAre(101, 102, 103, 104, 105, 106, 207, 208, 209, 210, 211, 212));
  EXPECT_THAT(Run(OpKind::kBinary, add, {a, {{2, 3}, {10, 20, 30, 40, 50, 60}}}),
              testing::ElementsAre(11, 22, 33, 44, 55, 66, 17, 28, 39, 50, 61, 72));
}

TEST_P(KernelsTest, ScaleMultiplies) {
  EXPECT_THAT(Run(OpKind::kScale, ScaleAttributes{0.25}, {{{3}, {4, -8, 0}}}), testing::ElementsAre(1, -2, 0));
}

TEST_P(KernelsTest, LayerNormIsCloseToDouble) {
  Random random(6);
  constexpr size_t kWidth = 768;
  constexpr double kEpsilon = 1e-5;
  TestTensor x = random.Normal({5, kWidth});
  TestTensor gain = random.Normal({kWidth});
  TestTensor bias = random.Normal({kWidth});
  std::vector<double> expected;
  for (size_t row = 0; row < 5; ++row) {
    const float* values = &x.values[row * kWidth];
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < kWidth; ++i) {
      sum += values[i];
      squares += double{values[i]} * values[i];
    }
    const double mean = sum / kWidth;
    const double deviation = std::sqrt(squares / kWidth - mean * mean + kEpsilon);
    for (size_t i = 0; i < kWidth; ++i)
      expected.push_back((values[i] - mean) / deviation * gain.values[i] + bias.values[i]);
  }
  EXPECT_LE(Nmse(expected, Run(OpKind::kLayerNorm, LayerNormAttributes{kEpsilon}, {x, gain, bias})), kNmseMax);
}

TEST_P(KernelsTest, LayerNormOfAConstantRowIsItsBias) {
  const TestTensor x = {{1, 4}, {3, 3, 3, 3}};
  EXPECT_THAT(Run(OpKind::kLayerNorm, LayerNormAttributes{1e-5}, {x, {{4}, {1, 1, 1, 1}}, {{4}, {1, 2, 3, 4}}}),
              testing::ElementsAre(1, 2, 3, 4));
}

TEST_P(KernelsTest, LayerNormSpreadsNanOverItsRowOnly) {
  const TestTensor x = {{2, 2}, {kNan, 1, 1, -1}};
  std::vector<float> out = Run(OpKind::kLayerNorm, LayerNormAttributes{0}, {x, {{2}, {1, 1}}, {{2}, {0, 0}}});
  EXPECT_TRUE(std::isnan(out[0]) && std::isnan(out[1]));
  EXPECT_FLOAT_EQ(out[2], 1);
  EXPECT_FLOAT_EQ(out[3], -1);
}

TEST_P(KernelsTest, SoftmaxIsCloseToDouble) {
  Random random(7);
  TestTensor x = random.Normal({6, 768});
  std::vector<double> expected;
  for (size_t row = 0; row < 6; ++row) {
    double sum = 0;
    for (size_t i = 0; i < 768; ++i) sum += std::exp(double{x.values[row * 768 + i]});
    for (size_t i = 0; i < 768; ++i) expected.push_back(std::exp(double{x.values[row * 768 + i]}) / sum);
  }
  EXPECT_LE(Nmse(expected, Run(OpKind::kSoftmax, {}, {x})), kNmseMax);
}

TEST_P(KernelsTest, SoftmaxOfLargeLogitsDoesNotOverflow) {
  EXPECT_THAT(Run(OpKind::kSoftmax, {}, {{{1, 3}, {1e30f, 1e30f, -1e30f}}}), testing::ElementsAre(0.5f, 0.5f, 0));
}

TEST_P(KernelsTest, SoftmaxGivesMaskedElementsNothing) {
  std::vector<float> out = Run(OpKind::kSoftmax, {}, {{{1, 3}, {0, -kInf, 0}}});
  EXPECT_THAT(out, testing::ElementsAre(0.5f, 0, 0.5f));
}

TEST_P(KernelsTest, SoftmaxOfAFullyMaskedRowIsZero) {
  const TestTensor x = {{2, 2}, {-kInf, -kInf, 0, 0}};
  EXPECT_THAT(Run(OpKind::kSoftmax, {}, {x}), testing::ElementsAre(0, 0, 0.5f, 0.5f));
}

TEST_P(KernelsTest, SoftmaxOfNanOrInfinityIsNanInThatRowOnly) {
  std::vector<float> out = Run(OpKind::kSoftmax, {}, {{{3, 2}, {kNan, 0, kInf, 0, 0, 0}}});
  for (size_t i = 0; i < 4; ++i) EXPECT_TRUE(std::isnan(out[i])) << i;
  EXPECT_EQ(out[4], 0.5f);
}

TEST_P(KernelsTest, TransposePermutes) {
  const TestTensor x = {{2, 3}, {1, 2, 3, 4, 5, 6}};
  EXPECT_THAT(Run(OpKind::kTranspose, TransposeAttributes{{1, 0}}, {x}), testing::ElementsAre(1, 4, 2, 5, 3, 6));
}

TEST_P(KernelsTest, TransposeOfFourDimensionsByDefinition) {
  Random random(8);
  const TestTensor x = random.Normal({2, 3, 4, 5});
  std::vector<float> out = Run(OpKind::kTranspose, TransposeAttributes{{0, 2, 1, 3}}, {x});
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t d = i % 5, b = i / 5 % 3, c = i / 15 % 4, a = i / 60;
    ASSERT_EQ(out[i], x.values[((a * 3 + b) * 4 + c) * 5 + d]) << i;
  }
}

TEST_P(KernelsTest, SliceOfEachDimension) {
  const TestTensor x = {{2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}};
  EXPECT_THAT(Run(OpKind::kSlice, SliceAttributes{.axis = 0, .begin = 1, .end = 2}, {x}),
              testing::ElementsAre(6, 7, 8, 9, 10, 11));
  EXPECT_THAT(Run(OpKind::kSlice, SliceAttributes{.axis = 1, .begin = 1, .end = 3}, {x}),
              testing::ElementsAre(2, 3, 4, 5, 8, 9, 10, 11));
  EXPECT_THAT(Run(OpKind::kSlice, SliceAttributes{.axis = 2, .begin = 1, .end = 2}, {x}),
              testing::ElementsAre(1, 3, 5, 7, 9, 11));
}

TEST(ReferenceKernelsTest, CausalMaskHidesLaterKeys) {
  const TestTensor x = {{1, 2, 3}, {1, 2, 3, 4, 5, 6}};  // Two queries at the end of three keys.
  EXPECT_THAT(RunOp(ReferenceKernels(), OpKind::kCausalMask, {}, {x}), testing::ElementsAre(1, 2, -kInf, 4, 5, 6));
}

TEST(ReferenceKernelsTest, CausalMaskReplacesNan) {
  EXPECT_THAT(RunOp(ReferenceKernels(), OpKind::kCausalMask, {}, {{{2, 2}, {1, kNan, 2, 3}}}),
              testing::ElementsAre(1, -kInf, 2, 3));
}

TEST(ReferenceKernelsTest, MaxAndMinKeepNanFromEitherSide) {
  for (BinaryFunction f : {BinaryFunction::kMax, BinaryFunction::kMin}) {
    std::vector<float> out =
        RunOp(ReferenceKernels(), OpKind::kBinary, BinaryAttributes{f}, {{{3}, {kNan, 1, 1}}, {{3}, {1, kNan, 2}}});
    EXPECT_TRUE(std::isnan(out[0]) && std::isnan(out[1])) << BinaryFunctionName(f);
    EXPECT_EQ(out[2], f == BinaryFunction::kMax ? 2 : 1);
  }
}

TEST(ReferenceKernelsTest, BinaryBroadcastsItsFirstOperandAndScalars) {
  const BinaryAttributes sub = {BinaryFunction::kSub};
  EXPECT_THAT(RunOp(ReferenceKernels(), OpKind::kBinary, sub, {{{2}, {10, 20}}, {{2, 2}, {1, 2, 3, 4}}}),
              testing::ElementsAre(9, 18, 7, 16));
  EXPECT_THAT(RunOp(ReferenceKernels(), OpKind::kBinary, sub, {{{}, {10}}, {{}, {1}}}), testing::ElementsAre(9));
}

TEST(ReferenceKernelsTest, ProductsDoNotDependOnHowTheyAreShared) {
  // Large enough for several threads; each row alone must give the same bits.
  Random random(9);
  TestTensor a = random.Normal({130, 256});
  TestTensor b = random.Normal({256, 512});
  std::vector<float> whole = RunOp(ReferenceKernels(), OpKind::kMatMul, MatMulAttributes{}, {a, b});
  for (size_t row : {0u, 1u, 64u, 129u}) {
    TestTensor one = {{1, 256}, {a.values.begin() + row * 256, a.values.begin() + (row + 1) * 256}};
    std::vector<float> alone = RunOp(ReferenceKernels(), OpKind::kMatMul, MatMulAttributes{}, {one, b});
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), whole.begin() + row * 512)) << row;
  }
}

TEST(OnednnKernelsTest, LeavesToReferenceWhatItDoesNotDefineAlike) {
  bool supported = true;
  RunOp(OnednnKernels(), OpKind::kBinary, BinaryAttributes{BinaryFunction::kMod}, {{{1}, {1}}, {{1}, {2}}}, &supported);
  EXPECT_FALSE(supported);
  RunOp(OnednnKernels(), OpKind::kReduce, ReduceAttributes{.axes = {0, 2}}, {{{2, 2, 2}, std::vector<float>(8)}},
        &supported);
  EXPECT_FALSE(supported);
  RunOp(OnednnKernels(), OpKind::kSoftmax, {}, {{{0, 2}, {}}}, &supported);
  EXPECT_FALSE(supported);
}

}  // namespace
}  // namespace plumb
