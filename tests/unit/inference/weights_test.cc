// How the host executor gets its weights: ahead of their operator, where they lie, or once and for all.
#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "plumb/inference/backend.h"
#include "tests/unit/inference/test_util.h"
#include "verify/inference/backends/host_arena.h"
#include "verify/inference/loaded_model.h"

namespace plumb {
namespace {

using testing::HasSubstr;

constexpr uint64_t kWidth = 1024;  // Large enough to be decoded ahead.
constexpr uint64_t kMatrixBytes = kWidth * kWidth * sizeof(float);

// Identity matrices; says which were asked for, and from which thread.
class IdentityWeights : public WeightSource {
 public:
  absl::Status Load(const std::string& name, std::span<float> out) const override {
    if (name == broken) return InvalidArgument("tensor \"" + name + "\" cannot be read");
    std::fill(out.begin(), out.end(), 0.0f);
    for (size_t i = 0; i < out.size(); i += kWidth + 1) out[i] = 1;
    std::lock_guard lock(mutex);
    loads.push_back(name);
    if (std::this_thread::get_id() != owner) ++ahead;
    if (name == cancels) *cancelled = true;
    return absl::OkStatus();
  }
  absl::Status LoadPart(const std::string&, uint64_t first, std::span<float> out) const override {
    for (size_t i = 0; i < out.size(); ++i) out[i] = (first + i) % (kWidth + 1) == 0 ? 1.0f : 0.0f;
    return absl::OkStatus();
  }

