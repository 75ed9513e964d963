// Lays a safetensors container out: https://github.com/huggingface/safetensors#format
#ifndef PLUMB_WEIGHTS_SAFETENSORS_LAYOUT_H_
#define PLUMB_WEIGHTS_SAFETENSORS_LAYOUT_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/weights/container_layout.h"

namespace plumb {

// As the reference writer does: tensors by falling alignment then name, the header padded with spaces to a multiple of
// 8. INVALID_ARGUMENT, naming the tensor, for what a reader would refuse: a type that safetensors does not have, names
// that are empty, too long, no UTF-8 or occur twice, a header over limits::kSafetensorsHeaderBytesMax.
absl::StatusOr<ContainerLayout> LayOutSafetensors(const std::vector<TensorToPlace>& tensors,
                                                  const std::map<std::string, std::string>& metadata);

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_SAFETENSORS_LAYOUT_H_
