// Making one source of several.
#ifndef PLUMB_WEIGHTS_APPEND_SOURCE_H_
#define PLUMB_WEIGHTS_APPEND_SOURCE_H_

#include "plumb/weights/tensor_source.h"

namespace plumb {

// Adds the files, tensors and notes of `source` to `parts`, and its metadata when it is the first. What shares storage
// goes on doing so. `parts` needs a codec for whatever types `source` has that need one.
void AppendSource(const TensorSource& source, TensorSourceParts* parts);

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_APPEND_SOURCE_H_
