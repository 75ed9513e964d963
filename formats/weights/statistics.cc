#include "plumb/weights/statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "formats/weights/value_survey.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr size_t kPieceElements = 64u << 10;

}  // namespace

double TensorStatistics::absmax() const { return std::max(std::abs(min), std::abs(max)); }

void StatisticsSum::Add(std::span<const float> values) {
  AddBytes(DType::kF32, {reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()});
}

bool StatisticsSum::TakesBytes(DType dtype) { return survey::IsSurveyed(dtype); }

void StatisticsSum::AddBytes(DType dtype, std::span<const uint8_t> bytes) {
  const size_t block_bytes = survey::kBlockElements * BlockOf(dtype).bytes;
  for (size_t at = 0; at < bytes.size(); at += block_bytes) {
    const std::span<const uint8_t> block = bytes.subspan(at, std::min(block_bytes, bytes.size() - at));
    const survey::BlockFigures figures = survey::SurveyBlock(survey::BestKernel(), dtype, block);
    counts_.zeros += figures.zeros;
    counts_.nans += figures.nans;
    counts_.infinities += figures.infinities;
    counts_.count += figures.nans + figures.infinities;
    if (figures.finite == 0) continue;
    const bool first = counts_.finite_count() == 0;
    counts_.min = first ? figures.min : std::min(counts_.min, figures.min);
    counts_.max = first ? figures.max : std::max(counts_.max, figures.max);
    MergeMoments(figures.finite, figures.mean, figures.squares);
    counts_.count += figures.finite;
  }
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
