#include "verify/inference/backends/hip/hip_device.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/device/dynamic_library.h"
#include "verify/inference/backends/device/kernel_sources.h"
#include "verify/inference/backends/device/runtime_device.h"

namespace plumb::hip {
namespace {

using device::DynamicLibrary;
using device::RuntimeApi;

// HIP's calls that CUDA's driver has not, or has with other arguments.
struct Hip {
  RuntimeApi api;
  int (*init)(unsigned flags) = nullptr;
  int (*count)(int*) = nullptr;
  int (*name)(char* text, int bytes, int device) = nullptr;
  int (*set_device)(int device) = nullptr;
};

// Without the kernel's part of ROCm there is no device, and the library is better not loaded: it brings an LLVM, which
// does not bear the one that an OpenCL platform may have brought.
absl::StatusOr<Hip> LoadHip() {
  constexpr char kKernelDriver[] = "/dev/kfd";
  if (access(kKernelDriver, F_OK) != 0) return Unavailable("no HIP device: there is no /dev/kfd");
  const std::vector<std::string> names = {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5"};
  absl::StatusOr<std::unique_ptr<DynamicLibrary>> library = DynamicLibrary::Open(names);
  if (!library.ok()) return Annotate(library.status(), "no HIP");
  const DynamicLibrary& from = **library;
  Hip hip;
  RuntimeApi& api = hip.api;
  const char* (*error_string)(int) = nullptr;
  api.name = "HIP";
  PLUMB_RETURN_IF_ERROR(from.Find("hipInit", hip.init));
  PLUMB_RETURN_IF_ERROR(from.Find("hipGetDeviceCount", hip.count));
  PLUMB_RETURN_IF_ERROR(from.Find("hipDeviceGetName", hip.name));
  PLUMB_RETURN_IF_ERROR(from.Find("hipSetDevice", hip.set_device));
  PLUMB_RETURN_IF_ERROR(from.Find("hipMalloc", api.allocate));
  PLUMB_RETURN_IF_ERROR(from.Find("hipFree", api.free));
  PLUMB_RETURN_IF_ERROR(from.Find("hipMemcpyHtoD", api.upload));
  PLUMB_RETURN_IF_ERROR(from.Find("hipMemcpyDtoH", api.download));
  PLUMB_RETURN_IF_ERROR(from.Find("hipModuleLoadData", api.load_module));
  PLUMB_RETURN_IF_ERROR(from.Find("hipModuleGetFunction", api.find_function));
  PLUMB_RETURN_IF_ERROR(from.Find("hipModuleLaunchKernel", api.launch));
  PLUMB_RETURN_IF_ERROR(from.Find("hipDeviceSynchronize", api.synchronize));
  PLUMB_RETURN_IF_ERROR(from.Find("hipGetErrorString", error_string));
  api.error_text = [error_string](int code) { return std::string(error_string(code)); };
  return hip;
}

absl::Status Usable(const RuntimeApi& api, int code, std::string_view call) {
  const absl::Status status = CheckRuntime(api, code, call);
  return status.ok() ? status : Unavailable(std::string(status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<device::RuntimeCompiler>> OpenCompiler() {
  const char* chosen = std::getenv("PLUMB_HIPRTC");
  std::vector<std::string> names = {"libhiprtc.so.7", "libhiprtc.so.6", "libhiprtc.so.5", "libamdhip64.so.5"};
  if (chosen != nullptr) names = {chosen};
  return device::RuntimeCompiler::Open(names, "hiprtc", "Code");
}

absl::StatusOr<std::string> CompileKernels(const device::RuntimeCompiler& compiler, std::string_view source,
                                           const std::string& architecture) {
  std::vector<std::string> options = {"-std=c++14", "-O3"};
  if (!architecture.empty()) options.push_back("--offload-arch=" + architecture);
  return compiler.Compile(source, device::KernelProgram(device::Language::kCudaCpp, source), options);
}

absl::StatusOr<std::unique_ptr<device::Device>> OpenDevice(std::string_view variant) {
  PLUMB_ASSIGN_OR_RETURN(Hip hip, LoadHip());
  const int ordinal = variant.empty() ? 0 : std::atoi(std::string(variant).c_str());
  int count = 0;
  char name[256] = {};
  PLUMB_RETURN_IF_ERROR(Usable(hip.api, hip.init(0), "hipInit"));
  PLUMB_RETURN_IF_ERROR(Usable(hip.api, hip.count(&count), "hipGetDeviceCount"));
  if (ordinal >= count) return Unavailable(fmt::format("no HIP device {}; there are {}", ordinal, count));
  PLUMB_RETURN_IF_ERROR(Usable(hip.api, hip.set_device(ordinal), "hipSetDevice"));
  PLUMB_RETURN_IF_ERROR(Usable(hip.api, hip.name(name, sizeof(name) - 1, ordinal), "hipDeviceGetName"));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<device::RuntimeCompiler> opened, OpenCompiler());
  const std::shared_ptr<device::RuntimeCompiler> compiler = std::move(opened);
  hip.api.make_current = [set_device = hip.set_device, ordinal] { return set_device(ordinal); };
  auto compile = [compiler](std::string_view source) { return CompileKernels(*compiler, source, ""); };
  std::string description = fmt::format("HIP, {}, {}", name, compiler->description());
  return std::make_unique<device::RuntimeDevice>(std::move(hip.api), std::move(compile), std::move(description));
}

}  // namespace plumb::hip
