// What every backend's executables promise: inputs checked, memory freed and counted, cancellation, honest coverage.
#include <gmock/gmock.h>

#include "plumb/inference/backend.h"
#include "tests/unit/inference/guarded_device.h"
#include "tests/unit/inference/test_util.h"

namespace plumb {
namespace {

using testing::HasSubstr;

// Weights whose elements are all the same, and a count of loads.
class ConstantWeights : public WeightSource {
 public:
  explicit ConstantWeights(float value) : value_(value) {}
  absl::Status Load(const std::string& name, std::span<float> out) const override {
    if (name == "broken") return InvalidArgument("tensor \"broken\" cannot be read");
    ++loads;
    std::fill(out.begin(), out.end(), value_);
    return absl::OkStatus();
  }
  absl::Status LoadPart(const std::string& name, uint64_t, std::span<float> out) const override {
    return Load(name, out);
  }
  mutable int loads = 0;

 private:
  float value_;
};

class ExecutorTest : public testing::TestWithParam<const Backend*> {
 protected:
  void SetUp() override {
    const absl::Status available = GetParam()->Available();
    if (!available.ok()) GTEST_SKIP() << Message(available);
  }
  absl::StatusOr<RunResult> Run(GraphBuilder& builder, ValueId output, const RunInputs& inputs) {
    absl::StatusOr<Graph> graph = builder.Build(output);
    EXPECT_TRUE(graph.ok()) << graph.status();
    plan_ = std::move(GetParam()->Plan(*graph)).value();
    return plan_->Run(inputs);
  }
  std::unique_ptr<Executable> plan_;
};

std::vector<const Backend*> BackendsAndGuarded() {
  static const GuardedOpenclBackend kGuarded;
  std::vector<const Backend*> backends = Backends();
  backends.push_back(&kGuarded);
  return backends;
}

INSTANTIATE_TEST_SUITE_P(Backends, ExecutorTest, testing::ValuesIn(BackendsAndGuarded()),
                         [](const auto& param) { return std::string(param.param->name()); });

TEST_P(ExecutorTest, ChainsOperators) {
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {2, 2});
  ValueId y = b.MatMul("m", x, b.Weight("w", {2, 2}), b.Weight("c", {2}));
  const std::vector<float> values = {1, 2, 3, 4};
  ConstantWeights weights(2);
  auto run = Run(b, b.Scale("s", 0.5, y), {.values = {{"x", values}}, .weights = &weights});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_THAT(run->output(), testing::ElementsAre(4, 4, 8, 8));
}

TEST_P(ExecutorTest, GathersRows) {
  GraphBuilder b;
  ValueId table = b.Input("t", ElementType::kF32, {3, 2});
  ValueId rows = b.Gather("g", table, b.Input("ids", ElementType::kI32, {2, 2}));
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  const std::vector<int32_t> ids = {2, 0, 0, 1};
  auto run = Run(b, rows, {.ids = {{"ids", ids}}, .values = {{"t", values}}});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_THAT(run->output(), testing::ElementsAre(5, 6, 1, 2, 1, 2, 3, 4));
}

TEST_P(ExecutorTest, RefusesIdsOutsideTheTable) {
  for (int32_t id : {-1, 3, INT32_MAX, INT32_MIN}) {
    GraphBuilder b;
    ValueId rows = b.Gather("lookup", b.Weight("t", {3, 2}), b.Input("ids", ElementType::kI32, {1}));
    const std::vector<int32_t> ids = {id};
    ConstantWeights weights(1);
    auto run = Run(b, rows, {.ids = {{"ids", ids}}, .weights = &weights});
    EXPECT_THAT(std::string(Message(run.status())), testing::AllOf(HasSubstr("lookup"), HasSubstr("outside")));
  }
}

TEST_P(ExecutorTest, RefusesMissingAndWrongInputs) {
  const std::vector<float> three = {1, 2, 3};
  const std::vector<int32_t> two = {1, 2};
  for (const RunInputs& inputs : {RunInputs{}, RunInputs{.values = {{"x", three}}}, RunInputs{.ids = {{"x", two}}}}) {
    GraphBuilder b;
    ValueId x = b.Input("x", ElementType::kF32, {2});
    auto run = Run(b, b.Scale("s", 1, x), inputs);
    EXPECT_EQ(run.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(Message(run.status())), HasSubstr("\"x\""));
  }
}

TEST_P(ExecutorTest, ReportsWhatTheWeightSourceReports) {
  GraphBuilder b;
  ConstantWeights weights(1);
  auto run = Run(b, b.Scale("s", 1, b.Weight("broken", {4})), {.weights = &weights});
  EXPECT_THAT(std::string(Message(run.status())), HasSubstr("\"broken\" cannot be read"));
}

TEST_P(ExecutorTest, ARunWithoutWeightsSaysSo) {
  GraphBuilder b;
  auto run = Run(b, b.Scale("s", 1, b.Weight("w", {4})), {});
  EXPECT_THAT(std::string(Message(run.status())), HasSubstr("no weights"));
}

TEST_P(ExecutorTest, StopsWhenCancelled) {
  const std::atomic<bool> cancelled = true;
  GraphBuilder b;
  ConstantWeights weights(1);
  auto run = Run(b, b.Scale("s", 1, b.Weight("w", {4})), {.weights = &weights, .cancelled = &cancelled});
  EXPECT_EQ(run.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(weights.loads, 0);
}

TEST_P(ExecutorTest, LeavesCanBeOutputs) {
  GraphBuilder b;
  const std::vector<int64_t> numbers = {1, -2};
  ValueId constant = b.Constant("c", TensorValue::Of<int64_t>({2}, numbers));
  ValueId input = b.Input("x", ElementType::kI32, {1});
  absl::StatusOr<Graph> graph = b.Build({b.Weight("w", {4}), constant, input});
  ASSERT_TRUE(graph.ok()) << graph.status();
  const std::vector<int32_t> x = {7};
  ConstantWeights weights(3);
  auto run = std::move(GetParam()->Plan(*graph)).value()->Run({.ids = {{"x", x}}, .weights = &weights});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_THAT(run->output(), testing::ElementsAre(3, 3, 3, 3));
  EXPECT_THAT(run->outputs[1].As<int64_t>(), testing::ElementsAre(1, -2));
  EXPECT_THAT(run->outputs[2].As<int32_t>(), testing::ElementsAre(7));
}

TEST_P(ExecutorTest, KeepsWeightsWhenAllFit) {
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {1, 4});
  ValueId y = b.MatMul("m", x, b.Weight("w", {4, 4}));
  absl::StatusOr<Graph> graph = b.Build(y);
  const std::vector<float> values = {1, 2, 3, 4};
  for (uint64_t limit : {63u, 64u}) {
    ConstantWeights weights(1);
    auto plan = std::move(GetParam()->Plan(*graph, {.kept_weights_bytes_max = limit})).value();
    for (int i = 0; i < 3; ++i) {
      auto run = plan->Run({.values = {{"x", values}}, .weights = &weights});
      ASSERT_TRUE(run.ok()) << run.status();
      EXPECT_THAT(run->output(), testing::ElementsAre(10, 10, 10, 10));
    }
    EXPECT_EQ(weights.loads, limit == 64 ? 1 : 3);
  }
}

TEST_P(ExecutorTest, KeptWeightsAreCountedBeforeAndInEveryRun) {
  constexpr uint64_t kWidth = 32;
  constexpr uint64_t kMatrixBytes = kWidth * kWidth * sizeof(float);
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {1, kWidth});
  for (int i = 0; i < 8; ++i) x = b.MatMul("m", x, b.Weight("w" + std::to_string(i), {kWidth, kWidth}));
  absl::StatusOr<Graph> graph = b.Build(x);
  const std::vector<float> values(kWidth, 1);
  ConstantWeights weights(0);
  auto plan = std::move(GetParam()->Plan(*graph, {.kept_weights_bytes_max = 64 * kMatrixBytes})).value();
  EXPECT_GE(plan->summary().peak_bytes, 8 * kMatrixBytes);
  for (int i = 0; i < 3; ++i) {
    auto run = plan->Run({.values = {{"x", values}}, .weights = &weights});
    ASSERT_TRUE(run.ok()) << run.status();
    EXPECT_GE(run->peak_bytes, 8 * kMatrixBytes);
    EXPECT_LE(run->peak_bytes, plan->summary().peak_bytes) << "run " << i;
  }
  // Without room for them they come one after the other.
  auto streaming = std::move(GetParam()->Plan(*graph)).value();
  EXPECT_LT(streaming->summary().peak_bytes, 4 * kMatrixBytes);
}

