#include "plumb/comparison/axes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "formats/comparison/common_form.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr uint64_t kRowElementsMax = 1u << 24;
// What is left of a product of float32 numbers that was taken in another order.
constexpr float kScaleTolerance = 1e-4f;

const std::vector<std::vector<size_t>>& OrdersOf(size_t rank) {
  static const std::vector<std::vector<size_t>> kNone;
  static const std::vector<std::vector<size_t>> kThree = {{2, 1, 0}, {0, 2, 1}, {1, 2, 0}, {2, 0, 1}, {1, 0, 2}};
  static const std::vector<std::vector<size_t>> kFour = {{3, 2, 0, 1}, {0, 3, 1, 2}, {2, 3, 0, 1}, {3, 0, 1, 2},
                                                         {2, 3, 1, 0}, {0, 2, 3, 1}, {1, 2, 3, 0}, {1, 0, 2, 3}};
  static const std::vector<std::vector<size_t>> kFive = {
      {4, 3, 0, 1, 2}, {0, 4, 1, 2, 3}, {2, 3, 4, 1, 0}, {0, 2, 3, 4, 1}, {1, 0, 2, 3, 4}};
  return rank == 3 ? kThree : rank == 4 ? kFour : rank == 5 ? kFive : kNone;
}

// B's tensor with its axes in another order; nullptr when it does not lie so that strides can say it.
absl::StatusOr<std::unique_ptr<TensorSource>> Turned(const LaidOut& b, const std::vector<size_t>& order) {
  SourceTensor tensor = *b.tensor;
  if (IsGgmlBlockDType(tensor.dtype) || BlockOf(tensor.dtype).elements != 1 || tensor.ranges.size() != 1)
    return nullptr;
  std::vector<uint64_t> strides = tensor.strides;
  if (strides.empty()) {
    strides.assign(tensor.shape.size(), 1);
    for (size_t i = strides.size(); i-- > 1;) strides[i - 1] = strides[i] * tensor.shape[i];
  }
  const std::vector<uint64_t> shape = tensor.shape;
  tensor.strides.resize(shape.size());
  for (size_t i = 0; i < order.size(); ++i) {
    tensor.shape[i] = shape[order[i]];
    tensor.strides[i] = strides[order[i]];
  }
  return TensorSource::New({.format = b.source->format(), .files = b.source->files(), .tensors = {std::move(tensor)}});
}

// Whether `scaled` is `row` times one factor.
bool IsScaled(const std::vector<float>& row, const std::vector<float>& scaled) {
  const auto largest =
      std::max_element(row.begin(), row.end(), [](float x, float y) { return std::abs(x) < std::abs(y); });
  const float top = *largest;
  if (top == 0 || !std::isfinite(top)) return row == scaled;
  const float factor = scaled[static_cast<size_t>(largest - row.begin())] / top;
  const float allowed = kScaleTolerance * std::abs(factor * top);
  for (size_t i = 0; i < row.size(); ++i) {
    if (!(std::abs(scaled[i] - factor * row[i]) <= allowed)) return false;
  }
  return true;
}

}  // namespace

std::vector<std::vector<size_t>> KernelOrders(const std::vector<uint64_t>& shape, const std::vector<uint64_t>& wanted) {
  std::vector<std::vector<size_t>> orders;
  for (const std::vector<size_t>& order : OrdersOf(shape.size())) {
    std::vector<uint64_t> made;
    for (size_t axis : order) made.push_back(shape[axis]);
    if (SameButForOnes(made, wanted)) orders.push_back(order);
  }
  return orders;
}

absl::StatusOr<std::optional<TurnedComparison>> CompareTurned(const LaidOut& a, const LaidOut& b,
                                                              const ComparisonCheck& check) {
  for (const std::vector<size_t>& order : KernelOrders(b.tensor->shape, a.tensor->shape)) {
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<TensorSource> made, Turned(b, order));
    if (made == nullptr) return std::nullopt;
    const LaidOut plain = {a.source, a.tensor, {}};
    const LaidOut turned = {made.get(), &made->tensors().front(), {}};
    PLUMB_ASSIGN_OR_RETURN(bool alike, LookAlike(plain, turned));
    if (!alike) continue;
    PLUMB_ASSIGN_OR_RETURN(ValueComparison values, CompareValues(plain, turned, check));
    if (values.finding > Finding::kWithinBounds) continue;
    return TurnedComparison{values, fmt::format("axes {}", fmt::join(order, ", "))};
  }
  return std::nullopt;
}

absl::StatusOr<bool> IsScaledByRow(const LaidOut& a, const LaidOut& b, const ComparisonCheck& check) {
  const SourceTensor& tensor = *a.tensor;
  if (tensor.shape.size() < 2 || tensor.shape != b.tensor->shape || tensor.element_count() == 0) return false;
  const uint64_t row = tensor.element_count() / tensor.shape[0];
  if (row > kRowElementsMax) return false;
  std::vector<float> left(row), right(row);
  for (uint64_t i = 0; i < tensor.shape[0]; ++i) {
    absl::Status status = a.source->ReadF32(tensor, i * row, left);
    if (status.ok()) status = b.source->ReadF32(*b.tensor, i * row, right);
    if (absl::IsInvalidArgument(status)) return false;
    PLUMB_RETURN_IF_ERROR(status);
    if (!IsScaled(left, right)) return false;
    PLUMB_RETURN_IF_ERROR(check(0));
  }
  return true;
}

}  // namespace plumb
