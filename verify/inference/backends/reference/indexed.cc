#include <algorithm>
#include <cstring>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/reference/functions.h"
#include "verify/inference/backends/reference/kernels.h"
#include "verify/inference/backends/reference/strides.h"
#include "verify/inference/backends/reference/typed.h"

namespace plumb::reference {
namespace {

// The place that element `i` of `ids` names among `size`.
absl::StatusOr<uint64_t> PlaceOf(const TensorView& ids, uint64_t i, uint64_t size, bool wrap) {
  const int64_t id = IndexAt(ids, i);
  const int64_t place = wrap && id < 0 ? id + static_cast<int64_t>(size) : id;
  if (place >= 0 && static_cast<uint64_t>(place) < size) return static_cast<uint64_t>(place);
  return InvalidArgument(fmt::format("id {} at position {} lies outside a table of {} rows", id, i, size));
}

template <typename T>
T Reduced(ScatterReduction reduction, T old, T update) {
  const BinaryFunction functions[] = {BinaryFunction::kAdd, BinaryFunction::kAdd, BinaryFunction::kMul,
                                      BinaryFunction::kMax, BinaryFunction::kMin};
  const BinaryFunction function = functions[static_cast<size_t>(reduction)];
  if (reduction == ScatterReduction::kNone) return update;
  if constexpr (kIsFloatStorage<T>) {
    return static_cast<T>(ApplyBinary(function, static_cast<double>(old), static_cast<double>(update)));
  } else {
    return static_cast<T>(ApplyBinaryInteger(function, Wide<T>{old}, Wide<T>{update}, sizeof(T) * 8));
  }
}

// First element of the slice that index tuple `tuple` names, in elements.
absl::StatusOr<uint64_t> SliceOf(const TensorView& ids, uint64_t tuple, uint64_t length, const Shape& shape,
                                 size_t batch_dimensions) {
  const std::vector<uint64_t> strides = DenseStrides(shape);
  uint64_t first = 0;
  for (uint64_t d = 0; d < length; ++d) {
    PLUMB_ASSIGN_OR_RETURN(uint64_t place, PlaceOf(ids, tuple * length + d, shape[batch_dimensions + d], true));
    first += place * strides[batch_dimensions + d];
  }
  return first;
}

}  // namespace

absl::Status Gather(const GatherAttributes& attributes, Operands operands, HostOutput output) {
  const Shape& table = *operands[0].shape;
  const uint64_t rows = table[attributes.axis];
  const uint64_t width = InnerCount(table, attributes.axis) * ElementBytes(output.type);
  const uint64_t outer = OuterCount(table, attributes.axis);
  const uint64_t count = operands[1].view.count();
  for (uint64_t i = 0; i < count; ++i) {
    PLUMB_ASSIGN_OR_RETURN(uint64_t row, PlaceOf(operands[1].view, i, rows, attributes.wrap));
    for (uint64_t o = 0; o < outer && width > 0; ++o) {
      std::memcpy(output.bytes.data() + (o * count + i) * width,
                  operands[0].view.bytes.data() + (o * rows + row) * width, width);
    }
  }
  return absl::OkStatus();
}

absl::Status GatherElements(const AxisAttributes& attributes, Operands operands, HostOutput output) {
  const Shape& from = *operands[0].shape;
  const std::vector<uint64_t> strides = DenseStrides(from);
  return VisitWidth(output.type, [&]<typename T>(Tag<T>) -> absl::Status {
    std::span<const T> x = ElementsOf<T>(operands[0].view);
    std::span<T> out = output.As<T>();
    Odometer at(*output.shape);
    for (uint64_t i = 0; i < out.size(); ++i, at.Next()) {
      PLUMB_ASSIGN_OR_RETURN(uint64_t place, PlaceOf(operands[1].view, i, from[attributes.axis], true));
      uint64_t source = 0;
      for (size_t d = 0; d < from.size(); ++d) source += (d == attributes.axis ? place : at.index()[d]) * strides[d];
      out[i] = x[source];
    }
    return absl::OkStatus();
  });
}

absl::Status GatherNd(const GatherNdAttributes& attributes, Operands operands, HostOutput output) {
  const Shape& from = *operands[0].shape;
  const size_t batch_dimensions = attributes.batch_dimensions;
  const uint64_t length = operands[1].shape->back();
  const uint64_t tuples = OuterCount(*operands[1].shape, operands[1].shape->size() - 1);
  const uint64_t batches = OuterCount(from, batch_dimensions);
  const uint64_t per_batch = batches == 0 ? 0 : tuples / batches;
  const uint64_t batch_elements = batches == 0 ? 0 : *ElementCount(from) / batches;
  const uint64_t bytes = ElementBytes(output.type);
  const uint64_t width = tuples == 0 ? 0 : output.bytes.size() / tuples;
  for (uint64_t i = 0; i < tuples && width > 0; ++i) {
    PLUMB_ASSIGN_OR_RETURN(uint64_t first, SliceOf(operands[1].view, i, length, from, batch_dimensions));
    first += i / per_batch * batch_elements;
    std::memcpy(output.bytes.data() + i * width, operands[0].view.bytes.data() + first * bytes, width);
  }
  return absl::OkStatus();
}

absl::Status ScatterElements(const ScatterAttributes& attributes, Operands operands, HostOutput output) {
  const Shape& shape = *output.shape;
  const std::vector<uint64_t> strides = DenseStrides(shape);
  std::copy(operands[0].view.bytes.begin(), operands[0].view.bytes.end(), output.bytes.begin());
  return VisitType(output.type, [&]<typename T>(Tag<T>) -> absl::Status {
    std::span<const T> updates = ElementsOf<T>(operands[2].view);
    T* out = reinterpret_cast<T*>(output.bytes.data());
    Odometer at(*operands[1].shape);
    for (uint64_t i = 0; i < updates.size(); ++i, at.Next()) {
      PLUMB_ASSIGN_OR_RETURN(uint64_t place, PlaceOf(operands[1].view, i, shape[attributes.axis], true));
      uint64_t target = 0;
      for (size_t d = 0; d < shape.size(); ++d) target += (d == attributes.axis ? place : at.index()[d]) * strides[d];
      out[target] = Reduced(attributes.reduction, out[target], updates[i]);
    }
    return absl::OkStatus();
  });
}

absl::Status ScatterNd(const ScatterAttributes& attributes, Operands operands, HostOutput output) {
  const uint64_t length = operands[1].shape->back();
  const uint64_t tuples = OuterCount(*operands[1].shape, operands[1].shape->size() - 1);
  const uint64_t width = tuples == 0 ? 0 : operands[2].view.count() / tuples;
  std::copy(operands[0].view.bytes.begin(), operands[0].view.bytes.end(), output.bytes.begin());
  return VisitType(output.type, [&]<typename T>(Tag<T>) -> absl::Status {
    std::span<const T> updates = ElementsOf<T>(operands[2].view);
    T* out = reinterpret_cast<T*>(output.bytes.data());
    for (uint64_t i = 0; i < tuples; ++i) {
      PLUMB_ASSIGN_OR_RETURN(uint64_t first, SliceOf(operands[1].view, i, length, *output.shape, 0));
      for (uint64_t j = 0; j < width; ++j) {
        out[first + j] = Reduced(attributes.reduction, out[first + j], updates[i * width + j]);
      }
    }
    return absl::OkStatus();
  });
}

}  // namespace plumb::reference
