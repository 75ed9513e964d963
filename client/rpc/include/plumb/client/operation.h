// Watching and stopping long work.
#ifndef PLUMB_CLIENT_OPERATION_H_
#define PLUMB_CLIENT_OPERATION_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"

namespace plumb {

// How far a piece of work is.
struct Progress {
  // `check`, `hash`, `publish`, `commit`, `pull`, `verify`, `smoke`, `mirror`.
  std::string phase;
  // What is being worked on: a path, a reference. May be empty.
  std::string item;
  uint64_t done_bytes = 0;
  // 0 when not known yet.
  uint64_t total_bytes = 0;
  // Those of `done_bytes` that cost nothing, because they were here or there before: no measure of how fast the work
  // is.
  uint64_t reused_bytes = 0;
};

// A wish to stop, set from any thread or from a signal handler. Lock-free.
class Cancellation {
 public:
  void Cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }
  // For code that watches a plain flag.
  const std::atomic<bool>& flag() const noexcept { return cancelled_; }

 private:
  std::atomic<bool> cancelled_{false};
};

// What every long call takes. Both may be empty; both must outlive the call.
struct Operation {
  // Called from the library's threads, one call at a time, often: return quickly.
  std::function<void(const Progress&)> progress;
  // Called, one call at a time, with things the user should know that are no failure.
  std::function<void(const std::string&)> warning;
  const Cancellation* cancellation = nullptr;

  // CANCELLED when the user wants to stop, else OK.
  absl::Status Check() const {
    if (cancellation != nullptr && cancellation->cancelled()) return absl::CancelledError("interrupted");
    return absl::OkStatus();
  }
  void Report(const Progress& report) const {
    if (progress) progress(report);
  }
  void Warn(const std::string& message) const {
    if (warning) warning(message);
  }
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_OPERATION_H_
