#include <cstdint>

#include "plumb/pickle/pickle.h"
#include "tests/fuzz/allocation_bound.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plumb::fuzz::AllocationBound bound(size);
  absl::StatusOr<plumb::Pickle> pickle = plumb::Pickle::Parse({data, size});
  if (!pickle.ok()) return 0;
  // Every id that a node names is a node.
  for (plumb::PickleId id = 0; id < pickle->size(); ++id) {
    for (plumb::PickleId item : pickle->items(id)) {
      if (item >= pickle->size()) __builtin_trap();
    }
    for (plumb::PickleId item : pickle->entries(id)) {
      if (item >= pickle->size()) __builtin_trap();
    }
    const plumb::PickleId state = pickle->state(id);
    if (state != plumb::Pickle::kNoState && state >= pickle->size()) __builtin_trap();
  }
  if (pickle->root() >= pickle->size() || pickle->consumed() > size) __builtin_trap();
  return 0;
}
