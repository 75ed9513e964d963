// What is written one after another: the dense bytes of a tensor, or of a storage that several tensors view.
#ifndef PLUMB_FORMATS_CONVERT_STORAGES_H_
#define PLUMB_FORMATS_CONVERT_STORAGES_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/pytorch/checkpoint_writer.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// Bytes to be read as one type and written as another. Borrows.
struct Payload {
  const TensorSource* source = nullptr;
  const SourceTensor* tensor = nullptr;
  DType dtype = DType::kF32;  // To be written.
};

// A source's tensors as views of storages.
struct Storages {
  std::unique_ptr<TensorSource> shared;  // The storages that are no tensors of the source themselves.
  std::vector<Payload> payloads;         // One for each storage.
  std::vector<TorchStorageToWrite> storages;
  std::vector<TorchTensorToWrite> tensors;  // Parallel to the source's.
  uint64_t unshared = 0;                    // Tensors that shared bytes in a way that storages cannot.
};

// `types` are those to be written, parallel to the source's tensors. Tensors over the same bytes become views of one
// storage when they are of one type and go to one type; strides stay. Borrows `source`.
absl::StatusOr<Storages> FindStorages(const TensorSource& source, const std::vector<DType>& types);

}  // namespace plumb

#endif  // PLUMB_FORMATS_CONVERT_STORAGES_H_
