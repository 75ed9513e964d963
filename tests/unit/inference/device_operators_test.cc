// Operators on OpenCL, guarded, beside `reference`: what kernels_test has no oracle for, at sizes that fill no vector.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tests/unit/inference/guarded_device.h"
#include "tests/unit/inference/test_util.h"

namespace plumb {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kNmseMax = 1e-10;
constexpr uint64_t kOddSizes[] = {1, 3, 7, 15, 16, 17, 129, 2049};

class DeviceOperatorsTest : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::shared_ptr<device::Device>> device = GuardedOpenclDevice();
    if (!device.ok()) GTEST_SKIP() << Message(device.status());
    kernels_ = std::make_unique<device::DeviceKernels>(**device);
  }

  // Runs an operator on both; NMSE within the limit, or the same elements when `exact`, NaN where NaN is.
  std::vector<float> Compare(OpKind op, const Attributes& attributes, const std::vector<TestTensor>& operands,
                             bool exact = false) {
    bool supported = false;
    std::vector<float> actual = RunOp(*kernels_, op, attributes, operands, &supported);
    EXPECT_TRUE(supported) << OpName(op);
    std::vector<float> expected = RunOp(ReferenceKernels(), op, attributes, operands);
    EXPECT_EQ(actual.size(), expected.size());
    double noise = 0;
    double signal = 0;
    for (size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) {
      if (exact || !std::isfinite(expected[i])) {
        EXPECT_TRUE(actual[i] == expected[i] || (std::isnan(actual[i]) && std::isnan(expected[i])))
            << OpName(op) << " " << i << ": " << actual[i] << ", expected " << expected[i];
        continue;
      }
      noise += std::pow(double{actual[i]} - expected[i], 2);
      signal += std::pow(double{expected[i]}, 2);
    }
    EXPECT_LE(noise, kNmseMax * signal) << OpName(op) << " NMSE " << noise / signal;
    return actual;
  }

  std::unique_ptr<device::DeviceKernels> kernels_;
};

TEST_F(DeviceOperatorsTest, EveryUnaryFunction) {
  Random random(21);
  for (int i = 0; i <= static_cast<int>(UnaryFunction::kHardSwish); ++i) {
    const UnaryAttributes attributes = {static_cast<UnaryFunction>(i), 0.3, 0.4};
    SCOPED_TRACE(UnaryFunctionName(attributes.function));
    for (uint64_t size : kOddSizes) Compare(OpKind::kUnary, attributes, {random.Normal({size})});
    Compare(OpKind::kUnary, attributes, {{{6}, {kNan, 0.5f, -0.5f, 3, 1e-3f, -2.5f}}});
  }
}

TEST_F(DeviceOperatorsTest, UnaryFunctionsAtInfinity) {
  for (UnaryFunction function :
       {UnaryFunction::kAbs, UnaryFunction::kSign, UnaryFunction::kErf, UnaryFunction::kSoftplus,
        UnaryFunction::kSoftsign, UnaryFunction::kMish, UnaryFunction::kAtan, UnaryFunction::kSin, UnaryFunction::kElu,
        UnaryFunction::kHardSwish, UnaryFunction::kReciprocal, UnaryFunction::kSqrt, UnaryFunction::kLog}) {
    SCOPED_TRACE(UnaryFunctionName(function));
    Compare(OpKind::kUnary, UnaryAttributes{function, 0.5}, {{{3}, {kInf, -kInf, 0}}});
  }
}

TEST_F(DeviceOperatorsTest, EveryBinaryFunctionWithBroadcasts) {
  Random random(22);
  const std::pair<Shape, Shape> shapes[] = {{{17}, {17}},     {{}, {}},         {{3, 17}, {17}},
                                            {{17}, {3, 17}},  {{3, 1}, {1, 7}}, {{2, 3, 1, 5}, {3, 4, 1}},
                                            {{2049, 3}, {1}}, {{}, {2, 33}},    {{1, 129}, {5, 1}}};
  for (BinaryFunction function :
       {BinaryFunction::kAdd, BinaryFunction::kSub, BinaryFunction::kMul, BinaryFunction::kDiv, BinaryFunction::kMax,
        BinaryFunction::kMin, BinaryFunction::kMod, BinaryFunction::kFmod}) {
    SCOPED_TRACE(BinaryFunctionName(function));
    for (const auto& [a, b] : shapes) {
      Compare(OpKind::kBinary, BinaryAttributes{function}, {random.Normal(a), random.Normal(b)});
    }
  }
  Compare(OpKind::kBinary, BinaryAttributes{BinaryFunction::kPow}, {{{4}, {2, 3, 0.5f, 9}}, {{4}, {3, -1, 2, 0.5f}}});
}

