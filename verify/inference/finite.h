// Whether numbers are finite: no NaN and no infinity.
#ifndef PLUMB_VERIFY_INFERENCE_FINITE_H_
#define PLUMB_VERIFY_INFERENCE_FINITE_H_

#include <cstdint>
#include <mutex>
#include <set>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "plumb/inference/backend.h"

namespace plumb {

bool AllFinite(std::span<const float> values);

// OK when all are; otherwise OUT_OF_RANGE (ErrorClass::kPolicy), naming the first that is not as element
// `first` + its place of `tensor`.
absl::Status ExpectFinite(const std::string& tensor, uint64_t first, std::span<const float> values);

// Remembers which tensors were found finite, so that a weight that several nodes use is read once. Thread-safe.
class FiniteTensors {
 public:
  // Reads a weight of `count` elements, unless the tensor at the address `tensor` was found finite before: where it
  // lies if it can be viewed, otherwise part by part. The errors of its LoadPart, which is trusted to refuse what is
  // not finite.
  absl::Status Check(const void* tensor, const WeightSource& source, const std::string& name, uint64_t count);

 private:
  std::mutex mutex_;
  std::set<const void*> found_;  // Guarded by mutex_.
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_FINITE_H_