  std::string broken;
  std::string cancels;
  std::atomic<bool>* cancelled = nullptr;
  const std::thread::id owner = std::this_thread::get_id();
  mutable std::mutex mutex;
  mutable std::vector<std::string> loads;
  mutable int ahead = 0;
};

Graph Chain(int length) {
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {2, kWidth});
  for (int i = 0; i < length; ++i) x = b.MatMul("m", x, b.Weight("w" + std::to_string(i), {kWidth, kWidth}));
  absl::StatusOr<Graph> graph = b.Build(x);
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

class WeightsTest : public testing::TestWithParam<const char*> {
 protected:
  absl::StatusOr<RunResult> Run(int length, const PlanOptions& options = {},
                                const std::atomic<bool>* cancelled = nullptr) {
    plan_ = std::move((*FindBackend(GetParam()))->Plan(Chain(length), options)).value();
    return plan_->Run({.values = {{"x", values_}}, .weights = &weights_, .cancelled = cancelled});
  }
  void SetUp() override {
    const absl::Status status = (*FindBackend(GetParam()))->Available();
    if (!status.ok()) GTEST_SKIP() << status;
  }
  IdentityWeights weights_;
  std::unique_ptr<Executable> plan_;
  const std::vector<float> values_ = std::vector<float>(2 * kWidth, 3);
};

INSTANTIATE_TEST_SUITE_P(Backends, WeightsTest, testing::Values("reference", "onednn", "onednn:bf16"),
                         [](const auto& param) { return param.param[6] == ':' ? "bf16" : std::string(param.param); });

TEST_P(WeightsTest, NextWeightsAreDecodedBesideTheWorkAndMemoryHoldsTwo) {
  auto run = Run(6);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_THAT(run->output(), testing::ElementsAreArray(values_));
  EXPECT_EQ(run->peak_bytes, plan_->summary().peak_bytes);
  EXPECT_LT(run->peak_bytes, 3 * kMatrixBytes);
  if (std::string_view(GetParam()) == "onednn:bf16") return;  // Reads in parts.
  EXPECT_THAT(weights_.loads, testing::ElementsAre("w0", "w1", "w2", "w3", "w4", "w5"));
  EXPECT_EQ(weights_.ahead, 5);
}

TEST_P(WeightsTest, KeptOnesAreLoadedOnce) {
  auto run = Run(3, {.kept_weights_bytes_max = 64 << 20});
  ASSERT_TRUE(run.ok()) << run.status();
  const size_t loads = weights_.loads.size();
  for (int i = 0; i < 2; ++i) {
    run = plan_->Run({.values = {{"x", values_}}, .weights = &weights_});
    EXPECT_THAT(run->output(), testing::ElementsAreArray(values_));
  }
  EXPECT_EQ(weights_.loads.size(), loads);
  EXPECT_LE(run->peak_bytes, plan_->summary().peak_bytes);
}

TEST(DecodeAheadTest, AnErrorWaitsForItsOperator) {
  for (const char* name : {"w0", "w1", "w3"}) {
    IdentityWeights weights;
    weights.broken = name;
    const std::vector<float> values(2 * kWidth, 3);
    std::vector<std::string> seen;
    auto observe = [&](const Node& node, const TensorView&) { seen.push_back(node.name); };
    auto plan = std::move((*FindBackend("onednn"))->Plan(Chain(4))).value();
    auto run = plan->Run({.values = {{"x", values}}, .weights = &weights, .observer = observe});
    EXPECT_THAT(std::string(Message(run.status())), HasSubstr("\"" + std::string(name) + "\" cannot be read"));
    EXPECT_EQ(seen.size(), static_cast<size_t>(name[1] - '0'));
  }
}

TEST(DecodeAheadTest, NothingReadsTheSourceAfterACancelledRun) {
  std::atomic<bool> cancelled = false;
  auto plan = std::move((*FindBackend("onednn"))->Plan(Chain(8))).value();
  const std::vector<float> values(2 * kWidth, 3);
  {
    IdentityWeights weights;
    weights.cancels = "w2";
    weights.cancelled = &cancelled;
    auto run = plan->Run({.values = {{"x", values}}, .weights = &weights, .cancelled = &cancelled});
    EXPECT_EQ(run.status().code(), absl::StatusCode::kCancelled);
    EXPECT_LT(weights.loads.size(), 6u);
  }
  cancelled = false;
  IdentityWeights weights;
  EXPECT_TRUE(plan->Run({.values = {{"x", values}}, .weights = &weights, .cancelled = &cancelled}).ok());
}

// A model in a file, with one element changed.
class ViewTest : public testing::Test {
 protected:
  std::unique_ptr<LoadedModel> Open(const TempFolder& folder) {
    Directory directory = folder.Open();
    auto model = LoadedModel::Open(directory, "config.json", "model.safetensors");
    EXPECT_TRUE(model.ok()) << model.status();
    return std::move(model).value();
  }
  TensorMap map_ = TensorMap::Load(DataPath("tiny-shakespeare/step-3000"), "model.safetensors");
};

TEST_F(ViewTest, FloatsAreSeenWhereTheyLie) {
  TempFolder folder;
  folder.Write("config.json", ReadData("tiny-shakespeare/step-3000/config.json"));
  folder.Write("model.safetensors", map_.Serialize());
  auto model = Open(folder);
  std::vector<float> loaded(map_.tensors.begin()->second.values.size());
  const TensorView view = model->View("wte.weight", ElementType::kF32);
  ASSERT_FALSE(view.bytes.empty());
  loaded.resize(view.count());
  ASSERT_TRUE(model->Load("wte.weight", loaded).ok());
  EXPECT_THAT(view.As<float>(), testing::ElementsAreArray(loaded));
  EXPECT_TRUE(model->Check("wte.weight").ok());
  model->Release("wte.weight");
  EXPECT_EQ(view.As<float>()[7], loaded[7]);
  EXPECT_TRUE(model->View("wte.weight", ElementType::kBF16).bytes.empty());
  EXPECT_TRUE(model->View("unknown", ElementType::kF32).bytes.empty());
}

TEST_F(ViewTest, WhatIsNotFiniteIsNamedAlsoWhenItIsViewed) {
  for (float value : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    TempFolder folder;
    folder.Write("config.json", ReadData("tiny-shakespeare/step-3000/config.json"));
    const std::string name = map_.tensors.contains("wte.weight") ? "wte.weight" : "transformer.wte.weight";
    TensorMap broken = map_;
    broken.tensors[name].values.back() = value;
    folder.Write("model.safetensors", broken.Serialize());
    auto model = Open(folder);
    const std::string place = std::to_string(map_.tensors[name].values.size() - 1);
    for (int i = 0; i < 2; ++i) {
      EXPECT_THAT(std::string(Message(model->Check("wte.weight"))),
                  testing::AllOf(HasSubstr("wte.weight"), HasSubstr("element " + place)));
    }
  }
}

TEST(ArenaPlannerTest, PlacesDoNotOverlapAndGapsAreUsedAgain) {
  ArenaPlanner arena;
  const uint64_t a = arena.Take(100);
  const uint64_t b = arena.Take(1);
  const uint64_t c = arena.Take(64);
  EXPECT_THAT((std::vector<uint64_t>{a, b, c}), testing::ElementsAre(0, 128, 192));
  arena.GiveBack(b, 1);
  arena.GiveBack(a, 100);
  EXPECT_EQ(arena.Take(192), 0u);
  arena.GiveBack(c, 64);
  EXPECT_EQ(arena.Take(640), 192u);
  EXPECT_EQ(arena.size_bytes(), 832u);
}

}  // namespace
}  // namespace plumb
