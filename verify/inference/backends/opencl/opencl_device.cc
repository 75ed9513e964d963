#include "verify/inference/backends/opencl/opencl_device.h"

#include <map>
#include <mutex>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/device/kernel_sources.h"

namespace plumb::opencl {
namespace {

class ClMemory : public device::Memory {
 public:
  ClMemory(const Api& api, cl_mem handle, uint64_t bytes) : api_(api), handle_(handle), bytes_(bytes) {}
  ~ClMemory() override { api_.clReleaseMemObject(handle_); }
  uint64_t size_bytes() const override { return bytes_; }
  cl_mem handle() const { return handle_; }

 private:
  const Api& api_;
  cl_mem handle_;
  uint64_t bytes_;
};

cl_mem HandleOf(const device::Memory& memory) { return static_cast<const ClMemory&>(memory).handle(); }

class ClDevice : public device::Device {
 public:
  ClDevice(const Api& api, const DeviceInfo& info, cl_context context, cl_command_queue queue)
      : api_(api), info_(info), context_(context), queue_(queue) {}
  ~ClDevice() override {
    for (const auto& [name, kernel] : kernels_) api_.clReleaseKernel(kernel);
    for (const auto& [name, program] : programs_) api_.clReleaseProgram(program);
    api_.clReleaseCommandQueue(queue_);
    api_.clReleaseContext(context_);
  }

  std::string description() const override { return info_.description; }
  bool vectors() const override { return (info_.type & CL_DEVICE_TYPE_CPU) != 0; }
  uint32_t compute_units() const override { return info_.compute_units; }

