// Arithmetic of int32 on every backend: exact, on the backend itself, whatever the operands' sizes and signs.
#include <gmock/gmock.h>

#include <limits>

#include "tests/unit/inference/test_util.h"

namespace plumb {
namespace {

constexpr int32_t kLeast = std::numeric_limits<int32_t>::min();
constexpr int32_t kMost = std::numeric_limits<int32_t>::max();

// What operands are drawn from.
struct Draw {
  int32_t least;
  int32_t most;
};

TensorValue Integers(const Shape& shape, Draw draw, uint32_t seed) {
  std::mt19937 engine(seed);
  std::uniform_int_distribution<int32_t> distribution(draw.least, draw.most);
  std::vector<int32_t> values(*ElementCount(shape));
  for (int32_t& value : values) value = distribution(engine);
  return TensorValue::Of<int32_t>(shape, values);
}

class IntegersTest : public testing::TestWithParam<const Backend*> {
 protected:
  void SetUp() override {
    if (absl::Status status = GetParam()->Available(); !status.ok()) GTEST_SKIP() << status;
  }
  // Runs one operator on the backend and on `reference`, and compares the bytes.
  void Compare(OpKind op, const Attributes& attributes, const std::vector<TensorValue>& operands) {
    GraphBuilder builder;
    std::vector<ValueId> ids;
    RunInputs inputs;
    for (const TensorValue& operand : operands) {
      const std::string name = "x" + std::to_string(ids.size());
      ids.push_back(builder.Input(name, operand.type, operand.shape));
      inputs.tensors[name] = operand.view();
    }
    absl::StatusOr<Graph> graph = builder.Build(builder.Append(op, "op", ids, attributes));
    ASSERT_TRUE(graph.ok()) << graph.status();
    std::vector<TensorValue> results;
    for (const Backend* backend : {*FindBackend("reference"), GetParam()}) {
      absl::StatusOr<std::unique_ptr<Executable>> plan = backend->Plan(*graph);
      ASSERT_TRUE(plan.ok()) << plan.status();
      EXPECT_EQ((*plan)->summary().coverage(), 1) << OpName(op) << " falls back";
      absl::StatusOr<RunResult> run = (*plan)->Run(inputs);
      ASSERT_TRUE(run.ok()) << run.status();
      results.push_back(std::move(run->outputs.front()));
    }
    EXPECT_EQ(results[0].bytes, results[1].bytes) << OpName(op);
  }
  void Convolve(const Shape& x, const Shape& w, const WindowAttributes& window, Draw draw) {
    Compare(OpKind::kConv, window, {Integers(x, draw, 1), Integers(w, draw, 2)});
    Compare(OpKind::kConv, window, {Integers(x, draw, 3), Integers(w, draw, 4), Integers({w[0]}, {-999, 999}, 5)});
  }
};

constexpr Draw kDraws[] = {{0, 255}, {-128, 127}, {-255, 255}, {-3, -1}, {255, 255}, {-40000, 40000}, {kLeast, kMost}};

TEST_P(IntegersTest, ProductsAreExact) {
  for (Draw draw : kDraws) {
    for (uint64_t m : {1, 3, 8, 33}) {
      Compare(OpKind::kMatMul, MatMulAttributes{}, {Integers({m, 67}, draw, 1), Integers({67, 35}, draw, 2)});
    }
    Compare(OpKind::kMatMul, MatMulAttributes{}, {Integers({7, 9}, draw, 3), Integers({9, 1}, draw, 4)});
  }
}

TEST_P(IntegersTest, ProductsOfUnlikeRangesAreExact) {
  for (Draw draw : kDraws) {
    Compare(OpKind::kMatMul, MatMulAttributes{}, {Integers({9, 300}, {0, 255}, 1), Integers({300, 21}, draw, 2)});
    Compare(OpKind::kMatMul, MatMulAttributes{}, {Integers({9, 300}, draw, 3), Integers({300, 21}, {kMost, kMost}, 4)});
  }
}

TEST_P(IntegersTest, BatchesTransposesAndBiasesAreExact) {
  const Draw draw = {-128, 127};
  Compare(OpKind::kMatMul, MatMulAttributes{}, {Integers({2, 3, 5, 7}, draw, 1), Integers({2, 3, 7, 4}, draw, 2)});
  Compare(OpKind::kMatMul, MatMulAttributes{}, {Integers({2, 3, 5, 7}, draw, 1), Integers({7, 4}, draw, 2)});
  for (bool a : {false, true}) {
    for (bool b : {false, true}) {
      Compare(OpKind::kMatMul, MatMulAttributes{.transpose_a = a, .transpose_b = b},
              {Integers(a ? Shape{20, 6} : Shape{6, 20}, draw, 3), Integers(b ? Shape{9, 20} : Shape{20, 9}, draw, 4),
               Integers({9}, {kLeast, kMost}, 5)});
    }
  }
}

TEST_P(IntegersTest, ConvolutionsAreExact) {
  for (Draw draw : kDraws) {
    Convolve({2, 3, 9, 8}, {5, 3, 3, 3},
             {.strides = {1, 1}, .dilations = {1, 1}, .pads_before = {1, 1}, .pads_after = {1, 1}}, draw);
    Convolve({1, 4, 20}, {6, 4, 3}, {.strides = {2}, .dilations = {2}, .pads_before = {0}, .pads_after = {3}}, draw);
  }
  const Draw bytes = {-255, 255};
  Convolve({1, 8, 7, 7}, {8, 1, 3, 3},
           {.strides = {2, 1}, .dilations = {1, 1}, .pads_before = {1, 0}, .pads_after = {0, 2}, .groups = 8}, bytes);
  Convolve({2, 16, 5, 5}, {8, 8, 1, 1},
           {.strides = {1, 1}, .dilations = {1, 1}, .pads_before = {0, 0}, .pads_after = {0, 0}, .groups = 2}, bytes);
  Convolve({1, 16, 5, 5}, {12, 16, 1, 1},
           {.strides = {1, 1}, .dilations = {1, 1}, .pads_before = {0, 0}, .pads_after = {0, 0}}, bytes);
}

TEST_P(IntegersTest, ElementsBroadcastAndWrap) {
  for (BinaryFunction function :
       {BinaryFunction::kAdd, BinaryFunction::kSub, BinaryFunction::kMul, BinaryFunction::kMax, BinaryFunction::kMin,
        BinaryFunction::kEqual, BinaryFunction::kLess, BinaryFunction::kLessOrEqual}) {
    const BinaryAttributes attributes = {function};
    Compare(OpKind::kBinary, attributes,
            {Integers({3, 70}, {kLeast, kMost}, 1), Integers({3, 70}, {kLeast, kMost}, 2)});
    Compare(OpKind::kBinary, attributes, {Integers({4, 19}, {-2, 2}, 3), Integers({19}, {-2, 2}, 4)});
    Compare(OpKind::kBinary, attributes, {Integers({}, {-2, 2}, 5), Integers({4, 19}, {-2, 2}, 6)});
    Compare(OpKind::kBinary, attributes, {Integers({4, 19}, {-2, 2}, 7), Integers({4, 1}, {-2, 2}, 8)});
  }
}

TEST_P(IntegersTest, ConversionsSaturateAndCutAsTheReferenceDoes) {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> odd = {0,      -0.5f,         0.5f,          1.9f, -1.9f, 127.5f, 128, -128, -129,
                                  255,    255.9f,        256,           -1,   3e9f,  -3e9f,  inf, -inf, NAN,
                                  1e-40f, 2147483520.0f, -2147483648.0f};
  const TensorValue floats = TensorValue::Of<float>({odd.size()}, std::span<const float>(odd));
  for (ElementType to : {ElementType::kU8, ElementType::kI8, ElementType::kI32}) {
    Compare(OpKind::kCast, CastAttributes{to}, {floats});
  }
  std::vector<uint8_t> bytes(256);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i);
  for (ElementType from : {ElementType::kU8, ElementType::kI8}) {
    for (ElementType to : {ElementType::kI32, ElementType::kF32}) {
      Compare(OpKind::kCast, CastAttributes{to}, {TensorValue{from, {256}, bytes}});
    }
  }
  for (ElementType to : {ElementType::kU8, ElementType::kI8, ElementType::kF32}) {
    Compare(OpKind::kCast, CastAttributes{to}, {Integers({50}, {kLeast, kMost}, 9)});
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, IntegersTest, testing::ValuesIn(BackendsByDefault()),
                         [](const auto& instance) { return std::string(instance.param->name()); });

}  // namespace
}  // namespace plumb
