#include "plumb/inference/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Times the tolerated noise that a margin must exceed before a flip counts.
constexpr double kMarginFactor = 4;

bool Broken(float expected, float actual) {
  if (std::isnan(expected) || std::isnan(actual)) return true;
  return (std::isinf(expected) || std::isinf(actual)) && expected != actual;
}

double LogSumExp(std::span<const float> logits) {
  const double most = *std::max_element(logits.begin(), logits.end());
  if (std::isinf(most)) return most;
  double sum = 0;
  for (float logit : logits) sum += std::exp(logit - most);
  return most + std::log(sum);
}

// Of one position without broken elements. Rounding can make the sum a hair negative; a divergence is not.
double KlDivergence(std::span<const float> expected, std::span<const float> actual) {
  const double expected_norm = LogSumExp(expected);
  const double actual_norm = LogSumExp(actual);
  double sum = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double log_p = expected[i] - expected_norm;
    if (std::isinf(log_p)) continue;  // A share of zero on both sides.
    sum += std::exp(log_p) * (log_p - (actual[i] - actual_norm));
  }
  return std::isnan(sum) ? kInfinity : std::max(sum, 0.0);
}

size_t Largest(std::span<const float> logits) {
  return static_cast<size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

// The largest logit less the next.
double Margin(std::span<const float> logits, size_t largest) {
  double next = -kInfinity;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (i != largest) next = std::max<double>(next, logits[i]);
  }
  return logits[largest] - next;
}

double NmseLimit(const Comparison& comparison, const Thresholds& thresholds) {
  return std::max(thresholds.nmse_max, comparison.nmse_floor);
}

}  // namespace

double NmseFloor(double largest, double signal, size_t count) {
  const double unit = kFloorUnits * 0x1p-24 * largest;
  return signal > 0 ? unit * unit * static_cast<double>(count) / signal : 0;
}

Comparison WorseOf(const Comparison& a, const Comparison& b) {
  Comparison worse = a;
  worse.nmse = std::max(a.nmse, b.nmse);
  worse.nmse_floor = std::max(a.nmse_floor, b.nmse_floor);
  worse.max_kl = std::max(a.max_kl, b.max_kl);
  worse.mean_kl = std::max(a.mean_kl, b.mean_kl);
  worse.top1_agreement = std::min(a.top1_agreement, b.top1_agreement);
  worse.max_delta = std::max(a.max_delta, b.max_delta);
  worse.positions += b.positions;
  worse.decided_flips += b.decided_flips;
  worse.broken += b.broken;
  worse.integers += b.integers;
  worse.differing += b.differing;
  return worse;
}

std::string_view TierName(Tier tier) { return tier == Tier::kF32 ? "f32" : "16-bit"; }

Thresholds ThresholdsFor(Tier tier, uint64_t layers) {
  if (tier == Tier::kF32) return {.nmse_max = 1e-9, .max_kl_max = 1e-6, .mean_kl_max = 1e-6, .top1_min = 0};
  const double nmse = std::clamp(1e-5 * static_cast<double>(layers), 1e-4, 1e-3);
  return {.nmse_max = nmse, .max_kl_max = kInfinity, .mean_kl_max = 1e-2, .top1_min = 0.98};
}

