#include "verify/inference/backends/opencl/opencl_api.h"

#include <memory>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/device/dynamic_library.h"

namespace plumb::opencl {
namespace {

absl::StatusOr<Api> FindEntryPoints() {
  const std::vector<std::string> names = {"libOpenCL.so.1"};
  absl::StatusOr<std::unique_ptr<device::DynamicLibrary>> library = device::DynamicLibrary::Open(names);
  if (!library.ok()) return Annotate(library.status(), "no OpenCL loader");
  Api api;
#define PLUMB_OPENCL_FIND(name) PLUMB_RETURN_IF_ERROR((*library)->Find(#name, api.name));
  PLUMB_OPENCL_ENTRY_POINTS(PLUMB_OPENCL_FIND)
#undef PLUMB_OPENCL_FIND
  return api;
}

}  // namespace

absl::StatusOr<const Api*> LoadApi() {
  static const absl::StatusOr<Api> kApi = FindEntryPoints();
  PLUMB_RETURN_IF_ERROR(kApi.status());
  return &*kApi;
}

absl::Status Check(cl_int code, std::string_view call) {
  if (code == CL_SUCCESS) return absl::OkStatus();
  const std::string text = fmt::format("OpenCL: {} failed with error {}", call, code);
  if (code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_RESOURCES || code == CL_OUT_OF_HOST_MEMORY ||
      code == CL_INVALID_BUFFER_SIZE) {
    return absl::ResourceExhaustedError(text);
  }
  return Internal(text);
}

}  // namespace plumb::opencl
