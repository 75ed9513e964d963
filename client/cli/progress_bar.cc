#include "client/cli/progress_bar.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "client/cli/text.h"
#include "fmt/format.h"

namespace plumb::cli {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr double kFirstLineSeconds = 5;  // When a log gets its first line,
constexpr double kLineSeconds = 10;      // and how often the next ones.
constexpr double kRateSeconds = 0.5;     // How often the rate is measured,
constexpr double kRateWeight = 0.4;      // and how much the newest measurement counts.
constexpr size_t kBarMin = 10;
constexpr size_t kBarMax = 30;
constexpr size_t kItemMin = 16;
constexpr size_t kGap = 2;
constexpr size_t kShuttle = 4;  // Columns of what moves where nobody knows how much there is.

double Fraction(const Progress& progress) {
  if (progress.total_bytes == 0) return 0;
  return std::min(1.0, static_cast<double>(progress.done_bytes) / static_cast<double>(progress.total_bytes));
}

std::string Percentage(const Progress& progress) {
  return progress.total_bytes == 0 ? "" : fmt::format("{:3.0f}%", std::floor(100 * Fraction(progress)));
}

std::string Amount(const Progress& progress) {
  if (progress.total_bytes == 0) return progress.done_bytes == 0 ? "" : FormatBytes(progress.done_bytes);
  return fmt::format("{} / {}", FormatBytes(progress.done_bytes), FormatBytes(progress.total_bytes));
}

std::string TimeLeft(const Progress& progress, double rate) {
  if (rate <= 0 || progress.total_bytes <= progress.done_bytes) return "";
  auto left = static_cast<uint64_t>(static_cast<double>(progress.total_bytes - progress.done_bytes) / rate + 0.5);
  return left < 3600 ? fmt::format("ETA {}:{:02}", left / 60, left % 60)
                     : fmt::format("ETA {}:{:02}:{:02}", left / 3600, left / 60 % 60, left % 60);
}

// With a total it fills; without one something runs along it, a step a `frame`.
std::string Bar(const Progress& progress, size_t columns, uint64_t frame) {
  const size_t inside = columns - 2;
  std::string bar(inside, ' ');
  if (progress.total_bytes > 0) {
    const auto filled = static_cast<size_t>(Fraction(progress) * static_cast<double>(inside));
    std::fill_n(bar.begin(), filled, '=');
    if (filled < inside) bar[filled] = '>';
  } else {
    const size_t size = std::min(kShuttle, inside);
    const size_t way = inside - size;
    const size_t at = way == 0 ? 0 : frame % (2 * way);
    std::fill_n(bar.begin() + static_cast<ptrdiff_t>(at <= way ? at : 2 * way - at), size, '=');
  }
  return "[" + bar + "]";
}

// What a line can say; empty for what it does not.
struct Parts {
  std::string phase, item, percentage, amount, speed, left;
};

std::string Join(std::initializer_list<std::string> parts) {
  std::string line;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    if (!line.empty()) line.append(kGap, ' ');
    line += part;
  }
  return line;
}

// Columns that `parts` take beside a bar, the gap before it included.
size_t BesideBar(const Parts& parts) {
  return DisplayWidth(Join({parts.phase, parts.item, parts.percentage, parts.amount, parts.speed, parts.left})) + kGap;
}

// Takes away what matters least until the smallest bar fits beside the rest.
void Shorten(Parts* parts, size_t width) {
  for (std::string* part : {&parts->item, &parts->amount, &parts->speed, &parts->left, &parts->percentage}) {
    const size_t used = BesideBar(*parts) + kBarMin;
    if (used <= width) return;
    const size_t columns = DisplayWidth(*part);
    const size_t needed = used - width;
    const bool shortened = part == &parts->item && columns >= needed + kItemMin;
    *part = shortened ? TruncateMiddle(*part, columns - needed) : "";
  }
}

}  // namespace

