#include <algorithm>
#include <cstring>
#include <vector>

#include "verify/inference/backends/reference/kernels.h"
#include "verify/inference/backends/reference/strides.h"
#include "verify/inference/backends/reference/typed.h"

namespace plumb::reference {
namespace {

// Fills `out`, of shape `to`, from elements of `from` that lie `strides` apart, starting at `first`.
template <typename T>
void CopyStrided(const T* from, uint64_t first, const std::vector<uint64_t>& strides, const Shape& to,
                 std::span<T> out) {
  if (out.empty()) return;
  if (to.empty()) {
    out[0] = from[first];
    return;
  }
  std::vector<uint64_t> index(to.size(), 0);
  uint64_t source = first;
  const uint64_t inner = to.back();
  const uint64_t step = strides.back();
  for (uint64_t done = 0; done < out.size(); done += inner) {
    if (step == 1) {
      std::copy_n(from + source, inner, out.data() + done);
    } else {
      for (uint64_t i = 0; i < inner; ++i) out[done + i] = from[source + i * step];
    }
    for (size_t d = to.size() - 1; d-- > 0;) {
      source += strides[d];
      if (++index[d] < to[d]) break;
      source -= strides[d] * to[d];
      index[d] = 0;
    }
  }
}

// Where place `at` of a padded dimension comes from; -1: from nowhere. `size` > 0 but for kConstant.
int64_t PadSource(PadMode mode, int64_t at, int64_t size) {
  if (at >= 0 && at < size) return at;
  switch (mode) {
    case PadMode::kConstant:
      return -1;
    case PadMode::kEdge:
      return std::clamp<int64_t>(at, 0, size - 1);
    case PadMode::kWrap:
      return (at % size + size) % size;
    case PadMode::kReflect:
      break;
  }
  if (size == 1) return 0;
  const int64_t period = 2 * (size - 1);
  const int64_t place = (at % period + period) % period;
  return place < size ? place : period - place;
}

}  // namespace

void Reshape(Operands operands, HostOutput output) {
  std::copy(operands[0].view.bytes.begin(), operands[0].view.bytes.end(), output.bytes.begin());
}

void Transpose(const TransposeAttributes& attributes, Operands operands, HostOutput output) {
  const std::vector<uint64_t> dense = DenseStrides(*operands[0].shape);
  std::vector<uint64_t> strides;  // Of the operand, by the result's dimensions.
  for (uint32_t axis : attributes.permutation) strides.push_back(dense[axis]);
  VisitWidth(output.type, [&]<typename T>(Tag<T>) {
    CopyStrided<T>(ElementsOf<T>(operands[0].view).data(), 0, strides, *output.shape, output.As<T>());
  });
}

void Slice(const SliceAttributes& attributes, Operands operands, HostOutput output) {
  std::vector<uint64_t> strides = DenseStrides(*operands[0].shape);
  const uint64_t first = static_cast<uint64_t>(attributes.begin) * strides[attributes.axis];
  strides[attributes.axis] *= static_cast<uint64_t>(attributes.step);  // Wraps around for steps backwards.
  VisitWidth(output.type, [&]<typename T>(Tag<T>) {
    CopyStrided<T>(ElementsOf<T>(operands[0].view).data(), first, strides, *output.shape, output.As<T>());
  });
}

void Expand(Operands operands, HostOutput output) {
  const std::vector<uint64_t> strides = BroadcastStrides(*operands[0].shape, *output.shape);
  VisitWidth(output.type, [&]<typename T>(Tag<T>) {
    CopyStrided<T>(ElementsOf<T>(operands[0].view).data(), 0, strides, *output.shape, output.As<T>());
  });
}

void Concat(const AxisAttributes& attributes, Operands operands, HostOutput output) {
  const uint64_t bytes = ElementBytes(output.type);
  const uint64_t inner = InnerCount(*output.shape, attributes.axis) * bytes;
  const uint64_t outer = OuterCount(*output.shape, attributes.axis);
  const uint64_t row = (*output.shape)[attributes.axis] * inner;
  uint64_t begin = 0;
  for (const HostTensor& operand : operands) {
    const uint64_t part = (*operand.shape)[attributes.axis] * inner;
    if (part == 0) continue;
    for (uint64_t i = 0; i < outer; ++i) {
      std::memcpy(output.bytes.data() + i * row + begin, operand.view.bytes.data() + i * part, part);
    }
    begin += part;
  }
}

void Pad(const PadAttributes& attributes, Operands operands, HostOutput output) {
  const Shape& from = *operands[0].shape;
  const std::vector<uint64_t> strides = DenseStrides(from);
  VisitWidth(output.type, [&]<typename T>(Tag<T>) {
    std::span<const T> x = ElementsOf<T>(operands[0].view);
    const T fill = operands.size() > 1 ? ElementsOf<T>(operands[1].view)[0] : T{0};
    Odometer place(*output.shape);
    for (T& value : output.As<T>()) {
      uint64_t source = 0;
      bool inside = true;
      for (size_t d = 0; d < from.size(); ++d) {
        const int64_t at = PadSource(attributes.mode, static_cast<int64_t>(place.index()[d]) - attributes.before[d],
                                     static_cast<int64_t>(from[d]));
        inside = inside && at >= 0;
        if (inside) source += static_cast<uint64_t>(at) * strides[d];
      }
      value = inside ? x[source] : fill;
      place.Next();
    }
  });
}

}  // namespace plumb::reference