  absl::StatusOr<std::unique_ptr<device::Memory>> Allocate(uint64_t bytes) override {
    return Create(CL_MEM_READ_WRITE, bytes, nullptr);
  }
  absl::StatusOr<std::unique_ptr<device::Memory>> Borrow(std::span<const uint8_t> host) override {
    if (!info_.shares_host_memory || host.empty()) return std::unique_ptr<device::Memory>();
    return Create(CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, host.size(), const_cast<uint8_t*>(host.data()));
  }
  absl::StatusOr<std::unique_ptr<device::Memory>> Part(const device::Memory& whole, uint64_t offset,
                                                       uint64_t bytes) override {
    cl_buffer_region region = {offset, bytes};
    cl_int code = CL_SUCCESS;
    cl_mem part = api_.clCreateSubBuffer(HandleOf(whole), 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
    PLUMB_RETURN_IF_ERROR(Check(code, "clCreateSubBuffer"));
    return std::make_unique<ClMemory>(api_, part, bytes);
  }

  absl::Status Fill(device::Memory& to, const std::function<absl::Status(std::span<uint8_t>)>& write) override {
    cl_int code = CL_SUCCESS;
    void* mapped = api_.clEnqueueMapBuffer(queue_, HandleOf(to), CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, 0,
                                           to.size_bytes(), 0, nullptr, nullptr, &code);
    PLUMB_RETURN_IF_ERROR(Check(code, "clEnqueueMapBuffer"));
    const absl::Status written = write({static_cast<uint8_t*>(mapped), to.size_bytes()});
    const absl::Status unmapped = Check(api_.clEnqueueUnmapMemObject(queue_, HandleOf(to), mapped, 0, nullptr, nullptr),
                                        "clEnqueueUnmapMemObject");
    return written.ok() ? unmapped : written;
  }
  absl::Status Download(const device::Memory& from, std::span<uint8_t> to) override {
    if (to.empty()) return absl::OkStatus();
    return Check(
        api_.clEnqueueReadBuffer(queue_, HandleOf(from), CL_TRUE, 0, to.size(), to.data(), 0, nullptr, nullptr),
        "clEnqueueReadBuffer");
  }

  absl::Status Launch(const device::KernelName& name, const device::Grid& grid,
                      const device::Arguments& arguments) override {
    std::lock_guard lock(mutex_);  // A kernel's arguments belong to the kernel.
    PLUMB_ASSIGN_OR_RETURN(cl_kernel kernel, FindKernel(name));
    cl_uint place = 0;
    for (const device::Arguments::Slot& slot : arguments.slots()) {
      cl_mem handle = slot.memory != nullptr ? HandleOf(*slot.memory) : nullptr;
      const cl_int code = slot.memory != nullptr
                              ? api_.clSetKernelArg(kernel, place, sizeof(handle), &handle)
                              : api_.clSetKernelArg(kernel, place, slot.size_bytes, slot.bytes.data());
      PLUMB_RETURN_IF_ERROR(Check(code, fmt::format("clSetKernelArg({}, {})", name.name, place)));
      ++place;
    }
    size_t global[3];
    size_t local[3];
    for (size_t d = 0; d < 3; ++d) {
      local[d] = grid.items[d];
      global[d] = size_t{grid.groups[d]} * grid.items[d];
    }
    return Check(api_.clEnqueueNDRangeKernel(queue_, kernel, 3, nullptr, global, local, 0, nullptr, nullptr),
                 fmt::format("clEnqueueNDRangeKernel({})", name.name));
  }

  absl::StatusOr<bool> MatMul(const device::MatMulShape&, const device::Memory&, const device::Memory&,
                              device::Memory&) override {
    return false;
  }
  absl::Status Finish() override { return Check(api_.clFinish(queue_), "clFinish"); }

 private:
  absl::StatusOr<std::unique_ptr<device::Memory>> Create(cl_mem_flags flags, uint64_t bytes, void* host) {
    cl_int code = CL_SUCCESS;
    cl_mem handle = api_.clCreateBuffer(context_, flags, std::max<uint64_t>(bytes, 1), host, &code);
    PLUMB_RETURN_IF_ERROR(Check(code, fmt::format("clCreateBuffer of {} bytes", bytes)));
    return std::make_unique<ClMemory>(api_, handle, bytes);
  }

  absl::StatusOr<cl_kernel> FindKernel(const device::KernelName& name) {
    if (auto found = kernels_.find(name.name); found != kernels_.end()) return found->second;
    PLUMB_ASSIGN_OR_RETURN(cl_program program, FindProgram(std::string(name.source)));
    cl_int code = CL_SUCCESS;
    cl_kernel kernel = api_.clCreateKernel(program, name.name.c_str(), &code);
    PLUMB_RETURN_IF_ERROR(Check(code, fmt::format("clCreateKernel({})", name.name)));
    kernels_.emplace(name.name, kernel);
    return kernel;
  }

  absl::StatusOr<cl_program> FindProgram(const std::string& name) {
    if (auto found = programs_.find(name); found != programs_.end()) return found->second;
    const std::string text = device::KernelProgram(device::Language::kOpenclC, name);
    const char* lines = text.c_str();
    const size_t size = text.size();
    cl_int code = CL_SUCCESS;
    cl_program program = api_.clCreateProgramWithSource(context_, 1, &lines, &size, &code);
    PLUMB_RETURN_IF_ERROR(Check(code, "clCreateProgramWithSource"));
    // Sixteen accumulators of half the width are all the registers that machines without 512-bit vectors have.
    const std::string options =
        fmt::format("-cl-std=CL1.2 -DVECTORS={} -DTILE_ROWS={}", vectors() ? 1 : 0, info_.vector_width >= 16 ? 8 : 6);
    code = api_.clBuildProgram(program, 1, &info_.id, options.c_str(), nullptr, nullptr);
    if (code != CL_SUCCESS) {
      const std::string log = BuildLog(program);
      api_.clReleaseProgram(program);
      return Annotate(Check(code, fmt::format("clBuildProgram({})", name)), log);
    }
    programs_.emplace(name, program);
    return program;
  }

  std::string BuildLog(cl_program program) const {
    constexpr size_t kBytesMax = 4096;
    size_t size = 0;
    api_.clGetProgramBuildInfo(program, info_.id, CL_PROGRAM_BUILD_LOG, 0, nullptr, &size);
    std::string log(size, '\0');
    api_.clGetProgramBuildInfo(program, info_.id, CL_PROGRAM_BUILD_LOG, log.size(), log.data(), nullptr);
    return log.substr(0, std::min(log.find('\0'), kBytesMax));
  }

  const Api& api_;
  const DeviceInfo info_;
  cl_context context_;
  cl_command_queue queue_;
  std::mutex mutex_;
  std::map<std::string, cl_program> programs_;
  std::map<std::string, cl_kernel> kernels_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<device::Device>> OpenDevice(const DeviceInfo& info) {
  PLUMB_ASSIGN_OR_RETURN(const Api* api, LoadApi());
  cl_int code = CL_SUCCESS;
  cl_context context = api->clCreateContext(nullptr, 1, &info.id, nullptr, nullptr, &code);
  PLUMB_RETURN_IF_ERROR(Check(code, "clCreateContext"));
  cl_command_queue queue = api->clCreateCommandQueue(context, info.id, 0, &code);
  if (code != CL_SUCCESS) {
    api->clReleaseContext(context);
    return Check(code, "clCreateCommandQueue");
  }
  return std::make_unique<ClDevice>(*api, info, context, queue);
}

}  // namespace plumb::opencl
