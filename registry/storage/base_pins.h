// Keeps chunks that a difference is about to need.
#ifndef PLUMB_REGISTRY_STORAGE_BASE_PINS_H_
#define PLUMB_REGISTRY_STORAGE_BASE_PINS_H_

#include <mutex>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "plumb/content/digest.h"

namespace plumb {

// From the moment that a difference is put until the index says what it needs, its base is pinned here. A chunk is
// either pinned or being removed. Thread-safe.
class BasePins {
 public:
  // Pins `base`, once more when it is pinned. False, and nothing pinned, when it is being removed.
  bool Pin(const Digest& base) {
    std::lock_guard lock(mutex_);
    if (removing_.contains(base)) return false;
    ++pins_[base];
    return true;
  }
  void Unpin(const Digest& base) {
    std::lock_guard lock(mutex_);
    auto pin = pins_.find(base);
    if (pin != pins_.end() && --pin->second == 0) pins_.erase(pin);
  }

  // Those of the chunks that may be removed now, which can not be pinned until EndRemoval. One removal at a time.
  std::vector<Digest> BeginRemoval(std::span<const Digest> digests) {
    std::lock_guard lock(mutex_);
    std::vector<Digest> free;
    for (const Digest& digest : digests) {
      if (!pins_.contains(digest)) free.push_back(digest);
    }
    removing_.insert(free.begin(), free.end());
    return free;
  }
  void EndRemoval() {
    std::lock_guard lock(mutex_);
    removing_.clear();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<Digest, size_t> pins_;
  std::unordered_set<Digest> removing_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_BASE_PINS_H_