TEST_F(DeviceOperatorsTest, MaxAndMinKeepNan) {
  for (BinaryFunction function : {BinaryFunction::kMax, BinaryFunction::kMin}) {
    Compare(OpKind::kBinary, BinaryAttributes{function}, {{{4}, {kNan, 1, kInf, 2}}, {{4}, {1, kNan, 3, -kInf}}}, true);
  }
}

TEST_F(DeviceOperatorsTest, ProductsOfOddSizes) {
  Random random(23);
  for (uint64_t m : {1, 3, 7, 17, 129}) {
    for (uint64_t n : {1, 3, 17, 65, 129}) {
      for (uint64_t k : {1, 7, 129, 257, 513}) {
        TestTensor a = random.Integers({m, k}, -8, 8);
        TestTensor b = random.Integers({n, k}, -8, 8);
        Compare(OpKind::kMatMul, MatMulAttributes{.transpose_b = true}, {a, b, random.Integers({n}, -9, 9)}, true);
        TestTensor c = random.Integers({k, n}, -8, 8);
        Compare(OpKind::kMatMul, MatMulAttributes{}, {a, c}, true);
      }
    }
  }
}

TEST_F(DeviceOperatorsTest, ProductsOfManyMatrices) {
  Random random(24);
  for (bool transpose_a : {false, true}) {
    for (bool transpose_b : {false, true}) {
      const Shape a = transpose_a ? Shape{2, 5, 33, 17} : Shape{2, 5, 17, 33};
      const Shape b = transpose_b ? Shape{2, 5, 70, 33} : Shape{2, 5, 33, 70};
      Compare(OpKind::kMatMul, MatMulAttributes{transpose_a, transpose_b}, {random.Normal(a), random.Normal(b)});
    }
  }
}

TEST_F(DeviceOperatorsTest, RowsOfOddWidths) {
  Random random(25);
  for (uint64_t width : kOddSizes) {
    Compare(OpKind::kSoftmax, {}, {random.Normal({3, width})});
    Compare(OpKind::kCausalMask, CausalMaskAttributes{}, {random.Normal({2, 5, width + 4})}, true);
    Compare(OpKind::kCausalMask, CausalMaskAttributes{.window = 3}, {random.Normal({2, 5, width + 4})}, true);
    if (width == 1) continue;  // A constant, whose norm is its bias.
    Compare(OpKind::kLayerNorm, LayerNormAttributes{1e-5},
            {random.Normal({3, width}), random.Normal({width}), random.Normal({width})});
    Compare(OpKind::kLayerNorm, LayerNormAttributes{1e-5}, {random.Normal({3, width}), random.Normal({width})});
  }
}

TEST_F(DeviceOperatorsTest, MaskedRowsAndNanInSoftmax) {
  for (uint64_t width : {2, 16, 17, 40}) {
    TestTensor x = {{4, width}, std::vector<float>(4 * width, -kInf)};
    x.values[width + 1] = 3;
    x.values[2 * width + width - 1] = kNan;
    x.values[3 * width] = kInf;
    Compare(OpKind::kSoftmax, {}, {x}, true);
  }
}

TEST_F(DeviceOperatorsTest, CausalMaskReplacesNan) {
  Compare(OpKind::kCausalMask, CausalMaskAttributes{}, {{{2, 2}, {1, kNan, 2, 3}}}, true);
  Compare(OpKind::kCausalMask, CausalMaskAttributes{}, {{{3, 2}, {1, 2, 3, 4, 5, 6}}}, true);
}

