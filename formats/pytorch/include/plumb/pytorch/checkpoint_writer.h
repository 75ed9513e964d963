// Lays out PyTorch's ZIP checkpoints. docs/pytorch.md
#ifndef PLUMB_PYTORCH_CHECKPOINT_WRITER_H_
#define PLUMB_PYTORCH_CHECKPOINT_WRITER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/weights/container_layout.h"

namespace plumb {

// Elements that lie one after another; tensors are views of them.
struct TorchStorageToWrite {
  DType dtype = DType::kF32;
  uint64_t elements = 0;
};

// One tensor of the state dict. Several may be of one storage: tied weights, views.
struct TorchTensorToWrite {
  std::string name;
  std::vector<uint64_t> shape;    // Outermost first.
  std::vector<uint64_t> strides;  // In elements; empty for a dense one.
  uint32_t storage = 0;           // Its number in the storages.
  uint64_t first = 0;             // Element of the storage.
};

// Whether PyTorch has this type: those of safetensors but F4 and F6, and C32, C128.
bool TorchHolds(DType dtype);

// An archive such as torch.save 2.7 writes for an OrderedDict of tensors, in the order given: data.pkl byte for byte,
// one stored entry for each storage at a multiple of 64 bytes. `data` of the result is parallel to `storages`, which
// are to be written little-endian; its `seal` needs their sums. INVALID_ARGUMENT, naming the tensor, for other types,
// names that are no UTF-8 or occur twice, and tensors that reach past their storage.
absl::StatusOr<ContainerLayout> LayOutCheckpoint(const std::vector<TorchStorageToWrite>& storages,
                                                 const std::vector<TorchTensorToWrite>& tensors);

}  // namespace plumb

#endif  // PLUMB_PYTORCH_CHECKPOINT_WRITER_H_