absl::StatusOr<Comparison> CompareLogits(std::span<const float> expected, std::span<const float> actual,
                                         uint64_t vocabulary, const Thresholds& thresholds) {
  if (expected.empty() || expected.size() != actual.size() || vocabulary == 0 || expected.size() % vocabulary != 0) {
    return InvalidArgument(fmt::format("cannot compare {} logits with {} expected ones of {} tokens each",
                                       actual.size(), expected.size(), vocabulary));
  }
  Comparison result;
  double signal = 0;
  double noise = 0;
  double most = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (Broken(expected[i], actual[i])) ++result.broken;
    if (!std::isfinite(expected[i]) || !std::isfinite(actual[i])) continue;
    const double delta = double{expected[i]} - actual[i];
    signal += double{expected[i]} * expected[i];
    noise += delta * delta;
    most = std::max(most, std::abs(double{expected[i]}));
    result.max_delta = std::max(result.max_delta, std::abs(delta));
  }
  result.nmse = noise == 0 ? 0 : noise / signal;
  result.nmse_floor = NmseFloor(most, signal, expected.size());
  result.positions = expected.size() / vocabulary;
  const double tolerated = std::sqrt(thresholds.nmse_max * signal / static_cast<double>(expected.size()));
  uint64_t flips = 0;
  for (uint64_t position = 0; position < result.positions; ++position) {
    std::span<const float> wanted = expected.subspan(position * vocabulary, vocabulary);
    std::span<const float> got = actual.subspan(position * vocabulary, vocabulary);
    const size_t largest = Largest(wanted);
    if (Largest(got) != largest) {
      ++flips;
      if (Margin(wanted, largest) > kMarginFactor * tolerated) ++result.decided_flips;
    }
    const double kl = result.broken == 0 ? KlDivergence(wanted, got) : kInfinity;
    result.max_kl = std::max(result.max_kl, kl);
    result.mean_kl += kl / static_cast<double>(result.positions);
  }
  result.top1_agreement = 1 - static_cast<double>(flips) / static_cast<double>(result.positions);
  if (result.broken > 0) result.nmse = kInfinity;
  return result;
}

std::vector<Measure> MeasuresOf(const Comparison& comparison, const Thresholds& thresholds) {
  std::vector<Measure> measures = {{"broken", static_cast<double>(comparison.broken), 0},
                                   {"nmse", comparison.nmse, NmseLimit(comparison, thresholds)}};
  if (std::isfinite(thresholds.max_kl_max)) measures.push_back({"max_kl", comparison.max_kl, thresholds.max_kl_max});
  measures.push_back({"mean_kl", comparison.mean_kl, thresholds.mean_kl_max});
  measures.push_back({"top1_agreement", comparison.top1_agreement, thresholds.top1_min, true});
  measures.push_back({"decided_flips", static_cast<double>(comparison.decided_flips), 0});
  if (comparison.integers > 0) {
    measures.push_back(
        {"differing", static_cast<double>(comparison.differing), static_cast<double>(thresholds.differing_max)});
  }
  return measures;
}

std::string JudgeComparison(const Comparison& comparison, const Thresholds& thresholds) {
  std::vector<std::string> broken;
  auto check = [&](bool holds, std::string text) {
    if (!holds) broken.push_back(std::move(text));
  };
  check(comparison.broken == 0, fmt::format("{} logits are NaN or infinite", comparison.broken));
  check(comparison.differing <= thresholds.differing_max,
        fmt::format("{} of {} integers differ, {} may", comparison.differing, comparison.integers,
                    thresholds.differing_max));
  // Written so that NaN breaks the limit.
  const double nmse_max = NmseLimit(comparison, thresholds);
  check(comparison.nmse <= nmse_max, fmt::format("NMSE is {:.3g}, limit {:.3g}", comparison.nmse, nmse_max));
  check(comparison.max_kl <= thresholds.max_kl_max,
        fmt::format("largest KL divergence is {:.3g}, limit {:.3g}", comparison.max_kl, thresholds.max_kl_max));
  check(comparison.mean_kl <= thresholds.mean_kl_max,
        fmt::format("mean KL divergence is {:.3g}, limit {:.3g}", comparison.mean_kl, thresholds.mean_kl_max));
  check(
      comparison.top1_agreement >= thresholds.top1_min,
      fmt::format("top-1 agreement is {:.4f}, at least {:.4f} needed", comparison.top1_agreement, thresholds.top1_min));
  check(comparison.decided_flips == 0,
        fmt::format("the most likely token differs at {} of {} positions where it is decided", comparison.decided_flips,
                    comparison.positions));
  return fmt::format("{}", fmt::join(broken, "; "));
}

}  // namespace plumb
