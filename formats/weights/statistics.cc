#include "plumb/weights/statistics.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr size_t kPieceElements = 64u << 10;
// Values that are looked at several times while they are in the nearest cache.
constexpr size_t kBlock = 4096;
// Sums that run side by side, for the compiler to vectorise.
constexpr size_t kLanes = 16;

constexpr uint32_t kMagnitude = 0x7fffffff;
constexpr uint32_t kInfinity = 0x7f800000;

struct BitCounts {
  uint32_t largest = 0;  // Magnitude, as bits: at least kInfinity when not all are finite.
  uint32_t zeros = 0;
};

BitCounts CountBits(std::span<const float> values) {
  BitCounts counts;
  for (float value : values) {
    uint32_t magnitude = std::bit_cast<uint32_t>(value) & kMagnitude;
    counts.largest = std::max(counts.largest, magnitude);
    counts.zeros += magnitude == 0 ? 1 : 0;
  }
  return counts;
}

struct Extremes {
  float min;
  float max;
};

Extremes ExtremesOf(std::span<const float> values) {
  Extremes extremes{values[0], values[0]};
  for (float value : values) {
    extremes.min = value < extremes.min ? value : extremes.min;
    extremes.max = value > extremes.max ? value : extremes.max;
  }
  return extremes;
}

// The sum of f over values.
template <typename F>
double SumOf(std::span<const float> values, F f) {
  std::array<double, kLanes> lanes{};
  size_t whole = values.size() / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += f(static_cast<double>(values[i + lane]));
  }
  for (size_t i = whole; i < values.size(); ++i) lanes[i - whole] += f(static_cast<double>(values[i]));
  double sum = 0;
  for (double lane : lanes) sum += lane;
  return sum;
}

}  // namespace

double TensorStatistics::absmax() const { return std::max(std::abs(min), std::abs(max)); }

void StatisticsSum::Add(std::span<const float> values) {
  for (size_t first = 0; first < values.size(); first += kBlock) {
    std::span<const float> block = values.subspan(first, std::min(kBlock, values.size() - first));
    BitCounts counts = CountBits(block);
    counts_.zeros += counts.zeros;
    if (counts.largest < kInfinity) {
      AddFinite(block);
      continue;
    }
    std::vector<float> finite;
    for (float value : block) {
      if (std::isnan(value)) {
        ++counts_.nans;
      } else if (std::isinf(value)) {
        ++counts_.infinities;
      } else {
        finite.push_back(value);
      }
    }
    counts_.count += block.size() - finite.size();
    if (!finite.empty()) AddFinite(finite);
  }
}

void StatisticsSum::AddFinite(std::span<const float> values) {
  Extremes extremes = ExtremesOf(values);
  bool first = counts_.finite_count() == 0;
  counts_.min = first ? extremes.min : std::min<double>(counts_.min, extremes.min);
  counts_.max = first ? extremes.max : std::max<double>(counts_.max, extremes.max);
  double mean = SumOf(values, [](double value) { return value; }) / static_cast<double>(values.size());
  double squares = SumOf(values, [mean](double value) { return (value - mean) * (value - mean); });
  MergeMoments(values.size(), mean, squares);
  counts_.count += values.size();
}

// Chan's formula for the moments of two sets.
void StatisticsSum::MergeMoments(uint64_t count, double mean, double squares) {
  double here = static_cast<double>(counts_.finite_count());
  double there = static_cast<double>(count);
  double delta = mean - mean_;
  mean_ += delta * there / (here + there);
  squares_ += squares + delta * delta * here * there / (here + there);
}

void StatisticsSum::Merge(const StatisticsSum& other) {
  if (other.counts_.finite_count() > 0) {
    bool first = counts_.finite_count() == 0;
    counts_.min = first ? other.counts_.min : std::min(counts_.min, other.counts_.min);
    counts_.max = first ? other.counts_.max : std::max(counts_.max, other.counts_.max);
    MergeMoments(other.counts_.finite_count(), other.mean_, other.squares_);
  }
  counts_.count += other.counts_.count;
  counts_.zeros += other.counts_.zeros;
  counts_.nans += other.counts_.nans;
  counts_.infinities += other.counts_.infinities;
}

TensorStatistics StatisticsSum::Result() const {
  TensorStatistics result = counts_;
  result.mean = mean_;
  if (result.finite_count() > 0) result.deviation = std::sqrt(squares_ / static_cast<double>(result.finite_count()));
  return result;
}

absl::StatusOr<TensorStatistics> StatisticsOf(const TensorSource& source, const SourceTensor& tensor,
                                              const std::function<absl::Status(uint64_t elements)>& check) {
  StatisticsSum sum;
  uint64_t bad_blocks = 0;
  const uint64_t count = tensor.element_count();
  std::vector<float> piece(std::min<uint64_t>(kPieceElements, count));
  for (uint64_t first = 0; first < count; first += piece.size()) {
    std::span<float> part = std::span(piece).first(std::min<uint64_t>(piece.size(), count - first));
    PLUMB_RETURN_IF_ERROR(source.ReadF32(tensor, first, part));
    sum.Add(part);
    PLUMB_ASSIGN_OR_RETURN(const uint64_t bad, source.CountBadBlocks(tensor, first, part.size()));
    bad_blocks += bad;
    if (check) PLUMB_RETURN_IF_ERROR(check(part.size()));
  }
  TensorStatistics result = sum.Result();
  result.bad_blocks = bad_blocks;
  return result;
}

}  // namespace plumb
