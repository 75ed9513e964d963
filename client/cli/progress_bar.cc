#include "client/cli/progress_bar.h"

#include <algorithm>
#include <utility>

#include "client/cli/text.h"
#include "fmt/format.h"

namespace plumb::cli {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr double kRateSeconds = 0.5;  // How often the rate is measured,
constexpr double kRateWeight = 0.4;   // and how much the newest measurement counts.
constexpr size_t kBarMin = 10;
constexpr size_t kBarMax = 30;
constexpr size_t kItemMin = 8;
constexpr size_t kGap = 2;

double Fraction(const Progress& progress) {
  if (progress.total_bytes == 0) return 0;
  return std::min(1.0, static_cast<double>(progress.done_bytes) / static_cast<double>(progress.total_bytes));
}

std::string Amount(const Progress& progress) {
  if (progress.total_bytes == 0) return progress.done_bytes == 0 ? "" : FormatBytes(progress.done_bytes);
  return fmt::format("{:3.0f}%  {} / {}", 100 * Fraction(progress), FormatBytes(progress.done_bytes),
                     FormatBytes(progress.total_bytes));
}

std::string TimeLeft(const Progress& progress, double rate) {
  if (rate <= 0 || progress.total_bytes <= progress.done_bytes) return "";
  auto left = static_cast<uint64_t>(static_cast<double>(progress.total_bytes - progress.done_bytes) / rate + 0.5);
  return left < 3600 ? fmt::format("ETA {}:{:02}", left / 60, left % 60)
                     : fmt::format("ETA {}:{:02}:{:02}", left / 3600, left / 60 % 60, left % 60);
}

std::string Bar(const Progress& progress, size_t columns) {
  size_t inside = columns - 2;
  auto filled = static_cast<size_t>(Fraction(progress) * static_cast<double>(inside));
  std::string bar(filled, '=');
  if (filled < inside) bar += '>';
  bar.resize(inside, ' ');
  return "[" + bar + "]";
}

std::string Join(std::initializer_list<std::string> parts) {
  std::string line;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    if (!line.empty()) line.append(kGap, ' ');
    line += part;
  }
  return line;
}

}  // namespace

std::string RenderProgress(const Progress& progress, double rate, size_t width) {
  std::string phase = Sanitise(progress.phase);
  std::string item = Sanitise(progress.item);
  std::string amount = Amount(progress);
  std::string speed = rate > 0 ? FormatBytes(static_cast<uint64_t>(rate)) + "/s" : "";
  std::string left = TimeLeft(progress, rate);

  size_t full = DisplayWidth(Join({phase, item, amount, speed, left}));
  if (progress.total_bytes > 0 && full + kGap + kBarMin <= width) {
    return Join({phase, item, Bar(progress, std::min(kBarMax, width - full - kGap)), amount, speed, left});
  }
  if (full <= width) return Join({phase, item, amount, speed, left});
  size_t fixed = DisplayWidth(Join({phase, amount, speed, left}));
  if (!item.empty() && fixed + kGap + kItemMin <= width) {
    return Join({phase, TruncateFront(item, width - fixed - kGap), amount, speed, left});
  }
  for (const std::string& line : {Join({phase, amount, speed, left}), Join({phase, amount, speed})}) {
    if (DisplayWidth(line) <= width) return line;
  }
  return Truncate(Join({phase, amount}), width);
}

ProgressBar::ProgressBar(std::ostream* out, std::function<double()> seconds, std::function<size_t()> width)
    : out_(out), seconds_(std::move(seconds)), width_(std::move(width)) {}

void ProgressBar::UpdateRate(const Progress& progress, double now) {
  if (progress.phase != phase_ || progress.done_bytes < rated_bytes_) {
    phase_ = progress.phase;
    rated_at_ = now;
    rated_bytes_ = progress.done_bytes;
    rate_ = 0;
    return;
  }
  if (now - rated_at_ < kRateSeconds) return;
  double measured = static_cast<double>(progress.done_bytes - rated_bytes_) / (now - rated_at_);
  rate_ = rate_ == 0 ? measured : kRateWeight * measured + (1 - kRateWeight) * rate_;
  rated_at_ = now;
  rated_bytes_ = progress.done_bytes;
}

void ProgressBar::Update(const Progress& progress) {
  double now = seconds_();
  UpdateRate(progress, now);
  if (drawn_at_ >= 0 && now - drawn_at_ < kRedrawSeconds) return;
  drawn_at_ = now;
  // The last column stays free: some terminals wrap a line that fills it.
  size_t width = std::max<size_t>(width_(), 2) - 1;
  *out_ << "\r" << RenderProgress(progress, rate_, width) << "\x1b[K" << std::flush;
  visible_ = true;
}

void ProgressBar::Clear() {
  if (!visible_) return;
  *out_ << "\r\x1b[K" << std::flush;
  visible_ = false;
  drawn_at_ = -1;
}

}  // namespace plumb::cli
