#include "plumb/pickle/pickle.h"

#include <algorithm>

#include "formats/pickle/machine.h"

namespace plumb {

absl::StatusOr<Pickle> Pickle::Parse(std::span<const uint8_t> bytes) { return PickleMachine(bytes).Run(); }

std::span<const PickleId> Pickle::items(PickleId id) const {
  const uint32_t list = nodes_[id].list;
  return list == UINT32_MAX ? std::span<const PickleId>() : std::span<const PickleId>(lists_[list]);
}

std::span<const PickleId> Pickle::entries(PickleId id) const {
  const uint32_t list = nodes_[id].entries;
  return list == UINT32_MAX ? std::span<const PickleId>() : std::span<const PickleId>(lists_[list]);
}

PickleId Pickle::state(PickleId id) const {
  // Sorted by node when parsing ended; of several the last is the one that stays.
  auto after = std::upper_bound(states_.begin(), states_.end(), id,
                                [](PickleId key, const auto& entry) { return key < entry.first; });
  return after == states_.begin() || std::prev(after)->first != id ? kNoState : std::prev(after)->second;
}

}  // namespace plumb
