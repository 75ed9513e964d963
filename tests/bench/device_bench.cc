// Speed of device backends beside onednn: `device_bench [--backend opencl] [--rounds 5] [--model]`. Prints GFLOP/s of
// products, and with --model the time of GPT-2's shape (124M parameters, random weights, 128 positions), best of the
// rounds on both, and their ratio. Weights stay resident. `cpu` is the processor's time that a run took on all cores:
// on a machine that does other work too, the better of the two measures (run with OMP_WAIT_POLICY=passive).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "plumb/base/status.h"
#include "plumb/inference/architecture.h"
#include "plumb/inference/backend.h"

namespace plumb {
namespace {

// The same random numbers under every name, where they lie.
class RandomWeights : public WeightSource {
 public:
  RandomWeights() : values_(size_t{50257} * 768) {
    std::mt19937 engine(1);
    std::uniform_real_distribution<float> distribution(-0.05f, 0.05f);
    for (float& value : values_) value = distribution(engine);
  }
  absl::Status Load(const std::string& name, std::span<float> out) const override { return LoadPart(name, 0, out); }
  absl::Status LoadPart(const std::string&, uint64_t first, std::span<float> out) const override {
    for (size_t i = 0; i < out.size(); ++i) out[i] = values_[(first + i) % values_.size()];
    return absl::OkStatus();
  }

 private:
  std::vector<float> values_;
};

struct Seconds {
  double wall = 0;
  double cpu = 0;
};

double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// The least time of a run after one that warms up.
Seconds Best(const Backend& backend, const Graph& graph, const RunInputs& inputs, int rounds) {
  auto plan = backend.Plan(graph, {.kept_weights_bytes_max = UINT64_MAX});
  if (!plan.ok()) return {};
  Seconds best = {1e9, 1e9};
  for (int i = 0; i <= rounds; ++i) {
    const double begin = CpuSeconds();
    auto run = (*plan)->Run(inputs);
    if (!run.ok()) {
      std::fprintf(stderr, "%s\n", std::string(Message(run.status())).c_str());
      return {};
    }
    if (i == 0) continue;
    best.wall = std::min(best.wall, run->seconds);
    best.cpu = std::min(best.cpu, CpuSeconds() - begin);
  }
  return best;
}

void Print(const char* what, double operations, const Seconds& onednn, const Seconds& device) {
  std::printf(
      "%-26s onednn %8.2f ms %4.0f GFLOP/s cpu %8.2f ms | device %8.2f ms %4.0f GFLOP/s cpu %8.2f ms | "
      "speed %.2f of onednn, by cpu %.2f\n",
      what, onednn.wall * 1e3, operations / onednn.wall * 1e-9, onednn.cpu * 1e3, device.wall * 1e3,
      operations / device.wall * 1e-9, device.cpu * 1e3, onednn.wall / device.wall, onednn.cpu / device.cpu);
  std::fflush(stdout);
}

// The product as a model holds it: the second operand is a weight, taken to the device once. The result is read back.
void TimeProduct(const char* what, uint64_t m, uint64_t k, uint64_t n, bool transposed, const Backend& onednn,
                 const Backend& device, const RandomWeights& weights, int rounds) {
  GraphBuilder builder;
  ValueId a = builder.Input("a", ElementType::kF32, {m, k});
  ValueId b = builder.Weight("b", transposed ? Shape{n, k} : Shape{k, n});
  ValueId product = builder.MatMul("product", a, b, std::nullopt, {.transpose_b = transposed});
  absl::StatusOr<Graph> graph = builder.Build(builder.Slice("corner", product, 0, 0, 1));
  const std::vector<float> values(m * k, 0.5f);
  const RunInputs inputs = {.values = {{"a", values}}, .weights = &weights};
  const double operations = 2.0 * static_cast<double>(m) * static_cast<double>(k) * static_cast<double>(n);
  Print(what, operations, Best(onednn, *graph, inputs, rounds), Best(device, *graph, inputs, rounds));
}

void TimeModel(const Backend& onednn, const Backend& device, const RandomWeights& weights, int rounds) {
  constexpr uint64_t kPositions = 128;
  auto model = ParseModelConfig(
      R"({"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "vocab_size": 50257,
          "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5})");
  if (!model.ok()) std::exit(1);
  absl::StatusOr<Graph> graph = (*model)->BuildGraph(1, kPositions);
  if (!graph.ok()) std::exit(1);
  const std::vector<int32_t> ids(kPositions, 17);
  RunInputs inputs = {.weights = &weights};
  double operations = 0;
  for (const Node& node : graph->nodes()) {
    if (node.op == OpKind::kInput) inputs.ids[node.name] = ids;
    operations += NodeCost(*graph, node);
  }
  Print("GPT-2 124M, 128 positions", operations, Best(onednn, *graph, inputs, rounds),
        Best(device, *graph, inputs, rounds));
}

int Main(int count, char** arguments) {
  std::string name = "opencl";
  int rounds = 5;
  bool model = false;
  for (int i = 1; i < count; ++i) {
    const bool more = i + 1 < count;
    if (std::strcmp(arguments[i], "--model") == 0) model = true;
    if (std::strcmp(arguments[i], "--backend") == 0 && more) name = arguments[i + 1];
    if (std::strcmp(arguments[i], "--rounds") == 0 && more) rounds = std::max(1, std::atoi(arguments[i + 1]));
  }
  absl::StatusOr<const Backend*> device = FindBackend(name);
  if (!device.ok() || !(*device)->Available().ok()) {
    std::printf("%s is not available: %s\n", name.c_str(),
                device.ok() ? (*device)->description().c_str() : std::string(Message(device.status())).c_str());
    return 0;
  }
  const Backend& onednn = **FindBackend("onednn");
  std::printf("%s\n%s\n", onednn.description().c_str(), (*device)->description().c_str());
  const RandomWeights weights;
  TimeProduct("1024 x 1024 x 1024", 1024, 1024, 1024, false, onednn, **device, weights, rounds);
  TimeProduct("128 x 768 x 3072", 128, 768, 3072, false, onednn, **device, weights, rounds);
  TimeProduct("128 x 3072 x 768", 128, 3072, 768, false, onednn, **device, weights, rounds);
  TimeProduct("128 x 768 x 50257, by columns", 128, 768, 50257, true, onednn, **device, weights, rounds);
  if (model) TimeModel(onednn, **device, weights, rounds);
  return 0;
}

}  // namespace
}  // namespace plumb

int main(int argc, char** argv) { return plumb::Main(argc, argv); }
