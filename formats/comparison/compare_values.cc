#include "plumb/comparison/compare_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "formats/comparison/explanations.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Elements at a time: whole blocks of every type.
constexpr uint64_t kPieceElements = 1u << 18;
// What is looked at to rule a layout out.
constexpr uint64_t kGlanceElements = 1u << 14;
// A tensor that is turned round is read by whole rows.
constexpr uint64_t kTurnedRowElementsMax = 1u << 24;

// Sums over pairs of elements.
struct Difference {
  double squares = 0;
  double a_squares = 0;
  double largest = 0;
  uint64_t largest_at = 0;
  uint64_t different = 0;

  void Add(uint64_t first, std::span<const float> a, std::span<const float> b) {
    for (size_t i = 0; i < a.size(); ++i) {
      const double delta = static_cast<double>(b[i]) - a[i];
      a_squares += static_cast<double>(a[i]) * a[i];
      if (SameValue(a[i], b[i])) continue;
      ++different;
      squares += delta * delta;
      // NaN on one side is as far as can be.
      const double distance = std::isnan(delta) ? std::numeric_limits<double>::infinity() : std::fabs(delta);
      if (distance > largest) {
        largest = distance;
        largest_at = first + i;
      }
    }
  }

  void Fill(ValueComparison* out) const {
    out->measured = true;
    out->difference_l2 = std::sqrt(squares);
    out->difference_max = largest;
    out->largest_at = largest_at;
    out->different = different;
    if (squares != 0) {
      out->relative_l2 = a_squares == 0 ? std::numeric_limits<double>::infinity() : std::sqrt(squares / a_squares);
    }
  }
};

uint64_t PieceOf(const CommonForm& a, const CommonForm& b) {
  if (a.rows_are_whole() && b.rows_are_whole()) return kPieceElements;
  // Where both are turned, dimensions of 1 in front make one's rows a multiple of the other's.
  uint64_t row = 1;
  for (const CommonForm* each : {&a, &b}) row = std::max(row, each->rows_are_whole() ? 1 : each->row_elements());
  return std::max<uint64_t>(1, kPieceElements / row) * row;
}

// Compares bytes where both sides have one type and lie alike: the only way for types that float32 does not hold.
class BytesComparison {
 public:
  BytesComparison(const CommonForm& a, const CommonForm& b)
      : a_(a),
        applies_(a.tensor().dtype == b.tensor().dtype && a.as_stored() && b.as_stored() &&
                 a.tensor().size_bytes() == b.tensor().size_bytes()),
        holds_(applies_) {}
  bool applies() const { return applies_; }
  bool holds() const { return holds_; }

  absl::Status Run(const LaidOut& a, const LaidOut& b, const ComparisonCheck& check) {
    const uint64_t size = a_.tensor().size_bytes();
    const uint64_t elements = a_.elements();
    constexpr uint64_t kPieceBytes = 1u << 20;
    std::vector<uint8_t> left(std::min(kPieceBytes, size));
    std::vector<uint8_t> right(left.size());
    for (uint64_t first = 0; holds_ && first < size; first += kPieceBytes) {
      const size_t count = std::min(kPieceBytes, size - first);
      PLUMB_RETURN_IF_ERROR(a.source->ReadBytes(*a.tensor, first, std::span(left).first(count)));
      PLUMB_RETURN_IF_ERROR(b.source->ReadBytes(*b.tensor, first, std::span(right).first(count)));
      holds_ = std::equal(left.begin(), left.begin() + static_cast<ptrdiff_t>(count), right.begin());
      PLUMB_RETURN_IF_ERROR(check(static_cast<uint64_t>(static_cast<double>(elements) * static_cast<double>(first) /
                                                        static_cast<double>(size))));
    }
    return absl::OkStatus();
  }

 private:
  const CommonForm& a_;
  const bool applies_;
  bool holds_;
};

class ValuesComparison {
 public:
  ValuesComparison(const CommonForm& a, const CommonForm& b)
      : a_(a),
        b_(b),
        rounded_a_(a.tensor().dtype),
        rounded_b_(b.tensor().dtype),
        quantised_a_(a),
        quantised_b_(b),
        bounds_(a, b) {}

  absl::Status Run(const ComparisonCheck& check) {
    const uint64_t elements = a_.elements();
    const uint64_t piece = PieceOf(a_, b_);
    std::vector<float> left(std::min(piece, elements));
    std::vector<float> right(left.size());
    for (uint64_t first = 0; first < elements; first += piece) {
      const size_t count = std::min(piece, elements - first);
      const std::span<float> a = std::span(left).first(count);
      const std::span<float> b = std::span(right).first(count);
      PLUMB_RETURN_IF_ERROR(a_.ReadF32(first, a));
      PLUMB_RETURN_IF_ERROR(b_.ReadF32(first, b));
      difference_.Add(first, a, b);
      rounded_a_.Follow(b, a);
      rounded_b_.Follow(a, b);
      PLUMB_RETURN_IF_ERROR(quantised_a_.Follow(first, b));
      PLUMB_RETURN_IF_ERROR(quantised_b_.Follow(first, a));
      bounds_.Follow(a, b);
      PLUMB_RETURN_IF_ERROR(check(first));
    }
    return absl::OkStatus();
  }

