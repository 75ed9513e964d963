#include "client/library/weight_watch.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/gguf/dequantise.h"
#include "plumb/weights/weight_set.h"

namespace plumb {
namespace {

// Elements decoded at a time.
constexpr uint64_t kPieceElements = 16u << 10;
// Names in one sentence.
constexpr size_t kNamesMax = 3;
// Octaves from the median, at least, and in robust standard deviations.
constexpr double kOctavesMin = 2;
constexpr double kDeviationsMin = 8;
// The median of absolute deviations times this is the standard deviation of a normal distribution.
constexpr double kNormalMad = 1.4826;

bool IsWatched(DType dtype) {
  return dtype == DType::kF16 || dtype == DType::kBF16 || dtype == DType::kF32 || dtype == DType::kF64 ||
         IsGgmlBlockDType(dtype);
}

// `2 tensors hold NaN: a, b`.
std::string Sentence(const std::vector<std::string>& names, std::string_view one, std::string_view many) {
  std::vector<std::string> shown(names.begin(), names.begin() + std::min(names.size(), kNamesMax));
  std::string list = fmt::format("{}", fmt::join(shown, ", "));
  if (names.size() > kNamesMax) list += fmt::format(" and {} more", names.size() - kNamesMax);
  return names.size() == 1 ? fmt::format("tensor {} {}", list, one)
                           : fmt::format("{} tensors {}: {}", names.size(), many, list);
}

// Whole big-endian elements or blocks, turned round.
std::vector<uint8_t> LittleEndian(DType dtype, std::span<const uint8_t> bytes) {
  std::vector<uint8_t> turned(bytes.begin(), bytes.end());
  if (IsGgmlBlockDType(dtype)) {
    gguf::SwapBlocks(dtype, turned);
    return turned;
  }
  const auto unit = static_cast<std::ptrdiff_t>(BlockOf(dtype).bytes);
  for (auto at = turned.begin(); at != turned.end(); at += unit) std::reverse(at, at + unit);
  return turned;
}

double Median(std::vector<double> values) {
  auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double RootMeanSquare(const TensorStatistics& statistics) { return std::hypot(statistics.mean, statistics.deviation); }

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

void WeightWatch::Begin(const std::string& path, std::span<const v1::Tensor> tensors,
                        const std::set<std::string>& big_endian) {
  file_begin_ = watched_.size();
  uint64_t end = 0;
  for (const v1::Tensor& tensor : tensors) {
    std::optional<DType> dtype = ParseDType(tensor.dtype());
    // Of tensors that share bytes the first is looked at.
    if (!dtype.has_value() || !IsWatched(*dtype) || tensor.begin() < end || tensor.begin() >= tensor.end()) continue;
    end = tensor.end();
    Watched& watched = watched_.emplace_back();
    watched.file = path;
    watched.name = tensor.name();
    watched.dtype = *dtype;
    watched.shape.assign(tensor.shape().begin(), tensor.shape().end());
    watched.begin = tensor.begin();
    watched.end = tensor.end();
    watched.big_endian = big_endian.contains(tensor.name());
  }
}

void WeightWatch::Add(uint64_t offset, std::span<const uint8_t> bytes) {
  auto first = watched_.begin() + static_cast<std::ptrdiff_t>(file_begin_);
  auto tensor =
      std::partition_point(first, watched_.end(), [&](const Watched& watched) { return watched.end <= offset; });
  for (; tensor != watched_.end() && tensor->begin < offset + bytes.size(); ++tensor) {
    uint64_t begin = std::max(tensor->begin, offset);
    uint64_t end = std::min(tensor->end, offset + bytes.size());
    Look(begin, bytes.subspan(begin - offset, end - begin), &*tensor);
  }
}

void WeightWatch::Look(uint64_t offset, std::span<const uint8_t> bytes, Watched* tensor) {
  const uint64_t unit = BlockOf(tensor->dtype).bytes;
  uint64_t skipped = (unit - (offset - tensor->begin) % unit) % unit;
  if (skipped >= bytes.size()) return;
  bytes = bytes.subspan(skipped);
  std::vector<uint8_t> swapped;
  if (tensor->big_endian) {
    swapped = LittleEndian(tensor->dtype, bytes.first(bytes.size() / unit * unit));
    bytes = swapped;
  }
  if (IsGgmlBlockDType(tensor->dtype)) {
    const uint64_t bad_blocks = gguf::CountBadBlocks(tensor->dtype, bytes);
    std::lock_guard lock(tensor->mutex);
    tensor->bad_blocks += bad_blocks;
    return;
  }
  const uint64_t count = bytes.size() / unit;
  std::vector<float> values(std::min(kPieceElements, count));
  StatisticsSum sum;
  for (uint64_t first = 0; first < count; first += values.size()) {
    std::span<float> piece = std::span(values).first(std::min<uint64_t>(values.size(), count - first));
    if (!DecodeToF32(tensor->dtype, bytes, first, piece).ok()) return;
    sum.Add(piece);
  }
  std::lock_guard lock(tensor->mutex);
  tensor->sum.Merge(sum);
}

void WeightWatch::End(const ChunkList& chunks) {
  size_t chunk = 0;
  for (size_t i = file_begin_; i < watched_.size(); ++i) {
    const Watched& tensor = watched_[i];
    while (chunk < chunks.size() && chunks.offset(chunk) < tensor.begin) ++chunk;
    std::string content;
    uint64_t at = tensor.begin;
    for (; chunk < chunks.size() && chunks.offset(chunk) == at && at < tensor.end; ++chunk) {
      content += chunks.chunks()[chunk].digest.ToBytes();
      at += chunks.chunks()[chunk].size_bytes;
    }
    TensorStatistics statistics = tensor.sum.Result();
    if (at == tensor.end && statistics.zeros < statistics.count) by_content_[content].push_back(&tensor);
  }
}

std::vector<std::string> WeightWatch::Warnings() const {
  std::vector<std::string> nans;
  std::vector<std::string> infinities;
  std::vector<std::string> zeros;
  std::vector<std::string> bad_blocks;
  for (const Watched& tensor : watched_) {
    TensorStatistics statistics = tensor.sum.Result();
    if (statistics.nans > 0) nans.push_back(fmt::format("{} in {}", tensor.name, tensor.file));
    if (statistics.infinities > 0) infinities.push_back(fmt::format("{} in {}", tensor.name, tensor.file));
    if (tensor.bad_blocks > 0) bad_blocks.push_back(fmt::format("{} in {}", tensor.name, tensor.file));
    if (statistics.count > 1 && statistics.zeros == statistics.count && tensor.shape.size() > 1) {
      zeros.push_back(fmt::format("{} in {}", tensor.name, tensor.file));
    }
  }
  std::vector<std::string> warnings;
  if (!nans.empty()) warnings.push_back(Sentence(nans, "holds NaN", "hold NaN"));
  if (!infinities.empty()) warnings.push_back(Sentence(infinities, "holds Inf", "hold Inf"));
  if (!bad_blocks.empty()) {
    warnings.push_back(
        Sentence(bad_blocks, "has blocks whose scale is NaN or Inf", "have blocks whose scale is NaN or Inf"));
  }
  if (!zeros.empty()) warnings.push_back(Sentence(zeros, "is all zeros", "are all zeros"));
  std::vector<std::string> twins;
  for (const auto& [content, tensors] : by_content_) {
    if (tensors.size() < 2) continue;
    bool one_name = std::all_of(tensors.begin(), tensors.end(),
                                [first = tensors[0]](const Watched* t) { return t->name == first->name; });
    // The same model twice, in two files, is no news.
    if (!one_name) twins.push_back(fmt::format("{} = {}", tensors[0]->name, tensors[1]->name));
  }
  if (!twins.empty()) {
    std::string more = twins.size() > kNamesMax ? fmt::format(" and {} more", twins.size() - kNamesMax) : "";
    twins.resize(std::min(twins.size(), kNamesMax));
    warnings.push_back(fmt::format("tensors with the same bytes: {}{}", fmt::join(twins, ", "), more));
  }
  WarnOfOutliers(&warnings);
  return warnings;
}

void WeightWatch::WarnOfOutliers(std::vector<std::string>* warnings) const {
  std::map<std::pair<std::string, std::vector<uint64_t>>, std::vector<std::pair<double, const Watched*>>> siblings;
  for (const Watched& tensor : watched_) {
    double size = RootMeanSquare(tensor.sum.Result());
    // Zeros have a warning of their own.
    if (size > 0) siblings[{RoleOf(tensor.name), tensor.shape}].emplace_back(std::log2(size), &tensor);
  }
  std::vector<std::string> outliers;
  for (const auto& [role, sizes] : siblings) {
    if (sizes.size() < kSiblingsMin) continue;
    std::vector<double> octaves;
    for (const auto& [size, tensor] : sizes) octaves.push_back(size);
    const double median = Median(octaves);
    for (double& value : octaves) value = std::abs(value - median);
    const double limit = std::max(kOctavesMin, kDeviationsMin * kNormalMad * Median(octaves));
    for (const auto& [size, tensor] : sizes) {
      if (std::abs(size - median) <= limit) continue;
      outliers.push_back(
          fmt::format("{} in {} ({:.2g} times the usual size)", tensor->name, tensor->file, std::exp2(size - median)));
    }
  }
  if (!outliers.empty()) {
    warnings->push_back(
        Sentence(outliers, "is far from its siblings in other layers", "are far from their siblings in other layers"));
  }
}

}  // namespace plumb
