// What a backend must get right before it is believed about a model.
#ifndef PLUMB_INFERENCE_SELF_TEST_H_
#define PLUMB_INFERENCE_SELF_TEST_H_

#include "absl/status/statusor.h"
#include "plumb/inference/backend.h"
#include "plumb/inference/gate.h"

namespace plumb {

// The largest NMSE of a random probe against an oracle in double. 20 times what the plainest loop has, a hundredth of
// what taking one GELU for the other gives.
inline constexpr double kProbeNmseMax = 1e-10;

// Runs tiny graphs through the backend: products, a convolution and attention on integers that must come out exactly,
// the same and the common functions on random numbers against an oracle in double, NaN and infinities, a row that is
// masked throughout, and values beside the result that must stay as they are. Every probe is a measure of the gate.
// The gate of a backend is computed once in a process: a second, and on a device the time to compile its kernels.
// Inconclusive when the backend is not available. Thread-safe.
const Gate& SelfTest(const Backend& backend);

// How fast a backend is.
struct Speed {
  double matmul_gflops = 0;  // A product of 1024 x 1024 matrices, weights kept from run to run.
  double gemv_gflops = 0;    // One row times a 4096 x 4096 matrix.
};

// The best of several runs each. Errors as the backend gives them.
absl::StatusOr<Speed> MeasureSpeed(const Backend& backend);

}  // namespace plumb

#endif  // PLUMB_INFERENCE_SELF_TEST_H_
