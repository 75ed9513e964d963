#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/onednn/kernels.h"
#include "verify/inference/backends/onednn/shim.h"
#include "verify/inference/backends/registry.h"

namespace plumb {
namespace {

// oneDNN as it is, or with products of bfloat16, or held to an instruction set. oneDNN chooses its instruction set once
// for a process, from the environment: that of another must be checked in a process of its own.
class Onednn : public Backend {
 public:
  Onednn(std::string name, Precision precision, std::string instruction_set)
      : name_(std::move(name)), precision_(precision), instruction_set_(std::move(instruction_set)) {}

  std::string_view name() const override { return name_; }
  std::string description() const override { return onednn::Describe(); }
  Precision precision() const override { return precision_; }
  std::map<std::string, std::string> environment() const override {
    if (instruction_set_.empty()) return {};
    return {{"ONEDNN_MAX_CPU_ISA", instruction_set_}};
  }

  absl::Status Available() const override {
    PLUMB_RETURN_IF_ERROR(onednn::Available());
    if (!instruction_set_.empty() && onednn::InstructionSet() != instruction_set_) {
      return Unavailable(
          fmt::format("oneDNN uses {} in this process; one that is started with ONEDNN_MAX_CPU_ISA={} "
                      "uses that, where the processor has it",
                      onednn::InstructionSet(), instruction_set_));
    }
    if (precision_ == Precision::kF32) return absl::OkStatus();
    const onednn::Layout square = onednn::DenseLayout({16, 16});
    const bool multiplies =
        onednn::MakeMatMul({.x = square, .weights = square, .out = square, .type = ElementType::kBF16}).ok();
    return multiplies ? absl::OkStatus() : Unavailable("oneDNN has no bfloat16 products on this processor");
  }

  absl::StatusOr<std::unique_ptr<Executable>> Plan(const Graph& graph, const PlanOptions& options) const override {
    return PlanOnHost(graph, precision_ == Precision::kBF16 ? OnednnBFloat16Kernels() : OnednnKernels(), options);
  }

  absl::StatusOr<const Backend*> Variant(std::string_view variant) const override {
    static const Onednn kBFloat16("onednn:bf16", Precision::kBF16, "");
    static const Onednn kAvx2("onednn:avx2", Precision::kF32, "AVX2");
    static const Onednn kAvx512("onednn:avx512", Precision::kF32, "AVX512_CORE");
    if (name_ != "onednn") return Backend::Variant(variant);
    if (variant == "bf16") return &kBFloat16;
    if (variant == "avx2") return &kAvx2;
    if (variant == "avx512") return &kAvx512;
    return Backend::Variant(variant);
  }
  std::vector<std::string> variants() const override {
    return name_ == "onednn" ? std::vector<std::string>{"bf16", "avx2", "avx512"} : std::vector<std::string>{};
  }

 private:
  const std::string name_;
  const Precision precision_;
  const std::string instruction_set_;
};

}  // namespace

const Backend& OnednnBackend() {
  static const Onednn kBackend("onednn", Precision::kF32, "");
  return kBackend;
}

}  // namespace plumb