std::string RenderProgress(const Progress& progress, double rate, size_t width, uint64_t frame) {
  Parts parts = {.phase = Sanitise(progress.phase),
                 .item = Sanitise(progress.item),
                 .percentage = Percentage(progress),
                 .amount = Amount(progress),
                 .speed = rate > 0 ? FormatBytes(static_cast<uint64_t>(rate)) + "/s" : "",
                 .left = TimeLeft(progress, rate)};
  Shorten(&parts, width);
  const size_t beside = BesideBar(parts);
  if (beside + kBarMin > width) return Truncate(Join({parts.phase, parts.percentage}), width);
  const std::string bar = Bar(progress, std::min(kBarMax, width - beside), frame);
  return Join({parts.phase, parts.item, bar, parts.percentage, parts.amount, parts.speed, parts.left});
}

std::string ProgressLine(const Progress& progress, double rate) {
  const std::string amount = Amount(progress);
  std::string line = Sanitise(progress.phase);
  if (!progress.item.empty()) line += " " + Sanitise(progress.item);
  const std::string percentage = Percentage(progress);
  const std::string speed = rate > 0 ? FormatBytes(static_cast<uint64_t>(rate)) + "/s" : "";
  const char* separator = ": ";
  for (const std::string& part : {percentage.substr(std::min(percentage.find_first_not_of(' '), percentage.size())),
                                  amount, speed, TimeLeft(progress, rate)}) {
    if (part.empty()) continue;
    line += separator + part;
    separator = ", ";
  }
  return line;
}

double ProgressRate::Update(const Progress& progress, double now) {
  // What was here already says nothing about how fast the rest comes.
  const uint64_t earned = progress.done_bytes - std::min(progress.reused_bytes, progress.done_bytes);
  if (progress.phase != phase_ || earned < bytes_) {
    phase_ = progress.phase;
    measured_at_ = now;
    bytes_ = earned;
    rate_ = 0;
    return rate_;
  }
  if (now - measured_at_ < kRateSeconds) return rate_;
  double measured = static_cast<double>(earned - bytes_) / (now - measured_at_);
  rate_ = rate_ == 0 ? measured : kRateWeight * measured + (1 - kRateWeight) * rate_;
  measured_at_ = now;
  bytes_ = earned;
  return rate_;
}

ProgressBar::ProgressBar(std::ostream* out, std::function<double()> seconds, std::function<size_t()> width)
    : out_(out), seconds_(std::move(seconds)), width_(std::move(width)) {}

void ProgressBar::Update(const Progress& progress) {
  double now = seconds_();
  double rate = rate_.Update(progress, now);
  if (drawn_at_ >= 0 && now - drawn_at_ < kRedrawSeconds) return;
  drawn_at_ = now;
  Draw(waiting_.empty() ? RenderProgress(progress, rate, LineWidth(), frame_++) : Truncate(waiting_, LineWidth()));
}

void ProgressBar::Waits(const std::string& text) {
  waiting_ = Sanitise(text);
  if (!waiting_.empty()) Draw(Truncate(waiting_, LineWidth()));
}

// The last column stays free: some terminals wrap a line that fills it.
size_t ProgressBar::LineWidth() const { return std::max<size_t>(width_(), 2) - 1; }

void ProgressBar::Draw(const std::string& line) {
  *out_ << "\r" << line << "\x1b[K" << std::flush;
  visible_ = true;
}

void ProgressBar::Clear() {
  if (!visible_) return;
  *out_ << "\r\x1b[K" << std::flush;
  visible_ = false;
  drawn_at_ = -1;
}

ProgressLog::ProgressLog(std::ostream* out, std::function<double()> seconds)
    : out_(out), seconds_(std::move(seconds)) {}

void ProgressLog::Update(const Progress& progress) {
  double now = seconds_();
  double rate = rate_.Update(progress, now);
  if (next_at_ < 0) next_at_ = now + kFirstLineSeconds;
  if (now < next_at_) return;
  next_at_ = now + kLineSeconds;
  *out_ << ProgressLine(progress, rate) << std::endl;
}

}  // namespace plumb::cli
