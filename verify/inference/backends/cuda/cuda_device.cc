#include "verify/inference/backends/cuda/cuda_device.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/cuda/cublas.h"
#include "verify/inference/backends/cuda/cuda_compiler.h"
#include "verify/inference/backends/device/dynamic_library.h"
#include "verify/inference/backends/device/runtime_device.h"

namespace plumb::cuda {
namespace {

using device::Address;
using device::DynamicLibrary;
using device::MatMulShape;
using device::Memory;
using device::RuntimeApi;

// The driver's calls that HIP has not. CUdevice is an int, CUcontext a pointer.
struct Driver {
  RuntimeApi api;
  int (*init)(unsigned flags) = nullptr;
  int (*count)(int*) = nullptr;
  int (*get)(int* device, int ordinal) = nullptr;
  int (*name)(char* text, int bytes, int device) = nullptr;
  int (*attribute)(int* value, int what, int device) = nullptr;
  int (*retain)(void** context, int device) = nullptr;
  int (*set_current)(void* context) = nullptr;
};

absl::StatusOr<Driver> LoadDriver() {
  const std::vector<std::string> names = {"libcuda.so.1"};
  absl::StatusOr<std::unique_ptr<DynamicLibrary>> library = DynamicLibrary::Open(names);
  if (!library.ok()) return Annotate(library.status(), "no CUDA driver");
  const DynamicLibrary& from = **library;
  Driver driver;
  RuntimeApi& api = driver.api;
  int (*error_string)(int, const char**) = nullptr;
  api.name = "CUDA";
  PLUMB_RETURN_IF_ERROR(from.Find("cuInit", driver.init));
  PLUMB_RETURN_IF_ERROR(from.Find("cuDeviceGetCount", driver.count));
  PLUMB_RETURN_IF_ERROR(from.Find("cuDeviceGet", driver.get));
  PLUMB_RETURN_IF_ERROR(from.Find("cuDeviceGetName", driver.name));
  PLUMB_RETURN_IF_ERROR(from.Find("cuDeviceGetAttribute", driver.attribute));
  PLUMB_RETURN_IF_ERROR(from.Find("cuDevicePrimaryCtxRetain", driver.retain));
  PLUMB_RETURN_IF_ERROR(from.Find("cuCtxSetCurrent", driver.set_current));
  PLUMB_RETURN_IF_ERROR(from.Find("cuMemAlloc_v2", api.allocate));
  PLUMB_RETURN_IF_ERROR(from.Find("cuMemFree_v2", api.free));
  PLUMB_RETURN_IF_ERROR(from.Find("cuMemcpyHtoD_v2", api.upload));
  PLUMB_RETURN_IF_ERROR(from.Find("cuMemcpyDtoH_v2", api.download));
  PLUMB_RETURN_IF_ERROR(from.Find("cuModuleLoadData", api.load_module));
  PLUMB_RETURN_IF_ERROR(from.Find("cuModuleGetFunction", api.find_function));
  PLUMB_RETURN_IF_ERROR(from.Find("cuLaunchKernel", api.launch));
  PLUMB_RETURN_IF_ERROR(from.Find("cuCtxSynchronize", api.synchronize));
  PLUMB_RETURN_IF_ERROR(from.Find("cuGetErrorString", error_string));
  api.error_text = [error_string](int code) {
    const char* text = nullptr;
    return error_string(code, &text) == 0 && text != nullptr ? std::string(text) : std::string("unknown");
  };
  return driver;
}

class CudaDevice : public device::RuntimeDevice {
 public:
  CudaDevice(RuntimeApi api, Compile compile, std::string description, std::unique_ptr<Cublas> cublas)
      : RuntimeDevice(std::move(api), std::move(compile), std::move(description)), cublas_(std::move(cublas)) {}

  absl::StatusOr<bool> MatMul(const MatMulShape& shape, const Memory& a, const Memory& b, Memory& out) override {
    if (cublas_ == nullptr) return false;
    PLUMB_RETURN_IF_ERROR(MakeCurrent());
    PLUMB_RETURN_IF_ERROR(cublas_->Multiply(shape, AddressOf(a), AddressOf(b), AddressOf(out)));
    return true;
  }

 private:
  std::unique_ptr<Cublas> cublas_;
};

// UNAVAILABLE in place of what a call before the first kernel reports: the device does not work here.
absl::Status Usable(const RuntimeApi& api, int code, std::string_view call) {
  const absl::Status status = CheckRuntime(api, code, call);
  return status.ok() ? status : Unavailable(std::string(status.message()));
}

// What is asked of a device before it is used.
struct Properties {
  std::string name;
  int capability = 0;
};

absl::StatusOr<Properties> Describe(const Driver& driver, int handle) {
  constexpr int kCapabilityMajor = 75;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, _MINOR.
  constexpr int kCapabilityMinor = 76;
  char name[256] = {};
  int major = 0;
  int minor = 0;
  PLUMB_RETURN_IF_ERROR(Usable(driver.api, driver.name(name, sizeof(name) - 1, handle), "cuDeviceGetName"));
  PLUMB_RETURN_IF_ERROR(Usable(driver.api, driver.attribute(&major, kCapabilityMajor, handle), "cuDeviceGetAttribute"));
  PLUMB_RETURN_IF_ERROR(Usable(driver.api, driver.attribute(&minor, kCapabilityMinor, handle), "cuDeviceGetAttribute"));
  return Properties{name, 10 * major + minor};
}

}  // namespace

absl::StatusOr<std::unique_ptr<device::Device>> OpenDevice(std::string_view variant) {
  PLUMB_ASSIGN_OR_RETURN(Driver driver, LoadDriver());
  const int ordinal = variant.empty() ? 0 : std::atoi(std::string(variant).c_str());
  int count = 0;
  int handle = 0;
  PLUMB_RETURN_IF_ERROR(Usable(driver.api, driver.init(0), "cuInit"));
  PLUMB_RETURN_IF_ERROR(Usable(driver.api, driver.count(&count), "cuDeviceGetCount"));
  if (ordinal >= count) return Unavailable(fmt::format("no CUDA device {}; there are {}", ordinal, count));
  PLUMB_RETURN_IF_ERROR(Usable(driver.api, driver.get(&handle, ordinal), "cuDeviceGet"));
  PLUMB_ASSIGN_OR_RETURN(Properties properties, Describe(driver, handle));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<device::RuntimeCompiler> opened, OpenCompiler());
  const std::shared_ptr<device::RuntimeCompiler> compiler = std::move(opened);
  void* context = nullptr;
  PLUMB_RETURN_IF_ERROR(Usable(driver.api, driver.retain(&context, handle), "cuDevicePrimaryCtxRetain"));
  PLUMB_RETURN_IF_ERROR(Usable(driver.api, driver.set_current(context), "cuCtxSetCurrent"));
  driver.api.make_current = [set_current = driver.set_current, context] { return set_current(context); };
  absl::StatusOr<std::unique_ptr<Cublas>> cublas = Cublas::Open();
  const int target = TargetOf(*compiler, properties.capability);
  auto compile = [compiler, target](std::string_view source) { return CompileKernels(*compiler, source, target); };
  std::string description =
      fmt::format("CUDA, {}, compute capability {}.{}, {}, {}", properties.name, properties.capability / 10,
                  properties.capability % 10, compiler->description(), cublas.ok() ? "cuBLAS" : "no cuBLAS");
  return std::make_unique<CudaDevice>(std::move(driver.api), std::move(compile), std::move(description),
                                      cublas.ok() ? std::move(*cublas) : nullptr);
}

}  // namespace plumb::cuda
