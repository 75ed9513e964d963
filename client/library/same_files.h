// Whether two models lie in the same bytes.
#ifndef PLUMB_CLIENT_LIBRARY_SAME_FILES_H_
#define PLUMB_CLIENT_LIBRARY_SAME_FILES_H_

#include "absl/status/statusor.h"
#include "plumb/client/operation.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// True when both are read from as many files, and each has the bytes of its counterpart: then everything in them is
// the same, whatever of it can be read. Reads up to the first difference, in two buffers of some MiB. What reading
// returns, CANCELLED.
absl::StatusOr<bool> HaveSameFiles(const TensorSource& a, const TensorSource& b, const Operation& operation);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_SAME_FILES_H_
