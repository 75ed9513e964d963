// NumPy's .npy files and .npz archives of them, as sources of tensors:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
//
// Arrays of numbers and bools in either byte order and either order of dimensions. Object arrays (pickles), structured
// types, texts and dates are refused by name.
#ifndef PLUMB_NUMPY_NUMPY_SOURCE_H_
#define PLUMB_NUMPY_NUMPY_SOURCE_H_

#include "plumb/weights/container_format.h"

namespace plumb {

// One array, named `array`.
const ContainerFormat& NpyFormat();
// A ZIP archive of arrays, named by their entries without `.npy`. Deflated ones are unpacked into memory, all together at
// most limits::kUnpackedBytesMax.
const ZipContainerFormat& NpzFormat();

}  // namespace plumb

#endif  // PLUMB_NUMPY_NUMPY_SOURCE_H_
