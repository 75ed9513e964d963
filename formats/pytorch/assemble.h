// Tensors over storages, as parts of a TensorSource.
#ifndef PLUMB_FORMATS_PYTORCH_ASSEMBLE_H_
#define PLUMB_FORMATS_PYTORCH_ASSEMBLE_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "formats/pytorch/torch_objects.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// Where a storage's bytes lie in the checkpoint's file.
using StoragePlaces = std::map<std::string, StoredRange, std::less<>>;

// INVALID_ARGUMENT (ErrorClass::kPolicy), naming the tensor, for a storage that is not there or of another size than
// the pickle says, and for a tensor that reaches past its storage or is expanded to more than
// limits::kExpandedBytesMax.
absl::StatusOr<std::unique_ptr<TensorSource>> AssembleTorchSource(TorchContents contents, const StoragePlaces& places,
                                                                  bool big_endian, SourceFile file);

}  // namespace plumb

#endif  // PLUMB_FORMATS_PYTORCH_ASSEMBLE_H_
