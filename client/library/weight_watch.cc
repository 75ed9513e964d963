#include "client/library/weight_watch.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "client/library/weight_judgement.h"
#include "plumb/gguf/dequantise.h"

namespace plumb {
namespace {

// Of bytes that are sampled, so many at the beginning of so many.
constexpr size_t kSampleBytes = 4u << 10;
constexpr size_t kSampleEveryBytes = 64u << 10;

bool IsWatched(DType dtype) { return StatisticsSum::TakesBytes(dtype) || IsGgmlBlockDType(dtype); }

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

}  // namespace

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

void WeightWatch::Add(uint64_t offset, std::span<const uint8_t> bytes, Depth depth) {
  auto first = watched_.begin() + static_cast<std::ptrdiff_t>(file_begin_);
  auto tensor =
      std::partition_point(first, watched_.end(), [&](const Watched& watched) { return watched.end <= offset; });
  for (; tensor != watched_.end() && tensor->begin < offset + bytes.size(); ++tensor) {
    uint64_t begin = std::max(tensor->begin, offset);
    uint64_t end = std::min(tensor->end, offset + bytes.size());
    const std::span<const uint8_t> part = bytes.subspan(begin - offset, end - begin);
    if (depth == Depth::kSample) {
      Sample(begin, part, &*tensor);
    } else {
      Look(begin, part, &*tensor);
    }
  }
}

void WeightWatch::Sample(uint64_t offset, std::span<const uint8_t> bytes, Watched* tensor) {
  for (size_t at = 0; at < bytes.size(); at += kSampleEveryBytes) {
    Look(offset + at, bytes.subspan(at, std::min(kSampleBytes, bytes.size() - at)), tensor);
  }
  if (bytes.size() <= kSampleBytes) return;
  std::lock_guard lock(tensor->mutex);
  tensor->sampled = true;
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
  StatisticsSum sum;
  sum.AddBytes(tensor->dtype, bytes.first(bytes.size() / unit * unit));
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
  std::map<const Watched*, size_t> contents;
  size_t content = 0;
  for (const auto& [digests, tensors] : by_content_) {
    ++content;
    for (const Watched* tensor : tensors) contents[tensor] = content;
  }
  std::vector<JudgedTensor> judged;
  for (const Watched& tensor : watched_) {
    auto same = contents.find(&tensor);
    judged.push_back({.file = tensor.file,
                      .name = tensor.name,
                      .shape = tensor.shape,
                      .statistics = tensor.sum.Result(),
                      .bad_blocks = tensor.bad_blocks,
                      .sampled = tensor.sampled,
                      .content = same == contents.end() ? 0 : same->second});
  }
  return JudgeWeights(judged);
}

}  // namespace plumb