TEST_F(DeviceOperatorsTest, Movement) {
  Random random(26);
  const TestTensor x = random.Normal({3, 5, 17, 2});
  Compare(OpKind::kTranspose, TransposeAttributes{{3, 1, 0, 2}}, {x}, true);
  Compare(OpKind::kTranspose, TransposeAttributes{{0, 2, 1, 3}}, {x}, true);
  Compare(OpKind::kSlice, SliceAttributes{.axis = 2, .begin = 1, .end = 16, .step = 4}, {x}, true);
  Compare(OpKind::kSlice, SliceAttributes{.axis = 2, .begin = 15, .end = -1, .step = -2}, {x}, true);
  Compare(OpKind::kConcat, AxisAttributes{1}, {x, random.Normal({3, 1, 17, 2}), x}, true);
  Compare(OpKind::kExpand, ReshapeAttributes{{4, 3, 7, 5}}, {random.Normal({3, 1, 5})}, true);
  Compare(OpKind::kReshape, ReshapeAttributes{{15, 34}}, {x}, true);
  const PadAttributes border = {{0, 2, -1, 0}, {1, 0, 3, 0}};
  Compare(OpKind::kPad, border, {x}, true);
  Compare(OpKind::kPad, border, {x, {{}, {7}}}, true);
  Compare(OpKind::kPad, PadAttributes{{-3}, {5}}, {{{2}, {1, 2}}}, true);
}

