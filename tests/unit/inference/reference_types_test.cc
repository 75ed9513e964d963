// `reference` on other element types than float32, and the operators that graphs of language models do not use.
#include <gmock/gmock.h>

#include <bit>
#include <limits>

#include "plumb/base/status.h"
#include "plumb/inference/backend.h"
#include "plumb/inference/graph.h"
#include "verify/inference/backends/reference/typed.h"

namespace plumb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <typename T>
TensorValue Make(Shape shape, std::initializer_list<T> values) {
  const std::vector<T> list(values);
  return TensorValue::Of<T>(std::move(shape), list);
}

// `bool` has no contiguous vector.
TensorValue Bools(Shape shape, std::initializer_list<uint8_t> values) {
  return {ElementType::kBool, std::move(shape), values};
}

absl::StatusOr<TensorValue> Compute(OpKind op, Attributes attributes, std::vector<TensorValue> operands) {
  GraphBuilder builder;
  std::vector<ValueId> ids;
  for (TensorValue& operand : operands) ids.push_back(builder.Constant("x", std::move(operand)));
  PLUMB_ASSIGN_OR_RETURN(Graph graph, builder.Build(builder.Append(op, "op", ids, std::move(attributes))));
  PLUMB_ASSIGN_OR_RETURN(const Backend* reference, FindBackend("reference"));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Executable> plan, reference->Plan(graph));
  PLUMB_ASSIGN_OR_RETURN(RunResult run, plan->Run({}));
  return std::move(run.outputs.front());
}

template <typename T>
std::vector<T> Values(const absl::StatusOr<TensorValue>& value) {
  EXPECT_TRUE(value.ok()) << value.status();
  if (!value.ok()) return {};
  EXPECT_EQ(value->type, ElementTypeOf<T>());
  std::span<const T> span = value->As<T>();
  return {span.begin(), span.end()};
}

Attributes Function(BinaryFunction function) { return BinaryAttributes{function}; }
Attributes Function(UnaryFunction function) { return UnaryAttributes{function}; }

TEST(HalfTest, EveryHalfComesBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const double value = reference::DoubleFromHalf(half);
    if (std::isnan(value)) continue;
    ASSERT_EQ(reference::HalfFromDouble(value), half) << bits;
  }
}

TEST(HalfTest, RoundsHalvesToEven) {
  EXPECT_EQ(reference::HalfFromDouble(1 + 1.0 / 2048), 0x3c00);
  EXPECT_EQ(reference::HalfFromDouble(1 + 3.0 / 2048), 0x3c02);
  EXPECT_EQ(reference::HalfFromDouble(65519.99), 0x7bff);
  EXPECT_EQ(reference::HalfFromDouble(65520), 0x7c00);
  EXPECT_EQ(reference::HalfFromDouble(std::ldexp(1.0, -25)), 0);
  EXPECT_EQ(reference::HalfFromDouble(std::ldexp(1.5, -25)), 1);
  EXPECT_EQ(reference::HalfFromDouble(-2047.5 / 2048 * std::ldexp(1.0, -14)), 0x8400);
}

TEST(HalfTest, BFloatRoundsOnce) {
  EXPECT_EQ(reference::BFloatFromDouble(1), 0x3f80);
  EXPECT_EQ(reference::BFloatFromDouble(1 + 1.0 / 256), 0x3f80);
  EXPECT_EQ(reference::BFloatFromDouble(1 + 3.0 / 256), 0x3f82);
  // A hair above a tie: rounding to float32 on the way would make it a tie.
  EXPECT_EQ(reference::BFloatFromDouble(1 + 1.0 / 256 + std::ldexp(1.0, -40)), 0x3f81);
  EXPECT_EQ(reference::BFloatFromDouble(1 + 3.0 / 256 - std::ldexp(1.0, -40)), 0x3f81);
  EXPECT_EQ(reference::BFloatFromDouble(-std::numeric_limits<double>::infinity()), 0xff80);
}

