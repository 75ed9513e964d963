#include "client/library/weight_judgement.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/containers/file_roles.h"

namespace plumb {
namespace {

// Names in one sentence.
constexpr size_t kNamesMax = 3;
// Octaves from the median, at least, and in robust standard deviations.
constexpr double kOctavesMin = 2;
constexpr double kDeviationsMin = 8;
// The median of absolute deviations times this is the standard deviation of a normal distribution.
constexpr double kNormalMad = 1.4826;

// `2 tensors hold NaN: a, b`.
std::string Sentence(const std::vector<std::string>& names, std::string_view one, std::string_view many) {
  std::vector<std::string> shown(names.begin(), names.begin() + std::min(names.size(), kNamesMax));
  std::string list = fmt::format("{}", fmt::join(shown, ", "));
  if (names.size() > kNamesMax) list += fmt::format(" and {} more", names.size() - kNamesMax);
  return names.size() == 1 ? fmt::format("tensor {} {}", list, one)
                           : fmt::format("{} tensors {}: {}", names.size(), many, list);
}

double Median(std::vector<double> values) {
  auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double RootMeanSquare(const TensorStatistics& statistics) { return std::hypot(statistics.mean, statistics.deviation); }

// Whether a name, whatever its case, has one of these parts.
template <size_t kCount>
bool Names(const std::string& name, const std::string_view (&parts)[kCount]) {
  std::string lower = name;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::any_of(std::begin(parts), std::end(parts),
                     [&](std::string_view part) { return lower.find(part) != lower.npos; });
}

// Where infinity has its place: what is masked, and bounds that bound nothing.
bool IsMaskOrBound(const std::string& name) {
  static constexpr std::string_view kParts[] = {"mask", "bound", "clip_m", "clip_val", "_min",  "_max",
                                                ".min", ".max",  "limit",  "causal",   "alibi", "threshold"};
  return Names(name, kParts);
}

// Where training begins with zeros, and where sizes say nothing: gains, offsets, the second factor of an adapter,
// gates, statistics and the state of optimizers.
bool StartsAtZero(const std::string& name) {
  static constexpr std::string_view kParts[] = {
      "norm",       "ln_",       "bias",     "lora_b",    "lora_up",    "lora_embedding_b",
      "zero_conv",  "zero_proj", "adaln",    "attn_gate", "gate_attn",  "gate_msa",
      "scale",      "shift",     "running_", "beta",      "gamma",      "offset",
      "token_type", "position",  "exp_avg",  "optimizer", "velocity",   "momentum",
      "modulation", "alpha",     "buffer",   "cache",     "controlnet_"};
  return Names(name, kParts);
}

// At least two dimensions that are more than one.
bool IsMatrix(const JudgedTensor& tensor) {
  return std::count_if(tensor.shape.begin(), tensor.shape.end(), [](uint64_t size) { return size > 1; }) > 1;
}

// As far as was looked.
bool IsZeros(const JudgedTensor& tensor) {
  return tensor.statistics.count > 1 && tensor.statistics.zeros == tensor.statistics.count;
}

bool HasBadInfinities(const JudgedTensor& tensor) {
  const TensorStatistics& statistics = tensor.statistics;
  if (statistics.infinities == 0 || IsMaskOrBound(tensor.name)) return false;
  if (statistics.finite_count() == 0) return IsMatrix(tensor);
  return statistics.min != statistics.max;
}

std::string Place(const JudgedTensor& tensor) { return fmt::format("{} in {}", tensor.name, tensor.file); }

// Tensors of one role and shape: those of all layers.
using Siblings = std::map<std::pair<std::string, std::vector<uint64_t>>, std::vector<const JudgedTensor*>>;

Siblings SiblingsOf(const std::vector<JudgedTensor>& tensors) {
  Siblings siblings;
  for (const JudgedTensor& tensor : tensors) {
    if (IsMatrix(tensor) && !IsTrainingState(tensor.file)) {
      siblings[{RoleOf(tensor.name), tensor.shape}].push_back(&tensor);
    }
  }
  return siblings;
}

std::vector<std::string> Zeros(const std::vector<JudgedTensor>& tensors, const Siblings& siblings) {
  const bool nothing_else = std::all_of(tensors.begin(), tensors.end(), IsZeros);
  std::vector<std::string> zeros;
  for (const JudgedTensor& tensor : tensors) {
    auto found = siblings.find({RoleOf(tensor.name), tensor.shape});
    if (tensor.sampled || !IsZeros(tensor) || found == siblings.end()) continue;
    const auto& others = found->second;
    const bool has_layers = std::any_of(others.begin(), others.end(),
                                        [&](const JudgedTensor* other) { return other->name != tensor.name; });
    const bool everywhere = has_layers && std::all_of(others.begin(), others.end(),
                                                      [](const JudgedTensor* other) { return IsZeros(*other); });
    if (nothing_else || (!everywhere && !StartsAtZero(tensor.name))) zeros.push_back(Place(tensor));
  }
  return zeros;
}

// One layer's matrix in another's place. The same matrix under two names is tied, and one in all layers is a constant.
std::vector<std::string> Twins(const Siblings& siblings) {
  std::vector<std::string> twins;
  for (const auto& [role, tensors] : siblings) {
    std::map<size_t, std::vector<const JudgedTensor*>> same;
    for (const JudgedTensor* tensor : tensors) {
      if (tensor->content != 0 && tensor->statistics.deviation > 0) same[tensor->content].push_back(tensor);
    }
    for (const auto& [content, equal] : same) {
      std::set<std::string> names;
      for (const JudgedTensor* tensor : equal) names.insert(tensor->name);
      // The same model twice, in two files, is no news.
      if (names.size() < 2 || equal.size() == tensors.size()) continue;
      twins.push_back(fmt::format("{} = {}", *names.begin(), *std::next(names.begin())));
    }
  }
  return twins;
}

std::vector<std::string> Outliers(const Siblings& siblings) {
  std::vector<std::string> outliers;
  for (const auto& [role, tensors] : siblings) {
    std::vector<std::pair<double, const JudgedTensor*>> sizes;
    for (const JudgedTensor* tensor : tensors) {
      const double size = RootMeanSquare(tensor->statistics);
      // Zeros have a warning of their own.
      if (size > 0 && std::isfinite(size) && !StartsAtZero(tensor->name)) sizes.emplace_back(std::log2(size), tensor);
    }
    if (sizes.size() < kSiblingsMin) continue;
    std::vector<double> octaves;
    for (const auto& [size, tensor] : sizes) octaves.push_back(size);
    const double median = Median(octaves);
    for (double& value : octaves) value = std::abs(value - median);
    const double limit = std::max(kOctavesMin, kDeviationsMin * kNormalMad * Median(octaves));
    for (const auto& [size, tensor] : sizes) {
      if (std::abs(size - median) <= limit) continue;
      outliers.push_back(fmt::format("{} ({:.2g} times the usual size)", Place(*tensor), std::exp2(size - median)));
    }
  }
  return outliers;
}

void AddIf(const std::vector<std::string>& names, std::string_view one, std::string_view many,
           std::vector<std::string>* warnings) {
  if (!names.empty()) warnings->push_back(Sentence(names, one, many));
}

}  // namespace

std::string RoleOf(const std::string& name) {
  std::string role;
  for (size_t at = 0; at < name.size();) {
    size_t end = std::min(name.find('.', at), name.size());
    std::string_view part = std::string_view(name).substr(at, end - at);
    bool number = !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    role.append(number ? "*" : part);
    if (end < name.size()) role += '.';
    at = end + 1;
  }
  return role;
}

std::vector<std::string> JudgeWeights(const std::vector<JudgedTensor>& tensors) {
  std::vector<std::string> nans;
  std::vector<std::string> infinities;
  std::vector<std::string> bad_blocks;
  for (const JudgedTensor& tensor : tensors) {
    if (tensor.statistics.nans > 0) nans.push_back(Place(tensor));
    if (HasBadInfinities(tensor)) infinities.push_back(Place(tensor));
    if (tensor.bad_blocks > 0) bad_blocks.push_back(Place(tensor));
  }
  const Siblings siblings = SiblingsOf(tensors);
  std::vector<std::string> warnings;
  AddIf(nans, "holds NaN", "hold NaN", &warnings);
  AddIf(infinities, "holds Inf", "hold Inf", &warnings);
  AddIf(bad_blocks, "has blocks whose scale is NaN or Inf", "have blocks whose scale is NaN or Inf", &warnings);
  AddIf(Zeros(tensors, siblings), "is all zeros", "are all zeros", &warnings);
  std::vector<std::string> twins = Twins(siblings);
  if (!twins.empty()) {
    std::string more = twins.size() > kNamesMax ? fmt::format(" and {} more", twins.size() - kNamesMax) : "";
    twins.resize(std::min(twins.size(), kNamesMax));
    warnings.push_back(fmt::format("layers with the same bytes: {}{}", fmt::join(twins, ", "), more));
  }
  AddIf(Outliers(siblings), "is far from its siblings in other layers", "are far from their siblings in other layers",
        &warnings);
  return warnings;
}

}  // namespace plumb
