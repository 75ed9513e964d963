// One line on a terminal that says how far long work is.
#ifndef PLUMB_CLIENT_CLI_PROGRESS_BAR_H_
#define PLUMB_CLIENT_CLI_PROGRESS_BAR_H_

#include <cstddef>
#include <functional>
#include <ostream>
#include <string>

#include "plumb/client/operation.h"

namespace plumb::cli {

// The line for `progress`, at most `width` columns: phase, item, bar,
// percentage, bytes, rate and time left. What does not fit goes in this order:
// bar, item, time left, rate. `rate` is bytes per second, 0 when unknown.
std::string RenderProgress(const Progress& progress, double rate, size_t width);

// Draws on `out` at most ten times a second. Not thread-safe: the caller has a
// lock.
class ProgressBar {
 public:
  // `seconds` is a steady clock, `width` the terminal's columns now.
  ProgressBar(std::ostream* out, std::function<double()> seconds, std::function<size_t()> width);

  void Update(const Progress& progress);
  // Takes the line off the terminal, so that something else can be printed.
  void Clear();

 private:
  void UpdateRate(const Progress& progress, double now);

  std::ostream* out_;
  std::function<double()> seconds_;
  std::function<size_t()> width_;
  std::string phase_;
  bool visible_ = false;
  double drawn_at_ = -1;
  double rated_at_ = 0;
  uint64_t rated_bytes_ = 0;
  double rate_ = 0;
};

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_PROGRESS_BAR_H_
