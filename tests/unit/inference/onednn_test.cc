// Every operator of `onednn` beside `reference`, which computes in double and lowers composites as they are defined.
#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <limits>

#include "plumb/inference/backend.h"
#include "tests/unit/inference/test_util.h"
#include "verify/inference/backends/bfloat16.h"

namespace plumb {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kNmseMax = 1e-10;

// A graph of one operator on inputs x0, x1, ...
Graph GraphOf(OpKind op, const Attributes& attributes, const std::vector<TestTensor>& operands, bool weights = false) {
  GraphBuilder builder;
  std::vector<ValueId> ids;
  for (size_t i = 0; i < operands.size(); ++i) {
    const std::string name = "x" + std::to_string(i);
    ids.push_back(weights && i > 0 ? builder.Weight(name, operands[i].shape)
                                   : builder.Input(name, ElementType::kF32, operands[i].shape));
  }
  absl::StatusOr<Graph> graph = builder.Build(builder.Append(op, "op", ids, attributes));
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

class OperandWeights : public WeightSource {
 public:
  explicit OperandWeights(const std::vector<TestTensor>& operands) : operands_(operands) {}
  absl::Status Load(const std::string& name, std::span<float> out) const override { return LoadPart(name, 0, out); }
  absl::Status LoadPart(const std::string& name, uint64_t first, std::span<float> out) const override {
    std::copy_n(operands_[name[1] - '0'].values.begin() + first, out.size(), out.begin());
    return absl::OkStatus();
  }

 private:
  const std::vector<TestTensor>& operands_;
};

TensorValue RunOn(std::string_view backend, const Graph& graph, const std::vector<TestTensor>& operands,
                  const PlanOptions& options = {}) {
  RunInputs inputs;
  for (size_t i = 0; i < operands.size(); ++i) inputs.values["x" + std::to_string(i)] = operands[i].values;
  OperandWeights weights(operands);
  inputs.weights = &weights;
  auto plan = (*FindBackend(backend))->Plan(graph, options);
  EXPECT_TRUE(plan.ok()) << plan.status();
  auto run = (*plan)->Run(inputs);
  EXPECT_TRUE(run.ok()) << run.status();
  EXPECT_LE(run->peak_bytes, (*plan)->summary().peak_bytes);
  return std::move(run->outputs[0]);
}

// Runs the operator on both; what is not finite must be the same, the rest close.
void ExpectLikeReference(OpKind op, const Attributes& attributes, const std::vector<TestTensor>& operands,
                         const std::string& what, double nmse_max = kNmseMax) {
  bool supported = false;
  const std::vector<float> found = RunOp(OnednnKernels(), op, attributes, operands, &supported);
  ASSERT_TRUE(supported) << what;
  const TensorValue expected = RunOn("reference", GraphOf(op, attributes, operands), operands);
  std::vector<double> left;
  std::vector<float> right;
  ASSERT_EQ(found.size(), expected.As<float>().size());
  for (size_t i = 0; i < found.size(); ++i) {
    const float e = expected.As<float>()[i];
    if (std::isfinite(e)) {
      left.push_back(e);
      right.push_back(found[i]);
    } else {
      ASSERT_TRUE(std::isnan(e) ? std::isnan(found[i]) : e == found[i]) << what << " " << i << ": " << found[i];
    }
  }
  EXPECT_LE(Nmse(left, right), nmse_max) << what;
}

struct AttentionCase {
  std::string name;
  uint64_t batch, queries, keys, key_size, value_size;
  AttentionAttributes attributes;
  Shape mask;
};

const AttentionCase kAttentionCases[] = {
    {"plain", 1, 5, 5, 8, 8, {.heads = 2, .scale = 0.3}, {}},
    {"causal", 2, 70, 70, 16, 16, {.heads = 3, .scale = 0.25, .causal = true}, {}},
    {"blocks", 1, 131, 131, 8, 8, {.heads = 2, .scale = 0.35, .causal = true}, {}},
    {"more keys", 1, 3, 77, 8, 8, {.heads = 2, .scale = 0.35, .causal = true}, {}},
    {"fewer keys", 1, 9, 4, 8, 8, {.heads = 2, .scale = 0.35, .causal = true}, {}},
    {"window", 1, 150, 150, 8, 8, {.heads = 2, .scale = 0.35, .causal = true, .window = 5}, {}},
    {"shared", 2, 66, 66, 8, 8, {.heads = 6, .kv_heads = 2, .scale = 0.35, .causal = true}, {}},
    {"capped", 1, 33, 33, 8, 8, {.heads = 2, .scale = 4, .causal = true, .soft_cap = 3}, {}},
    {"value size", 1, 7, 7, 8, 24, {.heads = 2, .scale = 0.35}, {}},
    {"mask of keys", 2, 7, 9, 8, 8, {.heads = 2, .scale = 0.35}, {2, 1, 1, 9}},
    {"whole mask", 2, 7, 9, 8, 8, {.heads = 2, .scale = 0.35}, {2, 2, 7, 9}},
    {"mask of queries", 1, 7, 9, 8, 8, {.heads = 2, .scale = 0.35}, {7, 1}},
    {"mask and window",
     1,
     80,
     80,
     8,
     8,
     {.heads = 4, .kv_heads = 1, .scale = 0.35, .causal = true, .window = 9},
     {4, 80, 80}},
};

std::vector<TestTensor> AttentionOperands(const AttentionCase& c, Random& random) {
  const uint64_t groups = c.attributes.kv_heads == 0 ? c.attributes.heads : c.attributes.kv_heads;
  std::vector<TestTensor> operands = {random.Normal({c.batch, c.queries, c.attributes.heads * c.key_size}),
                                      random.Normal({c.batch, c.keys, groups * c.key_size}),
                                      random.Normal({c.batch, c.keys, groups * c.value_size})};
  if (!c.mask.empty()) operands.push_back(random.Normal(c.mask));
  return operands;
}

TEST(OnednnTest, AttentionIsWhatItsLoweringSays) {
  Random random(1);
  for (const AttentionCase& c : kAttentionCases) {
    ExpectLikeReference(OpKind::kAttention, c.attributes, AttentionOperands(c, random), c.name);
  }
}

TEST(OnednnTest, AttentionOfNanAndInfinity) {
  Random random(2);
  for (size_t operand = 0; operand < 3; ++operand) {
    for (float value : {kNan, kInf, -kInf}) {
      std::vector<TestTensor> operands = AttentionOperands(kAttentionCases[1], random);
      operands[operand].values[5 * 48 + 3] = value;
      ExpectLikeReference(OpKind::kAttention, kAttentionCases[1].attributes, operands,
                          "operand " + std::to_string(operand) + " " + std::to_string(value));
    }
  }
}

TEST(OnednnTest, AttentionWithEveryKeyMaskedIsZero) {
  Random random(3);
  std::vector<TestTensor> operands = AttentionOperands(kAttentionCases[9], random);
  for (size_t i = 0; i < 9; ++i) operands[3].values[i] = -kInf;
  ExpectLikeReference(OpKind::kAttention, kAttentionCases[9].attributes, operands, "masked");
}

TEST(OnednnTest, RmsNorm) {
  Random random(4);
  for (const Shape& shape : {Shape{3, 64}, Shape{2, 5, 333}, Shape{1}, Shape{70, 5120}}) {
    TestTensor x = random.Normal(shape);
    for (double offset : {0.0, 1.0}) {
      ExpectLikeReference(OpKind::kRmsNorm, RmsNormAttributes{1e-6, offset}, {x, random.Normal({shape.back()})},
                          ShapeText(shape));
    }
  }
  ExpectLikeReference(OpKind::kRmsNorm, RmsNormAttributes{1e-6}, {{{2, 2}, {kNan, 1, 2, 3}}, {{2}, {1, 1}}}, "NaN");
}

TEST(OnednnTest, Rope) {
  Random random(5);
  for (RopeStyle style : {RopeStyle::kHalves, RopeStyle::kInterleaved}) {
    for (uint64_t pairs : {1u, 5u, 8u}) {
      RopeAttributes attributes = {.head_size = 16, .magnitude = 1.25, .first_position = 3, .style = style};
      for (uint64_t i = 0; i < pairs; ++i) attributes.frequencies.push_back(std::pow(10000.0f, -float(i) / 8));
      ExpectLikeReference(OpKind::kRope, attributes, {random.Normal({2, 37, 48})}, std::to_string(pairs));
    }
  }
}

TEST(OnednnTest, CausalMask) {
  Random random(6);
  for (const Shape& shape : {Shape{3, 3}, Shape{2, 5, 9}, Shape{2, 9, 5}, Shape{200, 100}}) {
    for (uint64_t window : {0u, 1u, 4u}) {
      TestTensor x = random.Normal(shape);
      x.values.back() = kNan;
      x.values[1] = kNan;
      ExpectLikeReference(OpKind::kCausalMask, CausalMaskAttributes{window}, {x}, ShapeText(shape));
    }
  }
}

TEST(OnednnTest, UnaryFunctions) {
  Random random(7);
  for (int f = 0; f <= static_cast<int>(UnaryFunction::kHardSwish); ++f) {
    const UnaryAttributes attributes = {static_cast<UnaryFunction>(f), 0.3, 0.6};
    TestTensor x = random.Normal({17, 1031});
    ExpectLikeReference(OpKind::kUnary, attributes, {x}, std::string(UnaryFunctionName(attributes.function)));
    TestTensor special = {{9}, {kNan, kInf, -kInf, 0, 1, -1, 0.5f, 2.5f, -2.5f}};
    ExpectLikeReference(OpKind::kUnary, attributes, {special}, std::string(UnaryFunctionName(attributes.function)));
  }
}

constexpr BinaryFunction kArithmetic[] = {BinaryFunction::kAdd, BinaryFunction::kSub, BinaryFunction::kMul,
                                          BinaryFunction::kDiv, BinaryFunction::kMax, BinaryFunction::kMin,
                                          BinaryFunction::kPow};
const std::pair<Shape, Shape> kBroadcasts[] = {{{7}, {7}},
                                               {{1}, {7}},
                                               {{7}, {1}},
                                               {{3, 5}, {5}},
                                               {{5}, {3, 5}},
                                               {{3, 1}, {1, 5}},
                                               {{2, 3, 4}, {3, 1}},
                                               {{2, 1, 4}, {3, 1}},
                                               {{2, 1, 3, 1}, {5, 1, 7}},
                                               {{70, 900}, {70, 900}},
                                               {{90, 700}, {90, 1}},
                                               {{}, {3}},
                                               {{4, 1, 6}, {4, 5, 6}}};

TEST(OnednnTest, BinaryFunctionsBroadcastEitherOperand) {
  Random random(8);
  for (BinaryFunction function : kArithmetic) {
    for (const auto& [a, b] : kBroadcasts) {
      TestTensor x = random.Normal(a);
      TestTensor y = random.Normal(b);
      x.values[0] = kNan;
      y.values.back() = kInf;
      ExpectLikeReference(OpKind::kBinary, BinaryAttributes{function}, {x, y},
                          std::string(BinaryFunctionName(function)) + ShapeText(a) + ShapeText(b));
    }
  }
}

TEST(OnednnTest, PowersOfTwoAsExponents) {
  ExpectLikeReference(OpKind::kBinary, BinaryAttributes{BinaryFunction::kPow},
                      {{{6}, {-3, 0, 1.5f, kNan, -kInf, 1e-3f}}, {{1}, {2}}}, "squares");
}

TEST(OnednnTest, ComparisonsGiveBools) {
  Random random(9);
  for (BinaryFunction function : {BinaryFunction::kEqual, BinaryFunction::kLess, BinaryFunction::kLessOrEqual}) {
    for (const auto& [a, b] : kBroadcasts) {
      std::vector<TestTensor> operands = {random.Integers(a, -1, 1), random.Integers(b, -1, 1)};
      operands[0].values[0] = kNan;
      const Graph graph = GraphOf(OpKind::kBinary, BinaryAttributes{function}, operands);
      EXPECT_EQ(RunOn("onednn", graph, operands).bytes, RunOn("reference", graph, operands).bytes);
    }
  }
}

TEST(OnednnTest, Reductions) {
  Random random(10);
  for (int f = 0; f <= static_cast<int>(ReduceFunction::kProd); ++f) {
    for (const std::vector<uint32_t>& axes :
         {std::vector<uint32_t>{}, {0u}, {1u}, {2u}, {0u, 1u}, {1u, 2u}, {0u, 1u, 2u}}) {
      for (bool keep : {false, true}) {
        const ReduceAttributes attributes = {static_cast<ReduceFunction>(f), axes, keep};
        TestTensor x = random.Normal({3, 7, 601});
        for (float& value : x.values) value = 1 + 0.01f * value;
        x.values[2000] = kNan;
        ExpectLikeReference(OpKind::kReduce, attributes, {x}, std::to_string(f) + std::to_string(axes.size()));
      }
    }
  }
}

struct ConvCase {
  Shape x;
  Shape weights;
  WindowAttributes window;
};
WindowAttributes Window(std::vector<uint64_t> strides, std::vector<uint64_t> dilations, std::vector<int64_t> before,
                        std::vector<int64_t> after, uint64_t groups = 1, std::vector<uint64_t> extra = {}) {
  return {.strides = strides,
          .dilations = dilations,
          .pads_before = before,
          .pads_after = after,
          .output_padding = extra,
          .groups = groups};
}
const ConvCase kConvCases[] = {
    {{1, 3, 8, 9}, {5, 3, 3, 3}, Window({1, 1}, {1, 1}, {0, 0}, {0, 0})},
    {{2, 16, 15, 17}, {32, 16, 3, 3}, Window({2, 2}, {1, 1}, {1, 1}, {1, 1})},
    {{1, 4, 11, 11}, {6, 2, 3, 2}, Window({1, 2}, {2, 1}, {2, 0}, {1, 1}, 2)},
    {{1, 8, 9, 9}, {8, 1, 3, 3}, Window({1, 1}, {1, 1}, {1, 1}, {1, 1}, 8)},
    {{2, 3, 20}, {4, 3, 5}, Window({2}, {1}, {2}, {2})},
    {{1, 2, 5, 6, 7}, {3, 2, 2, 3, 3}, Window({1, 2, 1}, {1, 1, 1}, {0, 1, 1}, {1, 0, 1})},
};

TEST(OnednnTest, Convolutions) {
  Random random(11);
  for (const ConvCase& c : kConvCases) {
    const std::string what = ShapeText(c.x) + ShapeText(c.weights);
    TestTensor bias = random.Normal({c.weights[0]});
    ExpectLikeReference(OpKind::kConv, c.window, {random.Normal(c.x), random.Normal(c.weights), bias}, what);
    ExpectLikeReference(OpKind::kConv, c.window, {random.Integers(c.x, -8, 8), random.Integers(c.weights, -8, 8)}, what,
                        0);
  }
}

TEST(OnednnTest, TransposedConvolutions) {
  Random random(12);
  const ConvCase cases[] = {
      {{1, 3, 4, 5}, {3, 2, 3, 3}, Window({1, 1}, {1, 1}, {0, 0}, {0, 0}, 1, {0, 0})},
      {{2, 4, 5, 5}, {4, 3, 3, 2}, Window({2, 3}, {1, 1}, {1, 0}, {1, 1}, 1, {1, 0})},
      {{1, 4, 5, 5}, {4, 3, 3, 3}, Window({2, 2}, {1, 1}, {1, 1}, {0, 0}, 2, {1, 1})},
      {{1, 3, 9}, {3, 2, 4}, Window({2}, {1}, {1}, {1}, 1, {0})},
  };
  for (const ConvCase& c : cases) {
    ExpectLikeReference(OpKind::kConvTranspose, c.window,
                        {random.Integers(c.x, -8, 8), random.Integers(c.weights, -8, 8)},
                        ShapeText(c.x) + ShapeText(c.weights), 0);
  }
}

TEST(OnednnTest, Pools) {
  Random random(16);
  struct PoolCase {
    Shape x;
    std::vector<uint64_t> kernel;
    WindowAttributes window;
  };
  const PoolCase cases[] = {{{2, 3, 9, 11}, {3, 2}, Window({2, 1}, {1, 2}, {1, 0}, {1, 1})},
                            {{1, 2, 17}, {4}, Window({3}, {1}, {2}, {2})},
                            {{1, 5, 7, 7}, {7, 7}, Window({1, 1}, {1, 1}, {0, 0}, {0, 0})},
                            {{1, 2, 4, 5, 6}, {2, 2, 3}, Window({2, 2, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1})}};
  for (const PoolCase& c : cases) {
    for (PoolKind kind : {PoolKind::kMax, PoolKind::kMean}) {
      for (int flags = 0; flags < 4; ++flags) {
        PoolAttributes pool = {
            .window = c.window, .kind = kind, .count_padding = flags % 2 == 1, .round_up = flags > 1};
        pool.window.kernel = c.kernel;
        TestTensor x = random.Normal(c.x);
        x.values[3] = kNan;
        ExpectLikeReference(OpKind::kPool, pool, {x}, ShapeText(c.x) + std::to_string(flags));
      }
    }
  }
}

TEST(OnednnTest, PackedWeightsGiveTheSame) {
  Random random(13);
  const std::vector<TestTensor> operands = {random.Integers({1, 65, 70}, -64, 64), random.Integers({70, 131}, -64, 64),
                                            random.Integers({131}, -9, 9)};
  const Graph graph = GraphOf(OpKind::kMatMul, MatMulAttributes{}, operands, true);
  const TensorValue expected = RunOn("reference", graph, operands);
  EXPECT_EQ(RunOn("onednn", graph, operands).bytes, expected.bytes);
  EXPECT_EQ(RunOn("onednn", graph, operands, {.kept_weights_bytes_max = 1 << 20}).bytes, expected.bytes);
}

class BFloat16Test : public testing::Test {
 protected:
  void SetUp() override {
    const absl::Status status = (*FindBackend("onednn:bf16"))->Available();
    if (!status.ok()) GTEST_SKIP() << status;
  }
};

TEST_F(BFloat16Test, SmallIntegersAreExact) {
  Random random(14);
  for (bool weights : {false, true}) {
    const std::vector<TestTensor> operands = {random.Integers({2, 33, 70}, -64, 64),
                                              random.Integers({131, 70}, -64, 64)};
    const Graph graph = GraphOf(OpKind::kMatMul, MatMulAttributes{.transpose_b = true}, operands, weights);
    const TensorValue expected = RunOn("reference", graph, operands);
    EXPECT_EQ(RunOn("onednn:bf16", graph, operands).bytes, expected.bytes);
    EXPECT_EQ(RunOn("onednn:bf16", graph, operands, {.kept_weights_bytes_max = 1 << 20}).bytes, expected.bytes);
  }
}

TEST_F(BFloat16Test, OperandsAreRoundedAndSumsAreNot) {
  Random random(15);
  std::vector<TestTensor> operands = {random.Normal({17, 768}), random.Normal({768, 19})};
  const Graph graph = GraphOf(OpKind::kMatMul, MatMulAttributes{}, operands);
  const TensorValue found = RunOn("onednn:bf16", graph, operands);
  for (TestTensor& operand : operands) {
    for (float& value : operand.values) value = std::bit_cast<float>(uint32_t{ToBFloat16(value)} << 16);
  }
  const TensorValue expected = RunOn("reference", graph, operands);
  const std::vector<double> left(expected.As<float>().begin(), expected.As<float>().end());
  const std::vector<float> right(found.As<float>().begin(), found.As<float>().end());
  EXPECT_LE(Nmse(left, right), kNmseMax);
}

TEST(BFloat16RoundingTest, IsToNearestEven) {
  EXPECT_EQ(ToBFloat16(1.0f), 0x3F80);
  EXPECT_EQ(ToBFloat16(std::bit_cast<float>(0x3F808000u)), 0x3F80);
  EXPECT_EQ(ToBFloat16(std::bit_cast<float>(0x3F818000u)), 0x3F82);
  EXPECT_EQ(ToBFloat16(std::bit_cast<float>(0x3F808001u)), 0x3F81);
  EXPECT_EQ(ToBFloat16(-kInf), 0xFF80);
  EXPECT_EQ(ToBFloat16(std::bit_cast<float>(0x7F7FFFFFu)), 0x7F80);
  EXPECT_EQ(ToBFloat16(std::bit_cast<float>(0x7F800001u)) & 0x7FC0, 0x7FC0);
}

TEST(VariantsTest, ANewProcessIsNeededForAnotherInstructionSet) {
  const std::map<std::string, std::string> wanted = {{"onednn:avx2", "AVX2"}, {"onednn:avx512", "AVX512_CORE"}};
  for (const auto& [name, value] : wanted) {
    const Backend* backend = *FindBackend(name);
    EXPECT_EQ(backend->name(), name);
    EXPECT_EQ(backend->environment().at("ONEDNN_MAX_CPU_ISA"), value);
    const bool here = backend->description().ends_with(", " + value);
    EXPECT_EQ(backend->Available().ok(), here) << backend->Available();
    if (!here) {
      EXPECT_THAT(std::string(Message(backend->Available())), testing::HasSubstr("ONEDNN_MAX_CPU_ISA=" + value));
    }
  }
  EXPECT_FALSE(FindBackend("onednn:sse").ok());
  EXPECT_FALSE(FindBackend("reference:bf16").ok());
  EXPECT_EQ((*FindBackend("onednn:bf16"))->precision(), Precision::kBF16);
  EXPECT_TRUE((*FindBackend("onednn"))->environment().empty());
}

}  // namespace
}  // namespace plumb
