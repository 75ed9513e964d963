#include "verify/inference/backends/onednn/kernels.h"
#include "verify/inference/backends/onednn/shim.h"
#include "verify/inference/backends/registry.h"

namespace plumb {
namespace {

class Onednn : public Backend {
 public:
  std::string_view name() const override { return "onednn"; }
  std::string description() const override { return onednn::Describe(); }
  absl::Status Available() const override { return onednn::Available(); }
  absl::StatusOr<std::unique_ptr<Executable>> Plan(const Graph& graph, const PlanOptions& options) const override {
    return PlanOnHost(graph, OnednnKernels(), options);
  }
};

}  // namespace

const Backend& OnednnBackend() {
  static const Onednn kBackend;
  return kBackend;
}

}  // namespace plumb
