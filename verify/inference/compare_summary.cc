#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/inference/compare.h"

namespace plumb {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr uint64_t kKept = 32;
constexpr double kMarginFactor = 4;

// log(sum(exp(x))) of numbers that are added one by one. Not thread-safe.
class LogSum {
 public:
  // REQUIRES: no number added is larger than `most`.
  explicit LogSum(double most) : most_(most) {}
  void Add(double value) { sum_ += std::exp(value - most_); }
  double value() const { return sum_ > 0 ? most_ + std::log(sum_) : -kInfinity; }

 private:
  double most_;
  double sum_ = 0;
};

// One position of logits, summed up: the tokens in `ids` and the others apart.
struct Row {
  double log_sum_exp = 0;
  double tail = 0;
  size_t largest = 0;
};

// Log-sum-exps are taken from each part's own maximum, so that a small tail beside large logits keeps its digits.
Row SumUp(std::span<const float> logits, std::span<const int32_t> ids) {
  Row row;
  row.largest = static_cast<size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  std::vector<int32_t> sorted(ids.begin(), ids.end());
  std::sort(sorted.begin(), sorted.end());
  double tail_most = -kInfinity;
  auto next = sorted.begin();
  auto each_other = [&](auto visit) {
    next = sorted.begin();
    for (size_t i = 0; i < logits.size(); ++i) {
      if (next != sorted.end() && static_cast<size_t>(*next) == i) {
        ++next;
      } else {
        visit(logits[i]);
      }
    }
  };
  each_other([&](float value) { tail_most = std::max<double>(tail_most, value); });
  LogSum tail(tail_most);
  if (std::isfinite(tail_most)) each_other([&](float value) { tail.Add(value); });
  row.tail = tail.value();
  LogSum all(logits[row.largest]);
  for (int32_t id : ids) all.Add(logits[static_cast<size_t>(id)]);
  if (std::isfinite(row.tail)) all.Add(row.tail);
  row.log_sum_exp = all.value();
  return row;
}

// KL divergence of one position between shares of the kept tokens and of all others together.
double Divergence(const LogitSummary& expected, uint64_t position, std::span<const float> actual, const Row& row) {
  double sum = 0;
  for (uint64_t i = 0; i < expected.kept; ++i) {
    const size_t at = position * expected.kept + i;
    const double log_p = expected.values[at] - expected.log_sum_exp[position];
    const double log_q = actual[static_cast<size_t>(expected.ids[at])] - row.log_sum_exp;
    sum += std::exp(log_p) * (log_p - log_q);
  }
  if (const double tail = expected.tail[position]; std::isfinite(tail)) {
    const double log_p = tail - expected.log_sum_exp[position];
    sum += std::exp(log_p) * (log_p - (row.tail - row.log_sum_exp));
  }
  return std::isnan(sum) ? kInfinity : std::max(sum, 0.0);
}

// Sums of squares over many numbers.
struct Squares {
  double signal = 0;
  double noise = 0;
  double max_delta = 0;
  double most = 0;
  uint64_t count = 0;

  void Add(double expected, double actual) {
    const double delta = expected - actual;
    signal += expected * expected;
    noise += delta * delta;
    max_delta = std::max(max_delta, std::abs(delta));
    most = std::max(most, std::abs(expected));
    ++count;
  }
  double nmse() const { return noise == 0 ? 0 : noise / signal; }
};

absl::Status CheckSizes(const LogitSummary& expected, size_t actual, uint64_t vocabulary) {
  if (expected.positions > 0 && actual / vocabulary == expected.positions && actual % vocabulary == 0) {
    return absl::OkStatus();
  }
  return InvalidArgument(fmt::format("cannot compare {} logits with {} positions of {} tokens each", actual,
                                     expected.positions, vocabulary));
}

}  // namespace

LogitSummary SummarizeLogits(std::span<const float> logits, std::span<const int32_t> ids, uint64_t sequences,
                             uint64_t vocabulary) {
  LogitSummary summary = {.positions = ids.size(), .kept = std::min(vocabulary, kKept)};
  std::vector<int32_t> order(vocabulary);
  for (uint64_t position = 0; position < summary.positions; ++position) {
    const std::span<const float> here = logits.subspan(position * vocabulary, vocabulary);
    std::iota(order.begin(), order.end(), 0);
    auto larger = [&](int32_t a, int32_t b) { return here[a] != here[b] ? here[a] > here[b] : a < b; };
    std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(summary.kept), order.end(), larger);
    const std::span<const int32_t> best(order.data(), summary.kept);
    const Row row = SumUp(here, best);
    for (int32_t id : best) {
      summary.ids.push_back(id);
      summary.values.push_back(here[id]);
    }
    summary.log_sum_exp.push_back(row.log_sum_exp);
    summary.tail.push_back(row.tail);
  }
  summary.nll = SequenceNll(logits, ids, sequences, vocabulary);
  return summary;
}

