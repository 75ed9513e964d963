// The time, as a value that tests can replace.
#ifndef PLUMB_REGISTRY_STORAGE_CLOCK_H_
#define PLUMB_REGISTRY_STORAGE_CLOCK_H_

#include <chrono>
#include <functional>

namespace plumb {

using TimePoint = std::chrono::system_clock::time_point;

// Tells the time of day. Must be callable from any thread.
using Clock = std::function<TimePoint()>;

// The machine's clock.
inline Clock SystemClock() {
  return [] { return std::chrono::system_clock::now(); };
}

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_CLOCK_H_
