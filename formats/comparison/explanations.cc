#include "formats/comparison/explanations.h"

#include <algorithm>
#include <cmath>

#include "plumb/gguf/quantise.h"
#include "plumb/weights/half.h"

namespace plumb {
namespace {

bool IsSmallFloat(DType dtype) { return dtype == DType::kF16 || dtype == DType::kBF16; }

float LargestMagnitude(std::span<const float> values, float largest) {
  for (float value : values) largest = std::max(largest, std::fabs(value));
  return largest;
}

}  // namespace

RoundedExplanation::RoundedExplanation(DType made_type)
    : type_(made_type), holds_(IsSmallFloat(made_type) || made_type == DType::kF32) {}

void RoundedExplanation::Follow(std::span<const float> original, std::span<const float> made) {
  if (!holds_) return;
  if (type_ == DType::kF32) {
    holds_ = std::equal(original.begin(), original.end(), made.begin(), SameValue);
    return;
  }
  bytes_.resize(2 * original.size());
  if (!gguf::Quantise(type_, original, bytes_).ok()) {
    holds_ = false;
    return;
  }
  for (size_t i = 0; i < made.size() && holds_; ++i) {
    const uint16_t bits = static_cast<uint16_t>(bytes_[2 * i] | bytes_[2 * i + 1] << 8);
    holds_ = SameValue(type_ == DType::kF16 ? HalfToFloat(bits) : BFloat16ToFloat(bits), made[i]);
  }
}

QuantisedExplanation::QuantisedExplanation(const CommonForm& made)
    : made_(made),
      holds_(IsGgmlBlockDType(made.tensor().dtype) && gguf::CanQuantise(made.tensor().dtype) && made.rows_are_whole()) {
}

absl::Status QuantisedExplanation::Follow(uint64_t first, std::span<const float> original) {
  if (!holds_) return absl::OkStatus();
  const DType dtype = made_.tensor().dtype;
  const DTypeBlock block = BlockOf(dtype);
  expected_.resize(original.size() / block.elements * block.bytes);
  stored_.resize(expected_.size());
  // Values that have no block, NaN among them, were not quantised.
  holds_ = original.size() % block.elements == 0 && first % block.elements == 0 &&
           gguf::Quantise(dtype, original, expected_).ok();
  if (!holds_) return absl::OkStatus();
  absl::Status status = made_.ReadBytes(first, original.size(), stored_);
  holds_ = status.ok() && expected_ == stored_;
  return status;
}

BoundsExplanation::BoundsExplanation(const CommonForm& a, const CommonForm& b) {
  const std::optional<TypeBound> a_bound = BoundOf(a.tensor().dtype);
  const std::optional<TypeBound> b_bound = BoundOf(b.tensor().dtype);
  if (!a_bound || !b_bound) return;
  a_ = *a_bound;
  b_ = *b_bound;
  group_ = std::max(a_.group, b_.group);
  // Groups are runs of stored elements.
  known_ = (a_.group == 1 || a.rows_are_whole()) && (b_.group == 1 || b.rows_are_whole());
}

void BoundsExplanation::Follow(std::span<const float> a, std::span<const float> b) {
  for (size_t first = 0; known_ && first < a.size(); first += group_) {
    const size_t count = std::min<size_t>(group_, a.size() - first);
    FollowGroup(a.subspan(first, count), b.subspan(first, count));
  }
}

void BoundsExplanation::FollowGroup(std::span<const float> a, std::span<const float> b) {
  const double of_largest = (a_.of_largest + b_.of_largest) * LargestMagnitude(b, LargestMagnitude(a, 0));
  const double fixed = of_largest + a_.absolute + b_.absolute;
  const double relative = a_.relative + b_.relative;
  for (size_t i = 0; i < a.size(); ++i) {
    const double magnitude = std::max(std::fabs(a[i]), std::fabs(b[i]));
    const bool near = std::fabs(static_cast<double>(a[i]) - b[i]) <= fixed + relative * magnitude;
    beyond_ += near || SameValue(a[i], b[i]) ? 0 : 1;
  }
}

}  // namespace plumb