TEST_F(DeviceOperatorsTest, Reductions) {
  Random random(27);
  const TestTensor x = random.Normal({3, 5, 17, 2});
  const std::vector<std::vector<uint32_t>> axes = {{}, {0}, {1}, {3}, {2, 3}, {0, 2}, {1, 3}, {0, 1, 2, 3}};
  for (ReduceFunction function : {ReduceFunction::kSum, ReduceFunction::kMean, ReduceFunction::kMax,
                                  ReduceFunction::kMin, ReduceFunction::kProd}) {
    for (const std::vector<uint32_t>& list : axes) {
      SCOPED_TRACE(testing::PrintToString(list));
      Compare(OpKind::kReduce, ReduceAttributes{function, list}, {x});
    }
    TestTensor with_nan = x;
    with_nan.values[20] = kNan;
    Compare(OpKind::kReduce, ReduceAttributes{function, {2}, true}, {with_nan});
  }
  Compare(OpKind::kReduce, ReduceAttributes{ReduceFunction::kSum, {1}}, {random.Normal({2, 100'000})});
}

WindowAttributes Window(size_t rank, uint64_t stride, uint64_t dilation, int64_t pad, uint64_t groups) {
  WindowAttributes window;
  window.strides = std::vector<uint64_t>(rank, stride);
  window.dilations = std::vector<uint64_t>(rank, dilation);
  window.pads_before = window.pads_after = std::vector<int64_t>(rank, pad);
  window.output_padding = std::vector<uint64_t>(rank, 0);
  window.groups = groups;
  return window;
}

TEST_F(DeviceOperatorsTest, Convolutions) {
  Random random(28);
  Compare(OpKind::kConv, Window(2, 1, 1, 1, 1),
          {random.Normal({2, 3, 9, 11}), random.Normal({5, 3, 3, 3}), random.Normal({5})});
  Compare(OpKind::kConv, Window(2, 2, 2, 2, 1), {random.Normal({1, 4, 13, 12}), random.Normal({6, 4, 3, 2})});
  Compare(OpKind::kConv, Window(2, 1, 1, 0, 1), {random.Normal({2, 8, 5, 7}), random.Normal({3, 8, 1, 1})});
  Compare(OpKind::kConv, Window(2, 1, 1, 1, 2),
          {random.Normal({2, 16, 6, 6}), random.Normal({4, 8, 3, 3}), random.Normal({4})});
  Compare(OpKind::kConv, Window(2, 2, 1, 1, 6),
          {random.Normal({2, 6, 7, 7}), random.Normal({12, 1, 3, 3}), random.Normal({12})});
  Compare(OpKind::kConv, Window(1, 2, 1, 1, 1), {random.Normal({2, 3, 20}), random.Normal({4, 3, 3})});
  Compare(OpKind::kConv, Window(3, 1, 1, 1, 1), {random.Normal({1, 2, 4, 5, 6}), random.Normal({3, 2, 2, 3, 1})});
}

TEST_F(DeviceOperatorsTest, Pools) {
  Random random(29);
  PoolAttributes pool = {Window(2, 2, 1, 1, 1)};
  pool.window.kernel = {3, 2};
  TestTensor x = random.Normal({2, 3, 9, 8});
  x.values[40] = kNan;
  for (bool count_padding : {false, true}) {
    for (bool round_up : {false, true}) {
      for (PoolKind kind : {PoolKind::kMax, PoolKind::kMean}) {
        pool.kind = kind;
        pool.count_padding = count_padding;
        pool.round_up = round_up;
        Compare(OpKind::kPool, pool, {x});
      }
    }
  }
}

TEST_F(DeviceOperatorsTest, EmptyTensorsAreLeftToReference) {
  bool supported = true;
  RunOp(*kernels_, OpKind::kSoftmax, {}, {{{0, 2}, {}}}, &supported);
  EXPECT_FALSE(supported);
}

// Operators on other types, and what falls back, in one graph.
TEST_F(DeviceOperatorsTest, IntegersBoolsAndFallbacksInOneGraph) {
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {4, 3});
  ValueId ids = b.Input("ids", ElementType::kI64, {2, 2});
  ValueId picked = b.Append(OpKind::kGather, "picked", {x, ids}, GatherAttributes{.axis = 0, .wrap = true});
  ValueId large = b.Binary("large", BinaryFunction::kLess, b.Constant("limit", 4.0f), picked);
  ValueId chosen = b.Where("chosen", large, picked, b.Unary("minus", UnaryFunction::kNeg, picked));
  ValueId sums = b.Append(OpKind::kCumSum, "sums", {chosen}, CumSumAttributes{.axis = 2});
  ValueId numbers = b.Cast("numbers", ElementType::kF32, ids);
  ValueId flat = b.Reshape("flat", sums, {4, 3});
  ValueId out = b.Binary("out", BinaryFunction::kAdd, flat, b.Reshape("column", numbers, {4, 1}));
  absl::StatusOr<Graph> graph = b.Build({out, b.Cast("flags", ElementType::kF32, large)});
  ASSERT_TRUE(graph.ok()) << graph.status();
  const std::vector<float> values = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const std::vector<int64_t> places = {3, -4, 1, 2};
  RunInputs inputs = {.values = {{"x", values}}, .tensors = {{"ids", TensorView::Of<int64_t>(places)}}};
  auto plan = GuardedOpenclBackend().Plan(*graph, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT((*plan)->summary().fallbacks, testing::ElementsAre(testing::Pair("cumsum", 1)));
  auto found = (*plan)->Run(inputs);
  auto expected = std::move((*FindBackend("reference"))->Plan(*graph)).value()->Run(inputs);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_TRUE(expected.ok()) << expected.status();
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_THAT(found->outputs[i].As<float>(), testing::ElementsAreArray(expected->outputs[i].As<float>()));
  }
  EXPECT_EQ(found->peak_bytes, (*plan)->summary().peak_bytes);
}

TEST_F(DeviceOperatorsTest, IdsOutsideATableThatTheDeviceHolds) {
  for (int64_t id : {int64_t{-5}, int64_t{4}, int64_t{1} << 32, INT64_MIN}) {
    GraphBuilder b;
    ValueId x = b.Input("x", ElementType::kF32, {4, 3});
    ValueId ids = b.Input("ids", ElementType::kI64, {2});
    ValueId rows = b.Append(OpKind::kGather, "lookup", {x, ids}, GatherAttributes{.axis = 0, .wrap = true});
    absl::StatusOr<Graph> graph = b.Build(rows);
    const std::vector<float> values(12, 1);
    const std::vector<int64_t> places = {0, id};
    auto run = std::move(GuardedOpenclBackend().Plan(*graph, {}))
                   .value()
                   ->Run({.values = {{"x", values}}, .tensors = {{"ids", TensorView::Of<int64_t>(places)}}});
    EXPECT_EQ(run.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(Message(run.status())),
                testing::AllOf(testing::HasSubstr("lookup"), testing::HasSubstr("position 1")));
  }
}

}  // namespace
}  // namespace plumb
