#include "formats/naming/name_parts.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace plumb {
namespace {

constexpr std::string_view kLeaves[] = {"weight",
                                        "bias",
                                        "kernel",
                                        "scale",
                                        "embedding",
                                        "embeddings",
                                        "gamma",
                                        "beta",
                                        "running_mean",
                                        "moving_mean",
                                        "running_var",
                                        "moving_variance",
                                        "mean",
                                        "var",
                                        "depthwise_kernel",
                                        "pointwise_kernel",
                                        "recurrent_kernel"};

// Segments that number what they name: `layers_3`.
constexpr std::string_view kNumbered[] = {"layers", "layer", "h", "block", "blocks", "blk", "experts"};

bool IsOneOf(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void CutEnd(std::string_view end, std::string_view* name) {
  if (name->ends_with(end) && name->size() > end.size()) name->remove_suffix(end.size());
}

void AddSegment(std::string_view segment, std::vector<std::string>* out) {
  const size_t line = segment.rfind('_');
  if (line != segment.npos && IsNumber(segment.substr(line + 1)) && IsOneOf(segment.substr(0, line), kNumbered)) {
    out->emplace_back(segment.substr(0, line));
    segment.remove_prefix(line + 1);
  }
  out->emplace_back(segment);
}

}  // namespace

NameParts SplitName(std::string_view name) {
  CutEnd("/.ATTRIBUTES/VARIABLE_VALUE", &name);
  CutEnd(":0", &name);
  // `_._` is what transformers writes for a dot in TensorFlow.
  std::string dotted;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool spelt = name.substr(i).starts_with("_._");
    dotted += spelt || name[i] == '/' ? '.' : name[i];
    if (spelt) i += 2;
  }
  NameParts parts;
  std::string_view rest = dotted;
  while (!rest.empty()) {
    const size_t dot = std::min(rest.find('.'), rest.size());
    if (dot > 0) AddSegment(rest.substr(0, dot), &parts.stem);
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  if (parts.stem.empty()) parts.stem.emplace_back(name);
  if (parts.stem.size() > 1 && IsOneOf(parts.stem.back(), kLeaves)) {
    parts.leaf = std::move(parts.stem.back());
    parts.stem.pop_back();
  }
  return parts;
}

bool IsKernelLeaf(std::string_view leaf) { return leaf.ends_with("kernel"); }

std::string_view CommonLeaf(std::string_view leaf, bool arrays) {
  if (leaf == "gamma") return "weight";
  if (leaf == "beta") return "bias";
  if (!arrays) return leaf;
  if (leaf == "kernel" || leaf == "scale" || leaf == "embedding" || leaf == "embeddings") return "weight";
  if (leaf == "moving_mean" || leaf == "mean") return "running_mean";
  if (leaf == "moving_variance" || leaf == "var") return "running_var";
  return leaf;
}

std::string JoinFrom(const std::vector<std::string>& segments, size_t first) {
  std::string joined;
  for (size_t i = first; i < segments.size(); ++i) {
    if (i > first) joined += '.';
    joined += segments[i];
  }
  return joined;
}

bool IsNumber(std::string_view segment) {
  return !segment.empty() && segment.size() <= 9 &&
         std::all_of(segment.begin(), segment.end(), [](char c) { return c >= '0' && c <= '9'; });
}

uint64_t NumberOf(std::string_view segment) {
  uint64_t number = 0;
  std::from_chars(segment.data(), segment.data() + segment.size(), number);
  return number;
}

}  // namespace plumb
