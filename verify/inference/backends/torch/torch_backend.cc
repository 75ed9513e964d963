#include "plumb/base/status.h"
#include "verify/inference/backends/registry.h"
#include "verify/inference/backends/torch/kernels.h"
#include "verify/inference/backends/torch/torch_library.h"

namespace plumb {
namespace {

class Torch : public Backend {
 public:
  std::string_view name() const override { return "torch"; }
  std::string description() const override {
    absl::StatusOr<const torch_module::Calls*> calls = LoadTorch();
    return calls.ok() ? (*calls)->describe() : "libtorch";
  }
  absl::Status Available() const override { return LoadTorch().status(); }
  bool on_request() const override { return true; }

  absl::StatusOr<std::unique_ptr<Executable>> Plan(const Graph& graph, const PlanOptions& options) const override {
    PLUMB_ASSIGN_OR_RETURN(const HostKernels* kernels, TorchKernels());
    return PlanOnHost(graph, *kernels, options);
  }
};

}  // namespace

const Backend& TorchBackend() {
  static const Torch kBackend;
  return kBackend;
}

}  // namespace plumb
