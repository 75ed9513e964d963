#include "plumb/inference/self_test.h"

#include <gmock/gmock.h>

#include "tests/unit/inference/test_util.h"

namespace plumb {
namespace {

using testing::HasSubstr;

// `reference` with a fault in the results of one operator, or beside them.
class BrokenBackend : public Backend {
 public:
  using Fault = void (*)(const Node&, std::vector<float>&);
  BrokenBackend(std::string name, Fault fault) : name_(std::move(name)), fault_(fault) {}

  std::string_view name() const override { return name_; }
  std::string description() const override { return "broken"; }
  absl::Status Available() const override { return absl::OkStatus(); }
  absl::StatusOr<std::unique_ptr<Executable>> Plan(const Graph& graph, const PlanOptions& options) const override {
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Executable> inner, (*FindBackend("reference"))->Plan(graph, options));
    return std::make_unique<BrokenExecutable>(graph, std::move(inner), fault_);
  }

 private:
  class BrokenExecutable : public Executable {
   public:
    BrokenExecutable(Graph graph, std::unique_ptr<Executable> inner, Fault fault)
        : graph_(std::move(graph)), inner_(std::move(inner)), fault_(fault) {}
    const PlanSummary& summary() const override { return inner_->summary(); }
    absl::StatusOr<RunResult> Run(const RunInputs& inputs) const override {
      PLUMB_ASSIGN_OR_RETURN(RunResult result, inner_->Run(inputs));
      for (size_t i = 0; i < result.outputs.size(); ++i) {
        TensorValue& output = result.outputs[i];
        std::vector<float> values(output.As<float>().begin(), output.As<float>().end());
        fault_(graph_.node(graph_.outputs()[i]), values);
        output = TensorValue::Of<float>(output.shape, values);
      }
      return result;
    }

   private:
    Graph graph_;
    std::unique_ptr<Executable> inner_;
    Fault fault_;
  };

  std::string name_;
  Fault fault_;
};

TEST(SelfTestTest, EveryBackendOfThisBuildPassesOrIsNotThere) {
  for (const Backend* backend : Backends()) {
    const Gate& gate = SelfTest(*backend);
    if (!backend->Available().ok()) {
      EXPECT_EQ(gate.verdict, Verdict::kInconclusive) << backend->name();
      continue;
    }
    EXPECT_EQ(gate.verdict, Verdict::kPass) << backend->name() << ": " << gate.detail;
    EXPECT_GE(gate.measures.size(), 20);
    EXPECT_EQ(&SelfTest(*backend), &gate) << "computed once";
  }
}

TEST(SelfTestTest, AnExactProbeSeesOneUnitInOneElement) {
  const BrokenBackend backend("off-by-one", [](const Node& node, std::vector<float>& values) {
    if (node.op == OpKind::kMatMul) values.back() += 1;
  });
  const Gate& gate = SelfTest(backend);
  EXPECT_EQ(gate.verdict, Verdict::kFail);
  EXPECT_THAT(gate.detail, HasSubstr("matmul_exact: 1 elements are wrong"));
}

TEST(SelfTestTest, NanThatIsLostIsSeen) {
  const BrokenBackend backend("no-nan", [](const Node&, std::vector<float>& values) {
    for (float& value : values) value = std::isnan(value) ? 0 : value;
  });
  EXPECT_THAT(SelfTest(backend).detail,
              testing::AllOf(HasSubstr("relu_nan_inf"), HasSubstr("matmul_nan_inf"), HasSubstr("softmax_masked")));
}

TEST(SelfTestTest, OneGeluForTheOtherIsSeen) {
  const BrokenBackend backend("gelu", [](const Node& node, std::vector<float>& values) {
    if (node.name == "gelu_erf") {
      for (float& value : values) value *= 1 + 5e-5f;
    }
  });
  EXPECT_THAT(SelfTest(backend).detail, HasSubstr("gelu_erf: NMSE is 2.49e-09, limit 1e-10"));
}

TEST(SelfTestTest, WritingBesideAResultIsSeen) {
  const BrokenBackend backend("beside", [](const Node& node, std::vector<float>& values) {
    if (node.name == "after") values.front() = 0;
  });
  EXPECT_THAT(SelfTest(backend).detail, HasSubstr("elements beside a result were changed"));
}

}  // namespace
}  // namespace plumb
