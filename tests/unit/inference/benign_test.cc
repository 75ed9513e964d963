// What must raise no alarm: other backends, 16-bit weights judged by a golden of their own, other texts and lengths,
// batches taken apart, and, in child processes, other instruction sets and numbers of threads.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "plumb/inference/compare.h"
#include "tests/unit/inference/trained_models.h"

namespace plumb {
namespace {

// The folders that benign runs choose from: float32, and the same rounded to bfloat16 or stored so.
struct Release {
  std::string folder;
  std::string weights;
};

const Release kReleases[] = {{"tiny-shakespeare/step-3000/", "model.safetensors"},
                             {"tiny-shakespeare/step-3000/", "model-bf16.safetensors"},
                             {"tiny-shakespeare/step-1000/", "model.safetensors"},
                             {"inference/llama-shakespeare/", "model.safetensors"}};

TokenBatch RandomTokens(std::mt19937_64& random) {
  TokenBatch tokens = {.sequences = 1 + random() % 3, .positions = 1 + random() % 128};
  for (uint64_t i = 0; i < tokens.sequences * tokens.positions; ++i) {
    tokens.ids.push_back(static_cast<int32_t>(random() % 256));
  }
  return tokens;
}

// PLUMB_BENIGN_RUNS=1000 is the count of docs/inference.md.
TEST(BenignTest, NoAlarm) {
  const uint64_t runs = RepeatCount("PLUMB_BENIGN_RUNS", 40);
  std::mt19937_64 random(RepeatCount("PLUMB_BENIGN_SEED", 1));
  uint64_t checked = 0;
  double worst = 0;
  for (uint64_t run = 0; checked < runs; ++run) {
    const Release& release = kReleases[run % std::size(kReleases)];
    TempFolder folder;
    folder.Write("config.json", ReadData(release.folder + "config.json"));
    folder.Write("model.safetensors", ReadData(release.folder + release.weights));
    absl::StatusOr<std::string> golden =
        ComputeGolden(folder.Open(), "config.json", "model.safetensors", RandomTokens(random), {});
    ASSERT_TRUE(golden.ok()) << golden.status();
    folder.Write("golden.safetensors", *golden);
    absl::StatusOr<SmokeReport> report =
        RunSmokeCheck(folder.Open(), {{"m", "config.json", "model.safetensors", "golden.safetensors"}}, {});
    ASSERT_TRUE(report.ok()) << report.status();
    for (const BackendResult& backend : report->backends) {
      if (backend.verdict == Verdict::kNotAvailable) continue;
      EXPECT_NE(backend.verdict, Verdict::kFail) << release.folder << " run " << run << ": " << backend.detail;
      worst = std::max(worst, backend.nmse);
      ++checked;
    }
  }
  std::printf("%llu runs, largest NMSE %.2e\n", static_cast<unsigned long long>(checked), worst);
}

// A batch gives what its sequences give one by one.
TEST(BenignTest, BatchesTakenApart) {
  const TrainedModel trained = TrainedModel::Llama();
  std::unique_ptr<Model> model = *ParseModelConfig(trained.config.dump());
  const MapSource source(trained.weights, "model.");
  std::mt19937_64 random(7);
  std::vector<int32_t> ids(3 * 96);
  for (int32_t& id : ids) id = static_cast<int32_t>(random() % 256);
  const Thresholds thresholds = ThresholdsFor(Tier::kF32, model->layers());
  for (const Backend* backend : Backends()) {
    if (!backend->Available().ok()) continue;
    auto run = [&](uint64_t sequences, std::span<const int32_t> part) {
      absl::StatusOr<std::unique_ptr<Executable>> executable = backend->Plan(*model->BuildGraph(sequences, 96));
      EXPECT_TRUE(executable.ok()) << executable.status();
      absl::StatusOr<RunResult> result = (*executable)->Run({.ids = {{kInputIds, part}}, .weights = &source});
      EXPECT_TRUE(result.ok()) << result.status();
      return std::vector<float>(result->output().begin(), result->output().end());
    };
    const std::vector<float> whole = run(3, ids);
    for (size_t i = 0; i < 3; ++i) {
      const std::vector<float> one = run(1, std::span(ids).subspan(i * 96, 96));
      const Comparison comparison =
          *CompareLogits(one, std::span(whole).subspan(i * one.size(), one.size()), 256, thresholds);
      EXPECT_EQ(JudgeComparison(comparison, thresholds), "") << backend->name();
    }
  }
}

// The same runs by this program again, told to use fewer instructions or threads.
TEST(BenignTest, OtherInstructionSetsAndThreads) {
  if (std::getenv("PLUMB_BENIGN_CHILD") != nullptr) GTEST_SKIP() << "this is the child";
  const uint64_t runs = std::max<uint64_t>(RepeatCount("PLUMB_BENIGN_RUNS", 40) / 5, 8);
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  uint64_t seed = 100;
  for (const char* setting :
       {"ONEDNN_MAX_CPU_ISA=SSE41", "ONEDNN_MAX_CPU_ISA=AVX2", "OMP_NUM_THREADS=1", "OMP_NUM_THREADS=2"}) {
    const std::string command = std::string("PLUMB_BENIGN_CHILD=1 PLUMB_BENIGN_RUNS=") + std::to_string(runs) +
                                " PLUMB_BENIGN_SEED=" + std::to_string(++seed) + " " + setting + " '" + self +
                                "' --gtest_filter=BenignTest.NoAlarm:BenignTest.BatchesTakenApart > /dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << setting;
  }
}

}  // namespace
}  // namespace plumb
