// Keeps those who rely on content and the one who deletes it apart.
#ifndef PLUMB_REGISTRY_CATALOGUE_SWEEP_GATE_H_
#define PLUMB_REGISTRY_CATALOGUE_SWEEP_GATE_H_

#include <mutex>
#include <shared_mutex>
#include <unordered_set>

#include "plumb/content/digest.h"

namespace plumb {

// A lock with a list of what became live during a collection.
//
// Who finds or renews content holds it shared; who makes a release visible holds it shared
// from the last check of its content until the release is written, and says here what
// it names. The collector holds it alone for each small batch it deletes, and looks here as well as
// at what it marked. Thread-safe.
class SweepGate {
 public:
  std::shared_lock<std::shared_mutex> Rely() { return std::shared_lock(mutex_); }
  std::unique_lock<std::shared_mutex> Sweep() { return std::unique_lock(mutex_); }

  // A collection starts: from here on AddLive remembers. Call while holding Sweep().
  void Begin() {
    std::lock_guard lock(live_mutex_);
    collecting_ = true;
  }
  void End() {
    std::lock_guard lock(live_mutex_);
    collecting_ = false;
    live_.clear();
  }
  // The content `name` (a chunk or a tree root) is named by a release that is being written. Call while holding Rely().
  void AddLive(const Digest& name) {
    std::lock_guard lock(live_mutex_);
    if (collecting_) live_.insert(name);
  }
  // Call while holding Sweep().
  bool BecameLive(const Digest& name) {
    std::lock_guard lock(live_mutex_);
    return live_.contains(name);
  }

 private:
  std::shared_mutex mutex_;
  std::mutex live_mutex_;
  bool collecting_ = false;
  std::unordered_set<Digest> live_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_SWEEP_GATE_H_
