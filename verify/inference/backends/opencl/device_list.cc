#include <algorithm>
#include <charconv>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/opencl/opencl_device.h"

namespace plumb::opencl {
namespace {

template <typename T>
T Number(const Api& api, cl_device_id id, cl_device_info what) {
  T value = {};
  api.clGetDeviceInfo(id, what, sizeof(value), &value, nullptr);
  return value;
}

// What `get(size, text, &needed)` says, without its zero byte.
template <typename Get>
std::string Text(Get get) {
  size_t size = 0;
  if (get(0, nullptr, &size) != CL_SUCCESS || size == 0) return "";
  std::string text(size, '\0');
  if (get(size, text.data(), nullptr) != CL_SUCCESS) return "";
  text.resize(text.find('\0'));
  return text;
}

DeviceInfo Describe(const Api& api, cl_platform_id platform, cl_device_id id) {
  auto of_platform = [&](cl_platform_info what) {
    return Text([&](size_t size, char* text, size_t* needed) {
      return api.clGetPlatformInfo(platform, what, size, text, needed);
    });
  };
  auto of_device = [&](cl_device_info what) {
    return Text(
        [&](size_t size, char* text, size_t* needed) { return api.clGetDeviceInfo(id, what, size, text, needed); });
  };
  DeviceInfo info = {.id = id, .type = Number<cl_device_type>(api, id, CL_DEVICE_TYPE)};
  info.description =
      fmt::format("{}, {}, {}", of_platform(CL_PLATFORM_NAME), of_device(CL_DEVICE_NAME), of_device(CL_DEVICE_VERSION));
  info.compute_units = std::max<cl_uint>(1, Number<cl_uint>(api, id, CL_DEVICE_MAX_COMPUTE_UNITS));
  info.vector_width = Number<cl_uint>(api, id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
  info.shares_host_memory =
      (info.type & CL_DEVICE_TYPE_CPU) != 0 && Number<cl_bool>(api, id, CL_DEVICE_HOST_UNIFIED_MEMORY) == CL_TRUE;
  return info;
}

bool IsUsable(const Api& api, cl_device_id id) {
  return Number<cl_bool>(api, id, CL_DEVICE_AVAILABLE) == CL_TRUE &&
         Number<cl_bool>(api, id, CL_DEVICE_COMPILER_AVAILABLE) == CL_TRUE;
}

}  // namespace

absl::StatusOr<std::vector<DeviceInfo>> ListDevices() {
  PLUMB_ASSIGN_OR_RETURN(const Api* api, LoadApi());
  cl_uint count = 0;
  if (api->clGetPlatformIDs(0, nullptr, &count) != CL_SUCCESS || count == 0) return Unavailable("no OpenCL platform");
  std::vector<cl_platform_id> platforms(count);
  PLUMB_RETURN_IF_ERROR(Check(api->clGetPlatformIDs(count, platforms.data(), nullptr), "clGetPlatformIDs"));
  std::vector<DeviceInfo> found;
  for (cl_platform_id platform : platforms) {
    cl_uint devices = 0;
    if (api->clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &devices) != CL_SUCCESS) continue;
    std::vector<cl_device_id> ids(devices);
    PLUMB_RETURN_IF_ERROR(
        Check(api->clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, devices, ids.data(), nullptr), "clGetDeviceIDs"));
    for (cl_device_id id : ids) {
      if (IsUsable(*api, id)) found.push_back(Describe(*api, platform, id));
    }
  }
  if (found.empty()) return Unavailable("no OpenCL device that is available and has a compiler");
  return found;
}

absl::StatusOr<DeviceInfo> ChooseDevice(std::string_view wanted) {
  size_t number = 0;
  if (!wanted.empty()) {
    const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
    if (error != std::errc() || end != wanted.data() + wanted.size()) {
      return InvalidArgument(fmt::format("\"{}\" is not the number of an OpenCL device", wanted.substr(0, 64)));
    }
  }
  PLUMB_ASSIGN_OR_RETURN(std::vector<DeviceInfo> devices, ListDevices());
  if (!wanted.empty()) {
    if (number < devices.size()) return devices[number];
    return Unavailable(fmt::format("no OpenCL device {}; there are {}", number, devices.size()));
  }
  for (cl_device_type type : {CL_DEVICE_TYPE_GPU, CL_DEVICE_TYPE_ACCELERATOR}) {
    for (const DeviceInfo& info : devices) {
      if ((info.type & static_cast<cl_device_type>(type)) != 0) return info;
    }
  }
  return devices.front();
}

}  // namespace plumb::opencl