TEST_P(ExecutorTest, ObserversSeeEveryResult) {
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {2});
  ValueId y = b.Scale("double", 2, x);
  absl::StatusOr<Graph> graph = b.Build(b.Scale("half", 0.5, y));
  const std::vector<float> values = {1, 2};
  std::vector<std::string> seen;
  auto observe = [&](const Node& node, const TensorView& value) {
    seen.push_back(node.name + " " + std::to_string(value.As<float>()[1]));
  };
  ASSERT_TRUE(std::move(GetParam()->Plan(*graph)).value()->Run({.values = {{"x", values}}, .observer = observe}).ok());
  EXPECT_THAT(seen, testing::ElementsAre("double 4.000000", "half 2.000000"));
}

TEST_P(ExecutorTest, MemoryOfAChainHoldsOneWeightAndThreeActivations) {
  constexpr uint64_t kWidth = 64;
  constexpr uint64_t kMatrixBytes = kWidth * kWidth * sizeof(float);
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {kWidth, kWidth});
  for (int i = 0; i < 20; ++i) x = b.MatMul("m", x, b.Weight("w" + std::to_string(i), {kWidth, kWidth}));
  const std::vector<float> values(kWidth * kWidth, 1);
  ConstantWeights weights(0);
  auto run = Run(b, x, {.values = {{"x", values}}, .weights = &weights});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(weights.loads, 20);
  // Two places in the arena take turns; the last result lies apart. What a kernel needs beside them is small.
  EXPECT_GE(run->peak_bytes, 3 * kMatrixBytes);
  EXPECT_LE(run->peak_bytes, 5 * kMatrixBytes);
  EXPECT_EQ(plan_->summary().peak_bytes, run->peak_bytes);
}

