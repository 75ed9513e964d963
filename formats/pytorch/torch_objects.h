// What a checkpoint's pickle means: storages, tensors over them, and the names by which they are reached.
#ifndef PLUMB_FORMATS_PYTORCH_TORCH_OBJECTS_H_
#define PLUMB_FORMATS_PYTORCH_TORCH_OBJECTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/pickle/pickle.h"
#include "plumb/weights/dtype.h"
#include "plumb/weights/metadata.h"
#include "plumb/weights/unreadable_tensor.h"

namespace plumb {

// A storage as the pickle names it: `count` elements (bytes, when it has no type) kept elsewhere under `key`.
struct TorchStorage {
  std::string key;
  std::optional<DType> dtype;
  std::string type;         // As the pickle has it: `torch.FloatStorage`.
  uint32_t unit_bytes = 1;  // Of an element; 0 when the type is not known.
  uint64_t count = 0;
  // A view of it: elements [view_begin, view_begin + view_count).
  uint64_t view_begin = 0;
  uint64_t view_count = 0;
};

// A tensor: elements `offset` + sum of index * stride of a storage. Not yet checked against the storage.
struct TorchTensor {
  std::string name;
  // Why it cannot be given, as UnreadableTensor::why; then the rest may be empty.
  std::string unreadable;
  TorchStorage storage;
  DType dtype = DType::kF32;
  uint64_t offset = 0;
  std::vector<uint64_t> shape;
  std::vector<uint64_t> strides;
};

// Tensors that stand outside the pickle under a persistent id (PyTorch 0.1).
using TorchOutside = std::map<std::string, TorchTensor, std::less<>>;

// What a pickle holds, by name, in the order in which it is reached.
struct TorchContents {
  std::vector<TorchTensor> tensors;
  std::vector<MetadataEntry> metadata;
  std::vector<std::string> notes;  // And what cannot be given (plumb/weights/unreadable_tensor.h).
};

// The storage that a persistent id, or a tuple that looks like one, names; nullopt when it is something else.
// INVALID_ARGUMENT (ErrorClass::kPolicy) when it is one but its parts do not make sense.
absl::StatusOr<std::optional<TorchStorage>> StorageAt(const Pickle& pickle, PickleId id);

// Every storage that the pickle names, by key. INVALID_ARGUMENT when two disagree about one.
absl::StatusOr<std::map<std::string, TorchStorage>> StoragesOf(const Pickle& pickle);

// The tensor that a node builds, without a name, also one that cannot be given (`unreadable`); nullopt when it builds
// something else. INVALID_ARGUMENT when it is a tensor whose parts do not make sense.
absl::StatusOr<std::optional<TorchTensor>> TensorAt(const Pickle& pickle, PickleId id, const TorchOutside& outside);

// Walks from the root and names what it finds: with the keys of dicts, as Python writes those that are no texts. What
// holds storages and is not understood is `unreadable`, unless other tensors read them all. INVALID_ARGUMENT for a
// broken tensor, nesting deeper than limits::kJsonDepthMax, or more than limits::kPickleNodesMax steps (lists that hold
// each other many times).
absl::StatusOr<TorchContents> ReadTorchContents(const Pickle& pickle, const TorchOutside& outside);

}  // namespace plumb

#endif  // PLUMB_FORMATS_PYTORCH_TORCH_OBJECTS_H_
