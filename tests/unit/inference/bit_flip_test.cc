// Which share of single flipped bits a smoke check can see, at several limits. Bytes are checked by their digests; this
// says what the numbers would show without them.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "plumb/inference/architecture.h"
#include "plumb/inference/compare.h"
#include "tests/unit/inference/trained_models.h"

namespace plumb {
namespace {

// Logits of one text, computed again and again while a weight is changed.
class Flipper {
 public:
  Flipper() : source_(model_.weights, "model.") {
    std::unique_ptr<Model> model = *ParseModelConfig(model_.config.dump());
    ids_.resize(128);
    TensorMap recorded = TensorMap::Load(DataPath("inference/llama-shakespeare"), "golden.safetensors");
    for (size_t i = 0; i < ids_.size(); ++i) ids_[i] = static_cast<int32_t>(recorded.tensors["input_ids"].values[i]);
    executable_ = *(*FindBackend("onednn"))->Plan(*model->BuildGraph(1, ids_.size()));
    expected_ = Logits();
    for (auto& [name, tensor] : model_.weights.tensors) {
      for (float& value : tensor.values) weights_.push_back(&value);
    }
  }

  // Flips bit `bit` of the bfloat16 of weight `index`; NMSE and whether the most likely token changed anywhere.
  std::pair<double, bool> Flip(size_t index, int bit) {
    float& weight = *weights_[index];
    const float before = weight;
    weight = std::bit_cast<float>(std::bit_cast<uint32_t>(before) ^ (1u << (16 + bit)));
    const std::vector<float> found = Logits();
    weight = before;
    const Comparison comparison = *CompareLogits(expected_, found, 256, ThresholdsFor(Tier::kF32, 4));
    return {comparison.broken > 0 ? INFINITY : comparison.nmse, comparison.top1_agreement < 1};
  }
  size_t size() const { return weights_.size(); }

 private:
  std::vector<float> Logits() const {
    absl::StatusOr<RunResult> run = executable_->Run({.ids = {{kInputIds, ids_}}, .weights = &source_});
    EXPECT_TRUE(run.ok()) << run.status();
    return {run->output().begin(), run->output().end()};
  }

  TrainedModel model_ = TrainedModel::Llama();
  MapSource source_;
  std::vector<int32_t> ids_;
  std::unique_ptr<Executable> executable_;
  std::vector<float> expected_;
  std::vector<float*> weights_;
};

// PLUMB_FLIPS_PER_BIT=200 gives the curve of docs/inference.md.
TEST(BitFlipTest, TheCurve) {
  const uint64_t trials = RepeatCount("PLUMB_FLIPS_PER_BIT", 10);
  const double limits[] = {1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-3};
  std::vector<uint64_t> seen(std::size(limits));
  uint64_t flipped_tokens = 0;
  uint64_t exponent_seen = 0;
  Flipper flipper;
  std::mt19937_64 random(20261124);
  for (int bit = 0; bit < 16; ++bit) {
    for (uint64_t trial = 0; trial < trials; ++trial) {
      const auto [nmse, token] = flipper.Flip(random() % flipper.size(), bit);
      for (size_t i = 0; i < seen.size(); ++i) seen[i] += nmse > limits[i] ? 1 : 0;
      flipped_tokens += token ? 1 : 0;
      exponent_seen += bit == 14 && nmse > 1e-9 ? 1 : 0;
    }
  }
  const auto all = static_cast<double>(16 * trials);
  std::printf("share of %g single-bit flips seen:\n", all);
  for (size_t i = 0; i < seen.size(); ++i) {
    std::printf("  NMSE above %.0e: %5.1f %%\n", limits[i], 100 * static_cast<double>(seen[i]) / all);
    if (i > 0) {
      EXPECT_LE(seen[i], seen[i - 1]);
    }
  }
  std::printf("  most likely token: %5.1f %%\n", 100 * static_cast<double>(flipped_tokens) / all);
  // The highest exponent bit shows wherever the weight is used; rows of the embedding for absent tokens are not.
  EXPECT_GE(10 * exponent_seen, 7 * trials);
  EXPECT_GT(static_cast<double>(seen[2]) / all, 0.5);
}

}  // namespace
}  // namespace plumb
