#include "verify/inference/check/weight_survey.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr size_t kSiblingsMin = 4;
constexpr size_t kWarningsMax = 10;
// A robust z-score of more than this, and a factor of more than that, both: layers of one model differ by less.
constexpr double kScoreMax = 8;
constexpr double kFactorMax = 4;
// So many zeros more than the siblings have are a part that was never written.
constexpr double kZerosMax = 0.0005;

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// `h.*.mlp.weight` of `h.3.mlp.weight`.
std::string RoleOf(std::string_view name) {
  std::string role;
  while (true) {
    const size_t dot = name.find('.');
    const std::string_view part = name.substr(0, dot);
    role += IsDigits(part) ? "*" : part;
    if (dot == std::string_view::npos) return role;
    role += '.';
    name.remove_prefix(dot + 1);
  }
}

double Median(std::vector<double> values) {
  auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Sibling {
  const std::string* name;
  const WeightStatistics* statistics;
};

// Warns of members whose `measure` (positive, compared by factors) is far from the median.
template <typename MeasureOf>
void JudgeFactor(const std::vector<Sibling>& siblings, std::string_view what, MeasureOf measure,
                 std::vector<std::string>& warnings) {
  constexpr double kTiny = 1e-30;
  std::vector<double> logs;
  for (const Sibling& sibling : siblings) logs.push_back(std::log(std::max(measure(*sibling.statistics), kTiny)));
  const double middle = Median(logs);
  std::vector<double> distances;
  for (double value : logs) distances.push_back(std::abs(value - middle));
  const double spread = 1.4826 * Median(distances);
  for (size_t i = 0; i < siblings.size(); ++i) {
    if (distances[i] <= std::log(kFactorMax) || distances[i] <= kScoreMax * spread) continue;
    warnings.push_back(fmt::format("\"{}\": {} is {:.3g}, the other layers have about {:.3g}", *siblings[i].name, what,
                                   measure(*siblings[i].statistics), std::exp(middle)));
  }
}

void JudgeZeros(const std::vector<Sibling>& siblings, std::vector<std::string>& warnings) {
  std::vector<double> zeros;
  for (const Sibling& sibling : siblings) zeros.push_back(sibling.statistics->zeros);
  const double middle = Median(zeros);
  for (const Sibling& sibling : siblings) {
    if (sibling.statistics->zeros <= 2 * middle + kZerosMax) continue;
    warnings.push_back(fmt::format("\"{}\": {:.3g} % of the elements are 0, of the other layers' about {:.3g} %",
                                   *sibling.name, 100 * sibling.statistics->zeros, 100 * middle));
  }
}

// Of bfloat16, widened block by block.
WeightStatistics StatisticsOfHalves(const TensorView& halves) {
  constexpr uint64_t kBlock = 1 << 16;
  WeightStatistics result;
  double squared = 0;
  std::vector<float> values(std::min(kBlock, halves.count()));
  for (uint64_t first = 0; first < halves.count(); first += kBlock) {
    values.resize(std::min(kBlock, halves.count() - first));
    for (size_t i = 0; i < values.size(); ++i) {
      const uint8_t* at = &halves.bytes[2 * (first + i)];
      const uint32_t bits = (uint32_t{at[1]} << 24) | (uint32_t{at[0]} << 16);
      std::memcpy(&values[i], &bits, sizeof(bits));
    }
    const WeightStatistics block = StatisticsOfWeights(values);
    const double share = static_cast<double>(values.size()) / static_cast<double>(halves.count());
    result.mean += share * block.mean;
    squared += share * (block.deviation * block.deviation + block.mean * block.mean);
    result.absmax = std::max(result.absmax, block.absmax);
    result.zeros += share * block.zeros;
  }
  result.deviation = std::sqrt(std::max(squared - result.mean * result.mean, 0.0));
  return result;
}

}  // namespace

WeightStatistics StatisticsOfWeights(std::span<const float> values) {
  // Lanes that do not wait for each other: every weight of a model passes through here.
  constexpr size_t kLanes = 8;
  double sum[kLanes] = {};
  double squares[kLanes] = {};
  float most[kLanes] = {};
  uint64_t zeros[kLanes] = {};
  auto take = [&](size_t lane, float value) {
    sum[lane] += value;
    squares[lane] += double{value} * value;
    most[lane] = std::max(most[lane], std::abs(value));
    zeros[lane] += value == 0 ? 1 : 0;
  };
  WeightStatistics result;
  if (values.empty()) return result;
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) take(lane, values[i + lane]);
  }
  for (; i < values.size(); ++i) take(0, values[i]);
  const auto count = static_cast<double>(values.size());
  double squared = 0;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    result.mean += sum[lane] / count;
    squared += squares[lane] / count;
    result.absmax = std::max<double>(result.absmax, most[lane]);
    result.zeros += static_cast<double>(zeros[lane]) / count;
  }
  result.deviation = std::sqrt(std::max(squared - result.mean * result.mean, 0.0));
  return result;
}

bool WeightSurvey::Known(const std::string& name) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return statistics_.contains(name);
}

void WeightSurvey::Keep(const std::string& name, std::span<const float> values) const {
  if (Known(name)) return;
  const WeightStatistics found = StatisticsOfWeights(values);
  std::lock_guard<std::mutex> lock(mutex_);
  statistics_.emplace(name, found);
}

absl::Status WeightSurvey::Load(const std::string& name, std::span<float> out) const {
  PLUMB_RETURN_IF_ERROR(Await(name));
  PLUMB_RETURN_IF_ERROR(source_.Load(name, out));
  Keep(name, out);
  return absl::OkStatus();
}

absl::Status WeightSurvey::Check(const std::string& name) const {
  PLUMB_RETURN_IF_ERROR(Await(name));
  PLUMB_RETURN_IF_ERROR(source_.Check(name));
  if (const TensorView view = source_.View(name, ElementType::kF32); !view.bytes.empty()) {
    Keep(name, view.As<float>());
  } else if (const TensorView half = source_.View(name, ElementType::kBF16); !half.bytes.empty() && !Known(name)) {
    const WeightStatistics found = StatisticsOfHalves(half);
    std::lock_guard<std::mutex> lock(mutex_);
    statistics_.emplace(name, found);
  }
  return absl::OkStatus();
}

absl::Status WeightSurvey::LoadPart(const std::string& name, uint64_t first, std::span<float> out) const {
  PLUMB_RETURN_IF_ERROR(Await(name));
  return source_.LoadPart(name, first, out);
}

std::map<std::string, WeightStatistics> WeightSurvey::statistics() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return statistics_;
}

std::vector<std::string> SiblingWarnings(const std::map<std::string, WeightStatistics>& statistics) {
  std::map<std::string, std::vector<Sibling>> roles;
  for (const auto& [name, found] : statistics) roles[RoleOf(name)].push_back({&name, &found});
  std::vector<std::string> warnings;
  for (const auto& [role, siblings] : roles) {
    if (siblings.size() < kSiblingsMin) continue;
    JudgeFactor(
        siblings, "standard deviation", [](const WeightStatistics& s) { return s.deviation; }, warnings);
    JudgeFactor(
        siblings, "largest element", [](const WeightStatistics& s) { return s.absmax; }, warnings);
    JudgeZeros(siblings, warnings);
  }
  if (warnings.size() > kWarningsMax) {
    const size_t more = warnings.size() - kWarningsMax;
    warnings.resize(kWarningsMax);
    warnings.push_back(fmt::format("and {} more tensors unlike those of other layers", more));
  }
  return warnings;
}

}  // namespace plumb
