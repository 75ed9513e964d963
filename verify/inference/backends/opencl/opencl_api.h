// The entry points of OpenCL that Plumb calls, found in the ICD loader when the program runs.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_OPENCL_OPENCL_API_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_OPENCL_OPENCL_API_H_

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#include <CL/cl.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace plumb::opencl {

// Every pointer is set.
struct Api {
#define PLUMB_OPENCL_ENTRY_POINTS(X) \
  X(clGetPlatformIDs)                \
  X(clGetPlatformInfo)               \
  X(clGetDeviceIDs)                  \
  X(clGetDeviceInfo)                 \
  X(clCreateContext)                 \
  X(clCreateCommandQueue)            \
  X(clCreateProgramWithSource)       \
  X(clBuildProgram)                  \
  X(clGetProgramBuildInfo)           \
  X(clCreateKernel)                  \
  X(clSetKernelArg)                  \
  X(clCreateBuffer)                  \
  X(clCreateSubBuffer)               \
  X(clReleaseMemObject)              \
  X(clReleaseProgram)                \
  X(clReleaseKernel)                 \
  X(clReleaseCommandQueue)           \
  X(clReleaseContext)                \
  X(clEnqueueMapBuffer)              \
  X(clEnqueueUnmapMemObject)         \
  X(clEnqueueReadBuffer)             \
  X(clEnqueueNDRangeKernel)          \
  X(clFinish)
#define PLUMB_OPENCL_POINTER(name) decltype(&::name) name = nullptr;
  PLUMB_OPENCL_ENTRY_POINTS(PLUMB_OPENCL_POINTER)
#undef PLUMB_OPENCL_POINTER
};

// The loader's entry points; looked for once. UNAVAILABLE says why there are none.
absl::StatusOr<const Api*> LoadApi();

// OK for CL_SUCCESS; otherwise INTERNAL, or RESOURCE_EXHAUSTED for want of memory, with the call's name.
absl::Status Check(cl_int code, std::string_view call);

}  // namespace plumb::opencl

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_OPENCL_OPENCL_API_H_