  void Judge(ValueComparison* out) const {
    difference_.Fill(out);
    const DType a = a_.tensor().dtype;
    const DType b = b_.tensor().dtype;
    if (difference_.different == 0) {
      out->finding = SameAsFloat32(a, b, &out->a_is_made);
      return;
    }
    out->beyond_bounds = a == b ? 0 : bounds_.beyond();
    out->both_quantised = a == b && IsGgmlBlockDType(a) && bounds_.holds();
    out->finding = Explain(a, b, &out->a_is_made);
  }

 private:
  // F64 holds more than was compared.
  Finding SameAsFloat32(DType a, DType b, bool* a_is_made) const {
    if ((a == DType::kF64) != (b == DType::kF64)) {
      *a_is_made = b == DType::kF64;
      return Finding::kRounded;
    }
    const bool bytes_differ = a == b && a_.as_stored() && b_.as_stored();
    return bytes_differ && BlockOf(a).bytes == 8 ? Finding::kDiffers : Finding::kEqual;
  }

  Finding Explain(DType a, DType b, bool* a_is_made) const {
    // One type cannot be the reason for a difference from itself.
    if (a == b) return Finding::kDiffers;
    for (bool a_made : {false, true}) {
      *a_is_made = a_made;
      if ((a_made ? rounded_a_ : rounded_b_).holds()) return Finding::kRounded;
      if ((a_made ? quantised_a_ : quantised_b_).holds()) return Finding::kQuantised;
    }
    *a_is_made = false;
    if (bounds_.holds()) return Finding::kWithinBounds;
    return bounds_.known() ? Finding::kDiffers : Finding::kNoBound;
  }

  const CommonForm& a_;
  const CommonForm& b_;
  Difference difference_;
  RoundedExplanation rounded_a_;
  RoundedExplanation rounded_b_;
  QuantisedExplanation quantised_a_;
  QuantisedExplanation quantised_b_;
  BoundsExplanation bounds_;
};

bool CanBeRead(const CommonForm& form) { return form.rows_are_whole() || form.row_elements() <= kTurnedRowElementsMax; }

}  // namespace

absl::StatusOr<ValueComparison> CompareValues(const LaidOut& a, const LaidOut& b, const ComparisonCheck& check) {
  const CommonForm left(a);
  const CommonForm right(b);
  ValueComparison result{.elements = left.elements()};
  if (left.elements() != right.elements()) return Internal("tensors of different sizes were laid over each other");
  BytesComparison bytes(left, right);
  if (bytes.holds()) {
    PLUMB_RETURN_IF_ERROR(bytes.Run(a, b, check));
    if (bytes.holds()) {
      result.finding = Finding::kEqual;
      result.measured = true;
      return result;
    }
  }
  // Other bytes of one type are other values, whatever they mean.
  if (bytes.applies()) result.finding = Finding::kDiffers;
  if (!CanBeRead(left) || !CanBeRead(right)) return result;
  ValuesComparison values(left, right);
  absl::Status status = values.Run(check);
  // Types that are no numbers.
  if (absl::IsInvalidArgument(status)) return result;
  PLUMB_RETURN_IF_ERROR(status);
  values.Judge(&result);
  return result;
}

absl::StatusOr<bool> LookAlike(const LaidOut& a, const LaidOut& b) {
  const CommonForm left(a);
  const CommonForm right(b);
  if (left.elements() != right.elements() || !CanBeRead(left) || !CanBeRead(right)) return false;
  const uint64_t row = std::max<uint64_t>({1, left.row_elements(), right.row_elements()});
  const bool turned = !left.rows_are_whole() || !right.rows_are_whole();
  const uint64_t wanted = turned ? std::max<uint64_t>(1, kGlanceElements / row) * row : kGlanceElements;
  std::vector<float> a_values(std::min(wanted, left.elements()));
  std::vector<float> b_values(a_values.size());
  PLUMB_RETURN_IF_ERROR(left.ReadF32(0, a_values));
  PLUMB_RETURN_IF_ERROR(right.ReadF32(0, b_values));
  Difference difference;
  difference.Add(0, a_values, b_values);
  // Values that have nothing to do with each other are about 2 times their squares apart.
  return !(difference.squares > 0.5 * difference.a_squares);
}

}  // namespace plumb
