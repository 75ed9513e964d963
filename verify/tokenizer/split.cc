#include "verify/tokenizer/split.h"

#include <algorithm>

namespace plumb::text {
namespace {

// Neighbours of one kind become one.
std::vector<Range> JoinNeighbours(const std::vector<Stretch>& stretches) {
  std::vector<Range> parts;
  bool delimiter = false;
  for (const Stretch& stretch : stretches) {
    if (stretch.delimiter == delimiter && !parts.empty()) {
      parts.back().end = stretch.range.end;
    } else {
      parts.push_back(stretch.range);
    }
    delimiter = stretch.delimiter;
  }
  return parts;
}

// The first of several delimiters in a row joins the part before it; the others stand alone.
std::vector<Range> JoinPrevious(const std::vector<Stretch>& stretches) {
  std::vector<Range> parts;
  bool delimiter = false;
  for (const Stretch& stretch : stretches) {
    if (stretch.delimiter && !delimiter && !parts.empty()) {
      parts.back().end = stretch.range.end;
    } else {
      parts.push_back(stretch.range);
    }
    delimiter = stretch.delimiter;
  }
  return parts;
}

// The last of several delimiters in a row joins the part behind it; the others stand alone.
std::vector<Range> JoinNext(const std::vector<Stretch>& stretches) {
  std::vector<Range> parts;
  bool delimiter = false;
  for (auto stretch = stretches.rbegin(); stretch != stretches.rend(); ++stretch) {
    if (stretch->delimiter && !delimiter && !parts.empty()) {
      parts.back().begin = stretch->range.begin;
    } else {
      parts.push_back(stretch->range);
    }
    delimiter = stretch->delimiter;
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

}  // namespace

std::vector<Stretch> Stretches(size_t size, const std::vector<Range>& delimiters, bool invert) {
  std::vector<Stretch> stretches;
  size_t end = 0;
  for (const Range& delimiter : delimiters) {
    if (delimiter.begin > end) stretches.push_back({{end, delimiter.begin}, invert});
    stretches.push_back({delimiter, !invert});
    end = delimiter.end;
  }
  if (end < size) stretches.push_back({{end, size}, invert});
  return stretches;
}

std::vector<Range> SplitParts(const std::vector<Stretch>& stretches, SplitBehavior behavior) {
  if (behavior == SplitBehavior::kContiguous) return JoinNeighbours(stretches);
  if (behavior == SplitBehavior::kMergedWithPrevious) return JoinPrevious(stretches);
  if (behavior == SplitBehavior::kMergedWithNext) return JoinNext(stretches);
  std::vector<Range> parts;
  for (const Stretch& stretch : stretches) {
    if (behavior == SplitBehavior::kIsolated || !stretch.delimiter) parts.push_back(stretch.range);
  }
  return parts;
}

}  // namespace plumb::text
