// What could explain the difference of two tensors, each followed until it is refuted.
#ifndef PLUMB_FORMATS_COMPARISON_EXPLANATIONS_H_
#define PLUMB_FORMATS_COMPARISON_EXPLANATIONS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "formats/comparison/common_form.h"
#include "formats/comparison/type_bounds.h"

namespace plumb {

// Two values count as the same: equal, or both NaN.
inline bool SameValue(float a, float b) { return a == b || (a != a && b != b); }

// Whether `made` is `original` rounded to the type of `made`: F16, BF16 or F32.
class RoundedExplanation {
 public:
  explicit RoundedExplanation(DType made_type);
  void Follow(std::span<const float> original, std::span<const float> made);
  bool holds() const { return holds_; }

 private:
  const DType type_;
  bool holds_;
  std::vector<uint8_t> bytes_;
};

// Whether the blocks of `made` are those that our quantiser makes of the original. Borrows `made`.
class QuantisedExplanation {
 public:
  explicit QuantisedExplanation(const CommonForm& made);
  // `original`: elements from `first` on, whole blocks. An error of reading alone is returned.
  absl::Status Follow(uint64_t first, std::span<const float> original);
  bool holds() const { return holds_; }

 private:
  const CommonForm& made_;
  bool holds_;
  std::vector<uint8_t> expected_;
  std::vector<uint8_t> stored_;
};

// Whether values stay as near as both types' steps say.
class BoundsExplanation {
 public:
  BoundsExplanation(const CommonForm& a, const CommonForm& b);
  // Pieces of whole groups, but for the last.
  void Follow(std::span<const float> a, std::span<const float> b);
  bool holds() const { return known_ && beyond_ == 0; }
  uint64_t beyond() const { return beyond_; }
  bool known() const { return known_; }

 private:
  void FollowGroup(std::span<const float> a, std::span<const float> b);

  TypeBound a_;
  TypeBound b_;
  uint32_t group_ = 1;
  bool known_ = false;
  uint64_t beyond_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_COMPARISON_EXPLANATIONS_H_
