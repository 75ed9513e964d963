// Products that are made for a call, without a primitive: oneDNN's C functions.
#include <vector>

#include "fmt/format.h"
#include "oneapi/dnnl/dnnl.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/onednn/shim.h"

namespace plumb::onednn {

absl::Status Multiply(const SmallProduct& p) {
  const dnnl_status_t status =
      dnnl_sgemm('N', p.transpose_b ? 'T' : 'N', static_cast<dnnl_dim_t>(p.m), static_cast<dnnl_dim_t>(p.n),
                 static_cast<dnnl_dim_t>(p.k), p.factor, p.a, static_cast<dnnl_dim_t>(p.a_stride), p.b,
                 static_cast<dnnl_dim_t>(p.b_stride), 0, p.out, static_cast<dnnl_dim_t>(p.out_stride));
  return status == dnnl_success ? absl::OkStatus()
                                : Internal(fmt::format("oneDNN could not do sgemm (status {})", int{status}));
}

namespace {

absl::Status Gemm(const ByteProduct& p, float beta) {
  const int32_t no_offset = 0;
  const dnnl_status_t status = dnnl_gemm_u8s8s32('N', 'N', 'F', static_cast<dnnl_dim_t>(p.m),
                                                 static_cast<dnnl_dim_t>(p.n), static_cast<dnnl_dim_t>(p.k), 1.0f, p.a,
                                                 static_cast<dnnl_dim_t>(p.k), 0, p.b, static_cast<dnnl_dim_t>(p.n), 0,
                                                 beta, p.out, static_cast<dnnl_dim_t>(p.out_stride), &no_offset);
  return status == dnnl_success ? absl::OkStatus()
                                : Internal(fmt::format("oneDNN could not multiply bytes (status {})", int{status}));
}

// Instructions without VNNI add two products of bytes in 16 bits that saturate. With seven bits of `a` they do not.
bool Saturates() {
  const std::string_view name = InstructionSet();
  return name.find("VNNI") == name.npos && name.find("BF16") == name.npos && name.find("AMX") == name.npos;
}

}  // namespace

absl::Status MultiplyBytes(const ByteProduct& p) {
  if (!Saturates()) return Gemm(p, 0);
  constexpr int kHighBit = 7;
  // First the high bits' product, 128 times too small, then that of the others added to it.
  std::vector<uint8_t> high(p.m * p.k);
  for (size_t i = 0; i < high.size(); ++i) high[i] = p.a[i] >> kHighBit;
  ByteProduct part = p;
  part.a = high.data();
  PLUMB_RETURN_IF_ERROR(Gemm(part, 0));
  for (uint64_t row = 0; row < p.m; ++row) {
    for (uint64_t i = 0; i < p.n; ++i) {
      int32_t& sum = p.out[row * p.out_stride + i];
      sum = static_cast<int32_t>(static_cast<uint32_t>(sum) << kHighBit);
    }
  }
  for (size_t i = 0; i < high.size(); ++i) p.a[i] &= (1 << kHighBit) - 1;
  return Gemm(p, 1);
}

}  // namespace plumb::onednn
