// Time and memory of running a model: `inference_bench FOLDER [--backend NAME] [--positions N] [--rounds N]
// [--streaming] [--profile] [--products f32|bf16]`. Prints one JSON object. FOLDER holds config.json and
// model.safetensors. Weights stay resident from round to round unless --streaming. --products times the model's matrix
// products alone, as bare oneDNN primitives with weights in the order that oneDNN likes best.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/directory.h"
#include "plumb/base/status.h"
#include "plumb/inference/backend.h"
#include "plumb/inference/golden.h"
#include "verify/inference/backends/onednn/version.h"
#include "verify/inference/loaded_model.h"

namespace plumb {
namespace {

struct Options {
  std::string folder;
  std::string backend = "onednn";
  uint64_t positions = 128;
  int rounds = 1;
  bool streaming = false;
  bool profile = false;
  std::string products;
};

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::string Times(std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  return fmt::format(R"("best_ms": {:.2f}, "median_ms": {:.2f})", 1e3 * seconds.front(),
                     1e3 * seconds[seconds.size() / 2]);
}

// One product with zeros; what the numbers are does not change its time.
class BareProduct {
 public:
  BareProduct(int64_t m, int64_t k, int64_t n, dnnl::memory::data_type type) : engine_(dnnl::engine::kind::cpu, 0) {
    using dnnl::memory;
    const memory::desc x({m, k}, type, memory::format_tag::ab);
    const memory::desc weights({k, n}, type, memory::format_tag::any);
    const memory::desc bias({1, n}, memory::data_type::f32, memory::format_tag::ab);
    const memory::desc out({m, n}, memory::data_type::f32, memory::format_tag::ab);
    const auto desc = onednn::DescribePrimitive<dnnl::matmul>(engine_, dnnl::primitive_attr(), x, weights, bias, out);
    product_ = dnnl::matmul(desc);
    arguments_ = {{DNNL_ARG_SRC, Zeros(x)},
                  {DNNL_ARG_WEIGHTS, Zeros(desc.weights_desc())},
                  {DNNL_ARG_BIAS, Zeros(bias)},
                  {DNNL_ARG_DST, Zeros(out)}};
  }
  void Run() {
    dnnl::stream stream(engine_);
    product_.execute(stream, arguments_);
    stream.wait();
  }

 private:
  dnnl::memory Zeros(const dnnl::memory::desc& desc) {
    dnnl::memory memory(desc, engine_);
    std::fill_n(static_cast<uint8_t*>(memory.get_data_handle()), desc.get_size(), uint8_t{0});
    return memory;
  }
  dnnl::engine engine_;
  dnnl::matmul product_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

std::string TimeProducts(const Graph& graph, const Options& options) {
  const auto type = options.products == "bf16" ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
  std::vector<std::unique_ptr<BareProduct>> products;  // One for each node: each has weights of its own, as in a model.
  for (const Node& node : graph.nodes()) {
    if (node.op != OpKind::kMatMul) continue;
    const Shape& x = graph.node(node.inputs[0]).shape;
    const auto n = static_cast<int64_t>(node.shape.back());
    products.push_back(std::make_unique<BareProduct>(static_cast<int64_t>(*ElementCount(node.shape)) / n,
                                                     static_cast<int64_t>(x.back()), n, type));
  }
  std::vector<double> seconds;
  for (int round = 0; round <= options.rounds; ++round) {
    const double start = Now();
    for (auto& product : products) product->Run();
    if (round > 0) seconds.push_back(Now() - start);
  }
  return fmt::format(R"({{"products": "{}", "count": {}, {}}})", options.products, products.size(), Times(seconds));
}

absl::StatusOr<std::string> TimeModel(const LoadedModel& model, const Graph& graph, const Options& options) {
  PLUMB_ASSIGN_OR_RETURN(const Backend* backend, FindBackend(options.backend));
  PLUMB_RETURN_IF_ERROR(backend->Available());
  double start = Now();
  const uint64_t kept = options.streaming ? 0 : UINT64_MAX;
  PLUMB_ASSIGN_OR_RETURN(auto executable, backend->Plan(graph, {.kept_weights_bytes_max = kept}));
  const double plan_seconds = Now() - start;
  std::vector<int32_t> ids(options.positions);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int32_t>(i * 7919 % model.model().vocabulary());
  std::map<std::string, double> seconds_of;
  RunInputs inputs = {.ids = {{kInputIds, ids}}, .weights = &model};
  double last = 0;
  if (options.profile) {
    inputs.observer = [&](const Node& node, const TensorView&) {
      seconds_of[std::string(OpName(node.op))] += Now() - last;
      last = Now();
    };
  }
  std::vector<double> seconds;
  uint64_t peak_bytes = 0;
  double first_seconds = 0;
  for (int round = 0; round <= options.rounds; ++round) {
    if (round == 1) seconds_of.clear();
    last = start = Now();
    PLUMB_ASSIGN_OR_RETURN(RunResult run, executable->Run(inputs));
    (round == 0 ? first_seconds : seconds.emplace_back()) = Now() - start;
    peak_bytes = run.peak_bytes;
  }
  if (seconds.empty()) seconds.push_back(first_seconds);
  std::string profile;
  for (const auto& [name, total] : seconds_of) {
    profile += fmt::format(R"({}"{}": {:.2f})", profile.empty() ? "" : ", ", name, 1e3 * total / options.rounds);
  }
  return fmt::format(R"({{"backend": "{}", "coverage": {:.4f}, "plan_ms": {:.1f}, "first_ms": {:.1f}, {}, )"
                     R"("peak_bytes": {}, "profile_ms": {{{}}}}})",
                     backend->name(), executable->summary().coverage(), 1e3 * plan_seconds, 1e3 * first_seconds,
                     Times(seconds), peak_bytes, profile);
}

absl::Status Main(const Options& options) {
  PLUMB_ASSIGN_OR_RETURN(Directory folder, Directory::Open(options.folder));
  PLUMB_ASSIGN_OR_RETURN(auto model, LoadedModel::Open(folder, "config.json", "model.safetensors"));
  PLUMB_ASSIGN_OR_RETURN(Graph graph, model->model().BuildGraph(1, options.positions));
  if (!options.products.empty()) {
    fmt::print("{}\n", TimeProducts(graph, options));
    return absl::OkStatus();
  }
  PLUMB_ASSIGN_OR_RETURN(std::string line, TimeModel(*model, graph, options));
  fmt::print("{}\n", line);
  return absl::OkStatus();
}

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--streaming") {
      options.streaming = true;
    } else if (word == "--profile") {
      options.profile = true;
    } else if (word.starts_with("--")) {
      ++i;
      if (word == "--backend") options.backend = value;
      if (word == "--positions") options.positions = std::stoull(value);
      if (word == "--rounds") options.rounds = std::stoi(value);
      if (word == "--products") options.products = value;
    } else {
      options.folder = word;
    }
  }
  return options;
}

}  // namespace
}  // namespace plumb

int main(int argc, char** argv) {
  const absl::Status status = plumb::Main(plumb::Parse(argc, argv));
  if (!status.ok()) fmt::print(stderr, "Error: {}\n", plumb::Message(status));
  return status.ok() ? 0 : 1;
}
