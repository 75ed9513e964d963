// The keys of a checkpoint's dicts as parts of names, and what lies below values that are not understood.
#ifndef PLUMB_FORMATS_PYTORCH_TORCH_KEYS_H_
#define PLUMB_FORMATS_PYTORCH_TORCH_KEYS_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "plumb/pickle/pickle.h"

namespace plumb {

// A dict's key. Plain value.
struct TorchKey {
  std::string text;  // A text as it is, anything else as Python writes it: `3`, `None`, `b'k'`, `(1, 2)`.
  std::string same;  // Equal for keys that Python holds to be equal: True is 1.
};

// nullopt for texts that are not UTF-8 and for objects.
std::optional<TorchKey> TorchKeyAt(const Pickle& pickle, PickleId id);

// The keys of all storages that a value leads to. `scanned` counts the nodes looked at over several calls; when
// limits::kPickleNodesMax are reached the value counts as holding one that nothing else reads.
std::set<std::string> StoragesBelow(const Pickle& pickle, PickleId id, uint64_t* scanned);

}  // namespace plumb

#endif  // PLUMB_FORMATS_PYTORCH_TORCH_KEYS_H_
