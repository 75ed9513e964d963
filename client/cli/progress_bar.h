// How far long work is: one line on a terminal, drawn again and again, or a plain line every few seconds.
#ifndef PLUMB_CLIENT_CLI_PROGRESS_BAR_H_
#define PLUMB_CLIENT_CLI_PROGRESS_BAR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "plumb/client/operation.h"

namespace plumb::cli {

// The line for `progress`, at most `width` columns: phase, item, bar, percentage, bytes, rate and time left. The bar
// stays where 30 columns are there; what does not fit beside it goes in this order: item (shortened first), bytes,
// rate, time left, percentage. `rate` is bytes per second, 0 when unknown. Without a total the bar shows that something
// moves: `frame` counts the drawings.
std::string RenderProgress(const Progress& progress, double rate, size_t width, uint64_t frame = 0);

// `pull model.safetensors: 45%, 1.2 GiB / 2.7 GiB, 98.1 MiB/s, ETA 0:15`, for logs.
std::string ProgressLine(const Progress& progress, double rate);

// Bytes a second, smoothed; begins anew with each phase. Plain value.
class ProgressRate {
 public:
  // The rate at `now`, seconds of a steady clock; 0 when it is not known yet.
  double Update(const Progress& progress, double now);

 private:
  std::string phase_;
  double measured_at_ = 0;
  uint64_t bytes_ = 0;
  double rate_ = 0;
};

// Draws on `out` at most ten times a second. Not thread-safe: the caller has a
// lock.
class ProgressBar {
 public:
  // `seconds` is a steady clock, `width` the terminal's columns now.
  ProgressBar(std::ostream* out, std::function<double()> seconds, std::function<size_t()> width);

  void Update(const Progress& progress);
  // Shows `text` instead of how far the work is, until it is called with an empty one.
  void Waits(const std::string& text);
  // Takes the line off the terminal, so that something else can be printed.
  void Clear();

 private:
  size_t LineWidth() const;
  void Draw(const std::string& line);

  std::ostream* out_;
  std::function<double()> seconds_;
  std::function<size_t()> width_;
  ProgressRate rate_;
  std::string waiting_;
  uint64_t frame_ = 0;
  bool visible_ = false;
  double drawn_at_ = -1;
};

// Writes a line to `out` after five seconds and then every ten: for logs of CI, and terminals that cannot draw. Not
// thread-safe: the caller has a lock.
class ProgressLog {
 public:
  // `seconds` is a steady clock.
  ProgressLog(std::ostream* out, std::function<double()> seconds);

  void Update(const Progress& progress);

 private:
  std::ostream* out_;
  std::function<double()> seconds_;
  ProgressRate rate_;
  double next_at_ = -1;
};

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_PROGRESS_BAR_H_