TEST_P(ExecutorTest, WhatNothingReadsIsNotComputed) {
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {2});
  b.Scale("unused", 1, b.Weight("broken", {1000}));
  const std::vector<float> values = {1, 2};
  auto run = Run(b, b.Scale("s", 3, x), {.values = {{"x", values}}});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_THAT(run->output(), testing::ElementsAre(3, 6));
}

TEST_P(ExecutorTest, ReshapesShareMemory) {
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {2, 3});
  ValueId y = b.Scale("s", 2, b.Reshape("input", x, {3, 2}));
  ValueId z = b.Reshape("r1", y, {6});
  ValueId w = b.Binary("sum", BinaryFunction::kAdd, b.Reshape("r2", z, {1, 6}), b.Reshape("r3", y, {1, 6}));
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  auto run = Run(b, b.Reshape("out", w, {2, 3}), {.values = {{"x", values}}});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_THAT(run->output(), testing::ElementsAre(4, 8, 12, 16, 20, 24));
  EXPECT_EQ(plan_->summary().peak_bytes, run->peak_bytes);
}

TEST_P(ExecutorTest, RunsAgainAndAlike) {
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {4});
  const std::vector<float> values = {1, 2, 3, 4};
  auto first = Run(b, b.Softmax("s", x), {.values = {{"x", values}}});
  auto second = plan_->Run({.values = {{"x", values}}});
  EXPECT_THAT(second->output(), testing::ElementsAreArray(first->output()));
}

TEST(CoverageTest, ReferenceCoversEverythingAndOnednnSaysWhatItLacks) {
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {1, 4, 8});
  x = b.Attention("a", x, x, x, {.heads = 2, .causal = true});
  absl::StatusOr<Graph> graph = b.Build(b.Append(OpKind::kCumSum, "sums", {x}, CumSumAttributes{}));
  auto reference = (*FindBackend("reference"))->Plan(*graph);
  EXPECT_EQ((*reference)->summary().coverage(), 1);
  EXPECT_TRUE((*reference)->summary().fallbacks.empty());
  auto onednn = (*FindBackend("onednn"))->Plan(*graph);
  EXPECT_THAT((*onednn)->summary().fallbacks, testing::ElementsAre(testing::Pair("cumsum", 1)));
  EXPECT_LT((*onednn)->summary().coverage(), 1);
  EXPECT_GT((*onednn)->summary().coverage(), 0.8);
}

TEST(BackendsTest, ReferenceIsFirstAndAlwaysAvailable) {
  EXPECT_EQ(Backends().front()->name(), "reference");
  EXPECT_TRUE(Backends().front()->Available().ok());
  for (const Backend* backend : Backends()) EXPECT_FALSE(backend->description().empty()) << backend->name();
}

TEST(BackendsTest, AnUnknownOneIsAUsageErrorThatListsThoseThereAre) {
  absl::Status status = FindBackend("gpu").status();
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kUsage);
  EXPECT_THAT(std::string(Message(status)), testing::AllOf(HasSubstr("gpu"), HasSubstr("reference, onednn")));
}

}  // namespace
}  // namespace plumb