TEST(ReferenceTypesTest, IntegersWrapAround) {
  const TensorValue a = Make<int8_t>({3}, {127, -128, 5});
  const TensorValue b = Make<int8_t>({3}, {1, -1, 7});
  EXPECT_THAT(Values<int8_t>(Compute(OpKind::kBinary, Function(BinaryFunction::kAdd), {a, b})),
              ElementsAre(-128, 127, 12));
  EXPECT_THAT(Values<int8_t>(Compute(OpKind::kBinary, Function(BinaryFunction::kDiv), {a, b})),
              ElementsAre(127, -128, 0));
  EXPECT_THAT(Values<uint64_t>(Compute(OpKind::kBinary, Function(BinaryFunction::kSub),
                                       {Make<uint64_t>({1}, {0}), Make<uint64_t>({1}, {1})})),
              ElementsAre(UINT64_MAX));
}

TEST(ReferenceTypesTest, RemaindersTakeOneSignOrTheOther) {
  const TensorValue a = Make<int32_t>({4}, {-4, 7, 5, INT32_MIN});
  const TensorValue b = Make<int32_t>({4}, {2, -3, 8, -1});
  EXPECT_THAT(Values<int32_t>(Compute(OpKind::kBinary, Function(BinaryFunction::kMod), {a, b})),
              ElementsAre(0, -2, 5, 0));
  EXPECT_THAT(Values<int32_t>(Compute(OpKind::kBinary, Function(BinaryFunction::kFmod), {a, b})),
              ElementsAre(0, 1, 5, 0));
}

TEST(ReferenceTypesTest, DivisionByZeroOfIntegersIsNoCrash) {
  for (BinaryFunction function : {BinaryFunction::kDiv, BinaryFunction::kMod, BinaryFunction::kFmod}) {
    EXPECT_THAT(Values<int64_t>(
                    Compute(OpKind::kBinary, Function(function), {Make<int64_t>({1}, {9}), Make<int64_t>({1}, {0})})),
                ElementsAre(0));
    EXPECT_THAT(Values<int64_t>(Compute(OpKind::kBinary, Function(BinaryFunction::kDiv),
                                        {Make<int64_t>({1}, {INT64_MIN}), Make<int64_t>({1}, {-1})})),
                ElementsAre(INT64_MIN));
  }
}

TEST(ReferenceTypesTest, ShiftsByTheWidthShiftAllOut) {
  const TensorValue a = Make<uint8_t>({3}, {255, 255, 3});
  const TensorValue b = Make<uint8_t>({3}, {4, 8, 1});
  EXPECT_THAT(Values<uint8_t>(Compute(OpKind::kBinary, Function(BinaryFunction::kShiftLeft), {a, b})),
              ElementsAre(240, 0, 6));
  EXPECT_THAT(Values<uint8_t>(Compute(OpKind::kBinary, Function(BinaryFunction::kShiftRight), {a, b})),
              ElementsAre(15, 0, 1));
}

TEST(ReferenceTypesTest, ComparisonsGiveBools) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  auto less =
      Compute(OpKind::kBinary, Function(BinaryFunction::kLess), {Make<float>({3}, {1, 2, nan}), Make<float>({1}, {2})});
  ASSERT_TRUE(less.ok());
  EXPECT_EQ(less->type, ElementType::kBool);
  EXPECT_THAT(less->bytes, ElementsAre(1, 0, 0));
  auto large = Compute(OpKind::kBinary, Function(BinaryFunction::kLess),
                       {Make<uint64_t>({1}, {1}), Make<uint64_t>({1}, {UINT64_MAX})});
  EXPECT_THAT(large->bytes, ElementsAre(1));
}

TEST(ReferenceTypesTest, TypesThatDoNotFitAreRefused) {
  EXPECT_THAT(std::string(Compute(OpKind::kBinary, Function(BinaryFunction::kAdd),
                                  {Make<float>({1}, {1}), Make<double>({1}, {1})})
                              .status()
                              .message()),
              HasSubstr("operand 1 is f64, expected f32"));
  EXPECT_FALSE(Compute(OpKind::kUnary, Function(UnaryFunction::kExp), {Make<int32_t>({1}, {1})}).ok());
  EXPECT_FALSE(
      Compute(OpKind::kBinary, Function(BinaryFunction::kAnd), {Make<int32_t>({1}, {1}), Make<int32_t>({1}, {1})})
          .ok());
  EXPECT_FALSE(Compute(OpKind::kWhere, {}, {Make<float>({1}, {1}), Make<float>({1}, {1}), Make<float>({1}, {1})}).ok());
  EXPECT_FALSE(Compute(OpKind::kSoftmax, {}, {Make<int32_t>({1}, {1})}).ok());
}