std::vector<double> SequenceNll(std::span<const float> logits, std::span<const int32_t> ids, uint64_t sequences,
                                uint64_t vocabulary) {
  std::vector<double> result(sequences, 0.0);
  const uint64_t length = ids.size() / sequences;
  if (length < 2) return result;
  for (uint64_t position = 0; position < ids.size(); ++position) {
    if (position % length == length - 1) continue;
    const std::span<const float> here = logits.subspan(position * vocabulary, vocabulary);
    const double most = *std::max_element(here.begin(), here.end());
    LogSum sum(most);
    for (float value : here) sum.Add(value);
    const double next = here[static_cast<size_t>(ids[position + 1])];
    result[position / length] += (sum.value() - next) / static_cast<double>(length - 1);
  }
  return result;
}

absl::StatusOr<Comparison> CompareWithSummary(const LogitSummary& expected, std::span<const float> actual,
                                              uint64_t vocabulary, const Thresholds& thresholds) {
  PLUMB_RETURN_IF_ERROR(CheckSizes(expected, actual.size(), vocabulary));
  Comparison result = {.positions = expected.positions};
  for (float value : actual) result.broken += std::isfinite(value) ? 0 : 1;
  if (result.broken > 0) {
    result.nmse = result.max_kl = result.mean_kl = kInfinity;
    result.top1_agreement = 0;
    return result;
  }
  Squares squares;
  std::vector<Row> rows;
  for (uint64_t position = 0; position < expected.positions; ++position) {
    const std::span<const float> got = actual.subspan(position * vocabulary, vocabulary);
    const std::span<const int32_t> ids(&expected.ids[position * expected.kept], expected.kept);
    rows.push_back(SumUp(got, ids));
    for (uint64_t i = 0; i < expected.kept; ++i) {
      squares.Add(expected.values[position * expected.kept + i], got[static_cast<size_t>(ids[i])]);
    }
    if (std::isfinite(expected.tail[position])) squares.Add(expected.tail[position], rows.back().tail);
  }
  result.nmse = squares.nmse();
  result.nmse_floor = NmseFloor(squares.most, squares.signal, squares.count);
  result.max_delta = squares.max_delta;
  const double tolerated = std::sqrt(thresholds.nmse_max * squares.signal / static_cast<double>(squares.count));
  uint64_t flips = 0;
  for (uint64_t position = 0; position < expected.positions; ++position) {
    const size_t first = position * expected.kept;
    if (rows[position].largest != static_cast<size_t>(expected.ids[first])) {
      ++flips;
      const double next = expected.kept > 1 ? expected.values[first + 1] : -kInfinity;
      if (expected.values[first] - next > kMarginFactor * tolerated) ++result.decided_flips;
    }
    const double kl = Divergence(expected, position, actual.subspan(position * vocabulary, vocabulary), rows[position]);
    result.max_kl = std::max(result.max_kl, kl);
    result.mean_kl += kl / static_cast<double>(expected.positions);
  }
  result.top1_agreement = 1 - static_cast<double>(flips) / static_cast<double>(expected.positions);
  return result;
}

absl::StatusOr<Comparison> CompareFeatures(std::span<const float> expected, std::span<const float> actual) {
  if (expected.empty() || expected.size() != actual.size()) {
    return InvalidArgument(fmt::format("cannot compare {} numbers with {}", actual.size(), expected.size()));
  }
  Comparison result;
  Squares squares;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == actual[i] && std::isinf(expected[i])) continue;
    if (!std::isfinite(expected[i]) || !std::isfinite(actual[i])) {
      ++result.broken;
    } else {
      squares.Add(expected[i], actual[i]);
    }
  }
  result.nmse = result.broken > 0 ? kInfinity : squares.nmse();
  result.nmse_floor = NmseFloor(squares.most, squares.signal, squares.count);
  result.max_delta = squares.max_delta;
  return result;
}

}  // namespace plumb
