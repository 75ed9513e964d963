// PyTorch's names of element types and storages.
#ifndef PLUMB_FORMATS_PYTORCH_TORCH_TYPES_H_
#define PLUMB_FORMATS_PYTORCH_TORCH_TYPES_H_

#include <optional>
#include <string>
#include <string_view>

#include "plumb/weights/dtype.h"

namespace plumb {

// `torch.FloatStorage` -> F32. nullopt for others, `torch.storage.UntypedStorage` among them.
std::optional<DType> DTypeOfStorage(std::string_view global);
// Bytes of an element of a storage of that name, quantised types among them; 1 for untyped storages, 0 for unknown
// ones.
uint32_t UnitOfStorage(std::string_view global);
// `torch.float32` -> F32.
std::optional<DType> DTypeOfTorchDtype(std::string_view global);
// The inverses: `FloatStorage`, empty for types that torch.save keeps in untyped storages; `float32`, empty for types
// that PyTorch does not have. Both without `torch.`.
std::string StorageOfDType(DType dtype);
std::string_view TorchDtypeOf(DType dtype);
// True for `torch.storage.UntypedStorage`, whose size is counted in bytes.
bool IsUntypedStorage(std::string_view global);
// True for names that checkpoints import and that cannot do harm: the storages and types above, and what builds tensors
// and plain containers.
bool IsUnderstoodGlobal(std::string_view global);

}  // namespace plumb

#endif  // PLUMB_FORMATS_PYTORCH_TORCH_TYPES_H_