TEST(ReferenceTypesTest, CastsTruncateAndSaturate) {
  const TensorValue x = Make<double>({5}, {-1.9, 1.9, 300, -1e30, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_THAT(Values<int8_t>(Compute(OpKind::kCast, CastAttributes{ElementType::kI8}, {x})),
              ElementsAre(-1, 1, 127, -128, 0));
  EXPECT_THAT(Values<uint64_t>(Compute(OpKind::kCast, CastAttributes{ElementType::kU64}, {x})),
              ElementsAre(0, 1, 300, 0, 0));
  EXPECT_THAT(
      Values<int64_t>(Compute(OpKind::kCast, CastAttributes{ElementType::kI64}, {Make<float>({2}, {1e30f, -1e30f})})),
      ElementsAre(INT64_MAX, INT64_MIN));
  auto bools = Compute(OpKind::kCast, CastAttributes{ElementType::kBool}, {Make<float>({3}, {0, -0.0f, 0.1f})});
  EXPECT_THAT(bools->bytes, ElementsAre(0, 0, 1));
}

TEST(ReferenceTypesTest, WhereBroadcastsAllThree) {
  auto chosen =
      Compute(OpKind::kWhere, {}, {Bools({2, 1}, {1, 0}), Make<int16_t>({3}, {1, 2, 3}), Make<int16_t>({}, {-7})});
  EXPECT_THAT(Values<int16_t>(chosen), ElementsAre(1, 2, 3, -7, -7, -7));
}

TEST(ReferenceMovementTest, SlicesStepBothWays) {
  const TensorValue x = Make<int32_t>({2, 4}, {0, 1, 2, 3, 4, 5, 6, 7});
  auto slice = [&](int64_t begin, int64_t end, int64_t step) {
    return Compute(OpKind::kSlice, SliceAttributes{1, begin, end, step}, {x});
  };
  EXPECT_THAT(Values<int32_t>(slice(0, 4, 3)), ElementsAre(0, 3, 4, 7));
  EXPECT_THAT(Values<int32_t>(slice(3, -1, -2)), ElementsAre(3, 1, 7, 5));
  EXPECT_THAT(Values<int32_t>(slice(2, 2, 1)), ElementsAre());
  EXPECT_FALSE(slice(0, 5, 1).ok());
  EXPECT_FALSE(slice(4, -1, -1).ok());
  EXPECT_FALSE(slice(0, 4, 0).ok());
  EXPECT_FALSE(slice(INT64_MIN, INT64_MAX, INT64_MAX).ok());
}

TEST(ReferenceMovementTest, PadsInEveryMode) {
  const TensorValue x = Make<float>({3}, {1, 2, 3});
  auto pad = [&](PadMode mode, int64_t before, int64_t after) {
    return Values<float>(Compute(OpKind::kPad, PadAttributes{{before}, {after}, mode}, {x}));
  };
  EXPECT_THAT(pad(PadMode::kConstant, 1, 2), ElementsAre(0, 1, 2, 3, 0, 0));
  EXPECT_THAT(pad(PadMode::kConstant, -1, 1), ElementsAre(2, 3, 0));
  EXPECT_THAT(pad(PadMode::kReflect, 4, 3), ElementsAre(1, 2, 3, 2, 1, 2, 3, 2, 1, 2));
  EXPECT_THAT(pad(PadMode::kEdge, 2, 1), ElementsAre(1, 1, 1, 2, 3, 3));
  EXPECT_THAT(pad(PadMode::kWrap, 2, 4), ElementsAre(2, 3, 1, 2, 3, 1, 2, 3, 1));
  EXPECT_THAT(
      Values<float>(Compute(OpKind::kPad, PadAttributes{{0}, {1}, PadMode::kConstant}, {x, Make<float>({}, {9})})),
      ElementsAre(1, 2, 3, 9));
}

TEST(ReferenceMovementTest, ConcatenatesAlongAnyDimension) {
  const TensorValue a = Make<uint8_t>({2, 1}, {1, 2});
  const TensorValue b = Make<uint8_t>({2, 2}, {3, 4, 5, 6});
  EXPECT_THAT(Values<uint8_t>(Compute(OpKind::kConcat, AxisAttributes{1}, {a, b})), ElementsAre(1, 3, 4, 2, 5, 6));
  EXPECT_FALSE(Compute(OpKind::kConcat, AxisAttributes{0}, {a, b}).ok());
  EXPECT_THAT(Values<uint8_t>(Compute(OpKind::kExpand, ReshapeAttributes{{2, 2, 2}}, {a})),
              ElementsAre(1, 1, 2, 2, 1, 1, 2, 2));
}

TEST(ReferenceIndexedTest, GathersAndScatters) {
  const TensorValue x = Make<float>({2, 3}, {0, 1, 2, 3, 4, 5});
  EXPECT_THAT(Values<float>(Compute(OpKind::kGather, GatherAttributes{1, true}, {x, Make<int64_t>({2}, {-1, 0})})),
              ElementsAre(2, 0, 5, 3));
  EXPECT_FALSE(Compute(OpKind::kGather, GatherAttributes{1, false}, {x, Make<int64_t>({2}, {-1, 0})}).ok());
  EXPECT_FALSE(Compute(OpKind::kGather, GatherAttributes{1, true}, {x, Make<int64_t>({1}, {INT64_MIN})}).ok());
  EXPECT_THAT(Values<float>(Compute(OpKind::kGatherElements, AxisAttributes{1}, {x, Make<int64_t>({2, 1}, {2, -3})})),
              ElementsAre(2, 3));
  EXPECT_THAT(
      Values<float>(Compute(OpKind::kGatherNd, GatherNdAttributes{0}, {x, Make<int64_t>({2, 2}, {0, 1, 1, 2})})),
      ElementsAre(1, 5));
  EXPECT_THAT(Values<float>(Compute(OpKind::kGatherNd, GatherNdAttributes{1}, {x, Make<int64_t>({2, 1}, {2, 0})})),
              ElementsAre(2, 3));
  EXPECT_THAT(Values<float>(Compute(OpKind::kScatterElements, ScatterAttributes{1, ScatterReduction::kAdd},
                                    {x, Make<int64_t>({2, 2}, {0, 0, 2, 1}), Make<float>({2, 2}, {10, 20, 30, 40})})),
              ElementsAre(30, 1, 2, 3, 44, 35));
  EXPECT_THAT(Values<float>(Compute(OpKind::kScatterNd, ScatterAttributes{},
                                    {x, Make<int64_t>({1, 1}, {1}), Make<float>({1, 3}, {7, 8, 9})})),
              ElementsAre(0, 1, 2, 7, 8, 9));
  EXPECT_FALSE(
      Compute(OpKind::kScatterNd, ScatterAttributes{}, {x, Make<int64_t>({1, 1}, {2}), Make<float>({1, 3}, {7, 8, 9})})
          .ok());
}

TEST(ReferenceReductionsTest, ReducesAnyDimensions) {
  const TensorValue x = Make<int32_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  auto reduce = [&](ReduceFunction function, std::vector<uint32_t> axes) {
    return Values<int32_t>(Compute(OpKind::kReduce, ReduceAttributes{function, std::move(axes), false}, {x}));
  };
  EXPECT_THAT(reduce(ReduceFunction::kSum, {0}), ElementsAre(5, 7, 9));
  EXPECT_THAT(reduce(ReduceFunction::kProd, {1}), ElementsAre(6, 120));
  EXPECT_THAT(reduce(ReduceFunction::kMax, {0, 1}), ElementsAre(6));
  EXPECT_THAT(reduce(ReduceFunction::kMin, {}), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(Values<float>(
                  Compute(OpKind::kReduce, ReduceAttributes{ReduceFunction::kMax, {0}, true}, {Make<float>({0}, {})})),
              ElementsAre(-std::numeric_limits<float>::infinity()));
}

TEST(ReferenceReductionsTest, FindsLargestAndSmallest) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const TensorValue x = Make<float>({2, 3}, {3, 1, 3, 1, nan, 5});
  auto find = [&](bool smallest, bool last) {
    return Values<int64_t>(Compute(OpKind::kArgReduce, ArgReduceAttributes{1, smallest, last, false}, {x}));
  };
  EXPECT_THAT(find(false, false), ElementsAre(0, 1));
  EXPECT_THAT(find(false, true), ElementsAre(2, 1));
  EXPECT_THAT(Values<float>(Compute(OpKind::kTopK, TopKAttributes{0, 1, false, false},
                                    {Make<float>({3, 2}, {1, 6, 5, 2, 3, 4})})),
              ElementsAre(5, 6));
  EXPECT_THAT(
      Values<int64_t>(Compute(OpKind::kTopK, TopKAttributes{0, 2, true, true}, {Make<float>({4}, {2, 1, 1, 3})})),
      ElementsAre(1, 2));
  EXPECT_THAT(Values<double>(Compute(OpKind::kCumSum, CumSumAttributes{0, true, true}, {Make<double>({3}, {1, 2, 4})})),
              ElementsAre(6, 4, 0));
}

// A convolution and its adjoint: <conv(x), y> = <x, conv_transpose(y)>.
// Convolutions of float32 go through blocked products, those of float64 do not: the same sums in the same order.
TEST(ReferenceConvTest, ProductsGiveWhatPlainSumsGive) {
  struct Case {
    Shape x, w;
    uint64_t stride, dilation;
    int64_t before, after;
    uint64_t groups;
  };
  const std::vector<Case> cases = {
      {{2, 3, 7, 6}, {5, 3, 3, 2}, 1, 1, 1, 1, 1},      // Padding.
      {{1, 4, 9, 8}, {8, 2, 3, 3}, 2, 1, 1, 0, 2},      // Groups, strides, one-sided padding.
      {{2, 6, 5, 5}, {4, 6, 1, 1}, 1, 1, 0, 0, 1},      // Every place sees itself.
      {{1, 6, 5, 5}, {4, 6, 1, 1}, 1, 1, 1, 0, 1},      // Not when padded.
      {{1, 2, 11, 9}, {4, 2, 3, 3}, 1, 3, 2, 2, 1},     // Dilation.
      {{1, 2, 5, 5}, {6, 1, 3, 3}, 1, 1, 1, 1, 2},      // Too few filters in a group for a product.
      {{1, 40, 40, 45}, {4, 40, 6, 6}, 1, 1, 3, 2, 1},  // More places than one block holds.
  };
  for (const Case& test : cases) {
    std::vector<float> x(*ElementCount(test.x));
    std::vector<float> w(*ElementCount(test.w));
    std::vector<float> bias(test.w[0]);
    uint32_t state = 7;
    for (std::vector<float>* values : {&x, &w, &bias}) {
      for (float& value : *values)
        value = static_cast<float>((state = state * 1664525 + 1013904223) >> 8) * 0x1p-23f - 1;
    }
    const WindowAttributes window = {.strides = {test.stride, test.stride},
                                     .dilations = {test.dilation, test.dilation},
                                     .pads_before = {test.before, test.before},
                                     .pads_after = {test.after, test.after},
                                     .groups = test.groups};
    auto narrow = Compute(OpKind::kConv, window,
                          {TensorValue::Of<float>(test.x, x), TensorValue::Of<float>(test.w, w),
                           TensorValue::Of<float>({test.w[0]}, bias)});
    const std::vector<double> wide_x(x.begin(), x.end());
    const std::vector<double> wide_w(w.begin(), w.end());
    const std::vector<double> wide_bias(bias.begin(), bias.end());
    auto wide = Compute(OpKind::kConv, window,
                        {TensorValue::Of<double>(test.x, wide_x), TensorValue::Of<double>(test.w, wide_w),
                         TensorValue::Of<double>({test.w[0]}, wide_bias)});
    const std::vector<double> sums = Values<double>(wide);
    EXPECT_EQ(Values<float>(narrow), std::vector<float>(sums.begin(), sums.end())) << ShapeText(test.x);
  }
}

TEST(ReferenceConvTest, TransposeIsTheAdjoint) {
  WindowAttributes window = {.strides = {2, 1},
                             .dilations = {1, 2},
                             .pads_before = {1, 0},
                             .pads_after = {0, 1},
                             .output_padding = {1, 0},
                             .groups = 2};
  std::vector<double> x(2 * 4 * 7 * 7), w(6 * 2 * 3 * 2);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i * 37 % 23) - 11;
  for (size_t i = 0; i < w.size(); ++i) w[i] = static_cast<double>(i * 29 % 17) - 8;
  auto conv = Compute(OpKind::kConv, window,
                      {TensorValue::Of<double>({2, 4, 7, 7}, x), TensorValue::Of<double>({6, 2, 3, 2}, w)});
  ASSERT_TRUE(conv.ok()) << conv.status();
  EXPECT_EQ(conv->shape, (Shape{2, 6, 3, 6}));
  std::vector<double> y(*ElementCount(conv->shape));
  for (size_t i = 0; i < y.size(); ++i) y[i] = static_cast<double>(i * 31 % 19) - 9;
  auto back = Compute(OpKind::kConvTranspose, window,
                      {TensorValue::Of<double>(conv->shape, y), TensorValue::Of<double>({6, 2, 3, 2}, w)});
  ASSERT_TRUE(back.ok()) << back.status();
  ASSERT_EQ(back->shape, (Shape{2, 4, 7, 7}));
  double left = 0;
  double right = 0;
  for (size_t i = 0; i < y.size(); ++i) left += conv->As<double>()[i] * y[i];
  for (size_t i = 0; i < x.size(); ++i) right += back->As<double>()[i] * x[i];
  EXPECT_EQ(left, right);
  EXPECT_NE(left, 0);
}

TEST(ReferenceConvTest, PoolsCountWhatTheySay) {
  PoolAttributes pool = {
      .window = {.kernel = {3}, .strides = {2}, .dilations = {1}, .pads_before = {1}, .pads_after = {1}},
      .kind = PoolKind::kMean};
  const TensorValue x = Make<float>({1, 1, 4}, {3, 6, 9, 12});
  EXPECT_THAT(Values<float>(Compute(OpKind::kPool, pool, {x})), ElementsAre(4.5, 9));
  pool.count_padding = true;
  EXPECT_THAT(Values<float>(Compute(OpKind::kPool, pool, {x})), ElementsAre(3, 9));
  pool.round_up = true;
  EXPECT_THAT(Values<float>(Compute(OpKind::kPool, pool, {x})), ElementsAre(3, 9, 6));
  pool.kind = PoolKind::kMax;
  pool.places = true;
  EXPECT_THAT(Values<int64_t>(Compute(OpKind::kPool, pool, {x})), ElementsAre(1, 3, 3));
}

TEST(ReferenceResizeTest, NearestAndLinear) {
  ResizeAttributes resize = {.shape = {1, 1, 4}, .scales = {1, 1, 2}};
  const TensorValue x = Make<float>({1, 1, 2}, {0, 4});
  EXPECT_THAT(Values<float>(Compute(OpKind::kResize, resize, {x})), ElementsAre(0, 0, 4, 4));
  resize.kind = ResizeKind::kLinear;
  EXPECT_THAT(Values<float>(Compute(OpKind::kResize, resize, {x})), ElementsAre(0, 1, 3, 4));
  resize.coordinates = ResizeCoordinates::kAlignCorners;
  EXPECT_THAT(Values<float>(Compute(OpKind::kResize, resize, {x})),
              ElementsAre(0, testing::FloatNear(4 / 3.f, 1e-6f), testing::FloatNear(8 / 3.f, 1e-6f), 4));
}

}  // namespace
}  // namespace plumb
