#include "verify/inference/backends/cuda/cublas.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::cuda {
namespace {

// cublasOperation_t.
constexpr int kAsGiven = 0;
constexpr int kTransposed = 1;

absl::Status Check(int code, std::string_view call) {
  return code == 0 ? absl::OkStatus() : Internal(fmt::format("cuBLAS: {} failed with status {}", call, code));
}

// An operand [rows, columns] as column-major cuBLAS sees it: its transpose as given when rows lie one after another.
struct View {
  int operation;
  int leading;
};

View ViewOf(uint32_t row, uint32_t column, uint32_t rows, uint32_t columns) {
  // A matrix of one row or column has both strides 1; its leading dimension is then its size.
  if (column == 1) return {kAsGiven, static_cast<int>(std::max(row, columns))};
  return {kTransposed, static_cast<int>(std::max(column, rows))};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Cublas>> Cublas::Open() {
  constexpr int kPedanticMath = 2;  // CUBLAS_PEDANTIC_MATH: the precision that is asked for, in all steps.
  const std::vector<std::string> names = {"libcublas.so.13", "libcublas.so.12", "libcublas.so.11"};
  std::unique_ptr<Cublas> cublas(new Cublas());
  PLUMB_ASSIGN_OR_RETURN(cublas->library_, device::DynamicLibrary::Open(names));
  PLUMB_RETURN_IF_ERROR(cublas->library_->Find("cublasCreate_v2", cublas->create_));
  PLUMB_RETURN_IF_ERROR(cublas->library_->Find("cublasSetMathMode", cublas->set_math_mode_));
  PLUMB_RETURN_IF_ERROR(cublas->library_->Find("cublasSgemmStridedBatched", cublas->multiply_));
  PLUMB_RETURN_IF_ERROR(Check(cublas->create_(&cublas->handle_), "cublasCreate_v2"));
  PLUMB_RETURN_IF_ERROR(Check(cublas->set_math_mode_(cublas->handle_, kPedanticMath), "cublasSetMathMode"));
  return cublas;
}

// Row-major out = a b is column-major out^T = b^T a^T: `b` goes first, and what lies in rows is transposed already.
absl::Status Cublas::Multiply(const device::MatMulShape& shape, device::Address a, device::Address b,
                              device::Address out) {
  std::lock_guard lock(mutex_);
  const View first = ViewOf(shape.b_row, shape.b_column, shape.k, shape.n);
  const View second = ViewOf(shape.a_row, shape.a_column, shape.m, shape.k);
  const float one = 1;
  const float zero = 0;
  return Check(
      multiply_(handle_, first.operation, second.operation, static_cast<int>(shape.n), static_cast<int>(shape.m),
                static_cast<int>(shape.k), &one, b + uint64_t{shape.b_offset} * sizeof(float), first.leading,
                shape.b_batch, a + uint64_t{shape.a_offset} * sizeof(float), second.leading, shape.a_batch, &zero, out,
                static_cast<int>(shape.n), static_cast<long long>(shape.m) * shape.n, static_cast<int>(shape.batches)),
      "cublasSgemmStridedBatched");
}

}  // namespace plumb::cuda
