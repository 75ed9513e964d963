#include "verify/inference/backends/cuda/cuda_compiler.h"

#include <algorithm>
#include <cstdlib>

#include "fmt/format.h"
#include "verify/inference/backends/device/kernel_sources.h"

namespace plumb::cuda {

absl::StatusOr<std::unique_ptr<device::RuntimeCompiler>> OpenCompiler() {
  const char* chosen = std::getenv("PLUMB_NVRTC");
  std::vector<std::string> names = {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"};
  if (chosen != nullptr) names = {chosen};
  return device::RuntimeCompiler::Open(names, "nvrtc", "PTX");
}

absl::StatusOr<std::string> CompileKernels(const device::RuntimeCompiler& compiler, std::string_view source,
                                           int capability) {
  const std::vector<std::string> options = {fmt::format("--gpu-architecture=compute_{}", capability), "--std=c++14",
                                            "--prec-div=true", "--prec-sqrt=true", "--ftz=false"};
  return compiler.Compile(source, device::KernelProgram(device::Language::kCudaCpp, source), options);
}

int TargetOf(const device::RuntimeCompiler& compiler, int capability) {
  int (*count_archs)(int*) = nullptr;
  int (*get_archs)(int*) = nullptr;
  int count = 0;
  if (!compiler.library().Find("nvrtcGetNumSupportedArchs", count_archs).ok()) return capability;
  if (!compiler.library().Find("nvrtcGetSupportedArchs", get_archs).ok()) return capability;
  if (count_archs(&count) != 0 || count <= 0) return capability;
  std::vector<int> archs(static_cast<size_t>(count));
  if (get_archs(archs.data()) != 0) return capability;
  int best = 0;
  for (int arch : archs) {
    if (arch <= capability) best = std::max(best, arch);
  }
  return best > 0 ? best : capability;
}

}  // namespace plumb::cuda
