// Lays out NumPy's .npz archives: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#ifndef PLUMB_NUMPY_NPZ_WRITER_H_
#define PLUMB_NUMPY_NPZ_WRITER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "plumb/weights/container_layout.h"

namespace plumb {

// Whether NumPy has this type by itself: bools, integers, F16, F32, F64, C64, C128.
bool NumpyHolds(DType dtype);

// Stored entries NAME.npy in the order given, each header byte for byte as numpy.save writes it, each array at a
// multiple of 64 bytes, so that it can be mapped. Its `seal` needs the sums of the arrays. INVALID_ARGUMENT, naming the
// tensor, for other types, for names that ZipLayout refuses, and for no tensors at all: an empty archive could be
// anything.
absl::StatusOr<ContainerLayout> LayOutNpz(const std::vector<TensorToPlace>& tensors);

}  // namespace plumb

#endif  // PLUMB_NUMPY_NPZ_WRITER_H_
