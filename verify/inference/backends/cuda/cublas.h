// cuBLAS, found at run time: products in float32 throughout, no TF32.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_CUDA_CUBLAS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_CUDA_CUBLAS_H_

#include <memory>
#include <mutex>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "verify/inference/backends/device/dynamic_library.h"
#include "verify/inference/backends/device/runtime_device.h"

namespace plumb::cuda {

// Thread-safe. Works on the default stream of the calling thread's current context.
class Cublas {
 public:
  // REQUIRES: a current context. UNAVAILABLE when there is no library or it does not start.
  static absl::StatusOr<std::unique_ptr<Cublas>> Open();

  // out = a b for shapes one of whose strides is 1 in each operand; `bias` is not added.
  absl::Status Multiply(const device::MatMulShape& shape, device::Address a, device::Address b, device::Address out);

 private:
  Cublas() = default;

  std::unique_ptr<device::DynamicLibrary> library_;
  void* handle_ = nullptr;
  std::mutex mutex_;
  int (*create_)(void** handle) = nullptr;
  int (*set_math_mode_)(void* handle, int mode) = nullptr;
  // cublasSgemmStridedBatched: column-major, counts as int, strides between matrices as long long.
  int (*multiply_)(void* handle, int transpose_a, int transpose_b, int m, int n, int k, const float* alpha,
                   device::Address a, int a_leading, long long a_stride, device::Address b, int b_leading,
                   long long b_stride, const float* beta, device::Address c, int c_leading, long long c_stride,
                   int batches) = nullptr;
};

}  // namespace plumb::cuda

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_CUDA_CUBLAS_H_
