// What is evidence against a model and what is not: rounding that falls the other way, small outputs, backends at
// fault.
#include "verify/inference/check/judge.h"

#include <gmock/gmock.h>

#include "tests/unit/inference/int8_model.h"
#include "tests/unit/inference/recorded_case.h"
#include "verify/inference/check/sensitivity.h"

namespace plumb {
namespace {

using namespace onnx_writer;
using testing::ElementsAre;
using testing::HasSubstr;

Node NodeOf(OpKind op, Attributes attributes = {}) {
  Node node;
  node.op = op;
  node.attributes = std::move(attributes);
  return node;
}

TEST(JitterTest, KnowsWhatRuntimesMayDisagreeOn) {
  EXPECT_EQ(NoiseOf(NodeOf(OpKind::kMatMul, MatMulAttributes{})), Noise::kSum);
  EXPECT_EQ(NoiseOf(NodeOf(OpKind::kTranspose, TransposeAttributes{})), Noise::kNone);
  EXPECT_EQ(NoiseOf(NodeOf(OpKind::kUnary, UnaryAttributes{UnaryFunction::kRound})), Noise::kNone);
  EXPECT_EQ(NoiseOf(NodeOf(OpKind::kUnary, UnaryAttributes{UnaryFunction::kSigmoid})), Noise::kBounded);
  EXPECT_EQ(NoiseOf(NodeOf(OpKind::kBinary, BinaryAttributes{BinaryFunction::kMax})), Noise::kNone);
  EXPECT_EQ(NoiseOf(NodeOf(OpKind::kBinary, BinaryAttributes{BinaryFunction::kDiv})), Noise::kRelative);
  EXPECT_EQ(NoiseOf(NodeOf(OpKind::kReduce, ReduceAttributes{ReduceFunction::kMax})), Noise::kNone);
  EXPECT_EQ(NoiseOf(NodeOf(OpKind::kReduce, ReduceAttributes{ReduceFunction::kMean})), Noise::kSum);
}

TEST(JitterTest, MovesNumbersALittleAndLeavesWholeOnesAlone) {
  Node node = NodeOf(OpKind::kScale, ScaleAttributes{});
  node.type = ElementType::kF32;
  const std::vector<float> before = {0, 1, -3, INFINITY, 0.5f, -1.25e-3f, 777.7f};
  std::vector<float> after = before;
  const Graph empty;
  Jitter jitter(empty, 1, Precision::kF32);
  jitter.Disturb(node, {reinterpret_cast<uint8_t*>(after.data()), after.size() * sizeof(float)});
  EXPECT_THAT(std::vector<float>(after.begin(), after.begin() + 4), ElementsAre(0, 1, -3, INFINITY));
  bool moved = false;
  for (size_t i = 4; i < before.size(); ++i) {
    EXPECT_NEAR(after[i], before[i], std::abs(before[i]) * 0x1p-21);
    moved = moved || after[i] != before[i];
  }
  EXPECT_TRUE(moved);
}

TEST(JitterTest, MovesHalvesByOneStep) {
  Node node = NodeOf(OpKind::kScale, ScaleAttributes{});
  node.type = ElementType::kF16;
  std::vector<uint16_t> bits = {0, 0x3C00, 0xBC01, 0x7C00, 0x0001};
  const std::vector<uint16_t> before = bits;
  const Graph empty;
  Jitter jitter(empty, 3, Precision::kF32);
  jitter.Disturb(node, {reinterpret_cast<uint8_t*>(bits.data()), bits.size() * 2});
  EXPECT_EQ(bits[0], 0);
  EXPECT_EQ(bits[3], 0x7C00);
  for (size_t i = 0; i < bits.size(); ++i) EXPECT_LE(std::abs(bits[i] - before[i]), 1);
}

TEST(JudgeTest, ARoundingThatFallsTheOtherWayIsNoFailure) {
  RecordedCase model(Int8Model::Make(6).Serialize());
  int beyond_the_tier = 0;
  for (uint64_t seed = 100; seed < 106; ++seed) {
    model.Record(seed);
    const CaseResult result = model.Check();
    const Gate& golden = GateOf(result, kGoldenGate);
    EXPECT_EQ(result.verdict, Verdict::kPass) << result.detail;
    if (result.nmse <= 1e-9) continue;
    ++beyond_the_tier;
    EXPECT_THAT(golden.limits_from, HasSubstr("rounding alone moves the outputs"));
    EXPECT_LT(NmseLimitOf(golden), kTellingNmseMax);
  }
  EXPECT_GT(beyond_the_tier, 0) << "the model is too small to show anything";
}

TEST(JudgeTest, TheTiersLimitsHoldWhereRoundingMovesLittle) {
  const std::string graph = NodeField("MatMul", {"x", "w"}, {"y"}) + Input("x", 1, {4, 8}) +
                            Initializer(Tensor("w", 1, {8, 8}, Raw(std::vector<float>(64, 0.37f)))) + Output("y");
  RecordedCase model(onnx_writer::Model(graph));
  model.Record(5);
  EXPECT_EQ(model.Check().verdict, Verdict::kPass);
  model.Record(5, [](std::vector<TensorValue>& outputs) {
    float first = 0;
    std::memcpy(&first, outputs[0].bytes.data(), sizeof(first));
    first *= 1.01f;
    std::memcpy(outputs[0].bytes.data(), &first, sizeof(first));
  });
  const CaseResult result = model.Check();
  EXPECT_EQ(result.verdict, Verdict::kFail);
  EXPECT_DOUBLE_EQ(NmseLimitOf(GateOf(result, kGoldenGate)), 1e-9);
  EXPECT_THAT(GateOf(result, kGoldenGate).limits_from, HasSubstr("of the f32 tier, more than measured"));
}

// A voice detector's single probability: sigmoid of a sum.
std::string Detector() {
  std::vector<float> weights(64);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = 0.01f * static_cast<float>(i % 7) - 0.03f;
  return onnx_writer::Model(NodeField("MatMul", {"x", "w"}, {"s"}) + NodeField("Add", {"s", "b"}, {"t"}) +
                            NodeField("Sigmoid", {"t"}, {"y"}) + Input("x", 1, {1, 64}) +
                            Initializer(Tensor("w", 1, {64, 1}, Raw(weights))) +
                            Initializer(Tensor("b", 1, {1}, Raw(std::vector<float>{-8.2f}))) + Output("y"));
}

void Add(float delta, std::vector<TensorValue>& outputs) {
  float value = 0;
  std::memcpy(&value, outputs[0].bytes.data(), sizeof(value));
  value += delta;
  std::memcpy(outputs[0].bytes.data(), &value, sizeof(value));
}

TEST(JudgeTest, ASmallProbabilityIsJudgedByWhatASigmoidsErrorIs) {
  RecordedCase model(Detector());
  model.Record(1, [](std::vector<TensorValue>& outputs) { Add(2.7e-8f, outputs); });
  const CaseResult result = model.Check();
  EXPECT_EQ(result.verdict, Verdict::kPass) << result.detail;
  EXPECT_GT(result.nmse, 1e-9);
  model.Record(1, [](std::vector<TensorValue>& outputs) { Add(5e-6f, outputs); });
  EXPECT_EQ(model.Check().verdict, Verdict::kFail);
}

TEST(JudgeTest, InputsOnWhichOutputsAreNoiseDecideNothing) {
  // What is left of x + 1e7 - 1e7 - x is rounding.
  RecordedCase model(onnx_writer::Model(NodeField("Add", {"x", "big"}, {"a"}) + NodeField("Sub", {"a", "big"}, {"b"}) +
                                        NodeField("Sub", {"b", "x"}, {"y"}) + Input("x", 1, {4, 8}) +
                                        Initializer(Tensor("big", 1, {}, Raw(std::vector<float>{1.05e6f}))) +
                                        Output("y")));
  model.Record(9);
  const CaseResult result = model.Check();
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_THAT(result.detail, HasSubstr("these inputs cannot tell"));
}

TEST(JudgeTest, PlacesThatChangeWithRoundingAreCounted) {
  // The larger of two numbers that are the same but for rounding, and of two that are not.
  std::vector<float> weights(64 * 2);
  for (size_t i = 0; i < 64; ++i) weights[2 * i] = weights[2 * i + 1] = 0.01f * static_cast<float>(i) + 0.003f;
  const std::string graph = NodeField("MatMul", {"x", "w"}, {"s"}) +
                            NodeField("ArgMax", {"s"}, {"y"}, IntAttribute("axis", 1)) + Input("x", 1, {32, 64}) +
                            Initializer(Tensor("w", 1, {64, 2}, Raw(weights))) + Output("y", 7);
  RecordedCase model(onnx_writer::Model(graph));
  model.Record(3);
  EXPECT_NE(model.Check().verdict, Verdict::kFail);
  weights[0] = 9;
  RecordedCase decided(onnx_writer::Model(
      NodeField("MatMul", {"x", "w"}, {"s"}) + NodeField("ArgMax", {"s"}, {"y"}, IntAttribute("axis", 1)) +
      Input("x", 1, {32, 64}) + Initializer(Tensor("w", 1, {64, 2}, Raw(weights))) + Output("y", 7)));
  decided.Record(3, [](std::vector<TensorValue>& outputs) { outputs[0].bytes[0] ^= 1; });
  EXPECT_EQ(decided.Check().verdict, Verdict::kFail);
}

// `reference`, but for products half as large again.
class FaultyKernels : public HostKernels {
 public:
  bool Supports(const Graph& graph, const Node& node) const override {
    return ReferenceKernels().Supports(graph, node);
  }
  absl::Status Compute(const Node& node, std::span<const HostTensor> operands, HostOutput output) const override {
    absl::Status status = ReferenceKernels().Compute(node, operands, output);
    if (node.op != OpKind::kMatMul) return status;
    for (float& value : output.values) value *= 1.5f;
    return status;
  }
};

class FaultyBackend : public Backend {
 public:
  std::string_view name() const override { return "faulty"; }
  std::string description() const override { return ""; }
  absl::Status Available() const override { return absl::OkStatus(); }
  absl::StatusOr<std::unique_ptr<Executable>> Plan(const Graph& graph, const PlanOptions& options) const override {
    return PlanOnHost(graph, kernels_, options);
  }

 private:
  FaultyKernels kernels_;
};

TEST(JudgeTest, AFaultOfABackendIsNotTheModels) {
  RecordedCase model(Int8Model::Make(2).Serialize());
  const FaultyBackend faulty;
  EXPECT_EQ(model.Check(faulty).verdict, Verdict::kInconclusive) << "nothing is recorded";
  model.Record(1);
  const CaseResult result = model.Check(faulty);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_THAT(result.detail, HasSubstr("the backend faulty is at fault here, not the model"));
  EXPECT_EQ(model.Check().verdict, Verdict::kPass);
  Int8Model other = Int8Model::Make(2);
  other.layers[1].scale *= 1.5f;
  model.Replace(other.Serialize());
  EXPECT_EQ(model.Check(faulty).verdict, Verdict::kFail) << "reference does not agree either";
}

}  // namespace
}  // namespace plumb
