// What must hold for a tensor before anything is read through its description.
#ifndef PLUMB_FORMATS_WEIGHTS_TENSOR_CHECK_H_
#define PLUMB_FORMATS_WEIGHTS_TENSOR_CHECK_H_

#include <span>

#include "absl/status/status.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// INVALID_ARGUMENT that names the tensor and the rule, as TensorSource::New lists them.
absl::Status CheckSourceTensor(const SourceTensor& tensor, std::span<const SourceFile> files);

}  // namespace plumb

#endif  // PLUMB_FORMATS_WEIGHTS_TENSOR_CHECK_H_
