// Walking row-major tensors.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_STRIDES_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_STRIDES_H_

#include <cstdint>
#include <vector>

#include "plumb/inference/tensor.h"

namespace plumb::reference {

// Elements of the dimensions after `axis`.
inline uint64_t InnerCount(const Shape& shape, size_t axis) {
  uint64_t count = 1;
  for (size_t i = axis + 1; i < shape.size(); ++i) count *= shape[i];
  return count;
}

// Elements of the dimensions before `axis`.
inline uint64_t OuterCount(const Shape& shape, size_t axis) {
  uint64_t count = 1;
  for (size_t i = 0; i < axis; ++i) count *= shape[i];
  return count;
}

// How far a dense tensor moves when one of its dimensions does.
inline std::vector<uint64_t> DenseStrides(const Shape& shape) {
  std::vector<uint64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

// How far an operand moves when one dimension of the result does; 0 where it is broadcast.
inline std::vector<uint64_t> BroadcastStrides(const Shape& operand, const Shape& result) {
  std::vector<uint64_t> strides(result.size(), 0);
  uint64_t stride = 1;
  for (size_t i = 0; i < operand.size(); ++i) {  // Counted from the last dimension.
    const uint64_t size = operand[operand.size() - 1 - i];
    if (size != 1) strides[result.size() - 1 - i] = stride;
    stride *= size;
  }
  return strides;
}

// Counts through a shape in row-major order.
class Odometer {
 public:
  explicit Odometer(const Shape& shape) : shape_(shape), index_(shape.size(), 0) {}
  const std::vector<uint64_t>& index() const { return index_; }
  void Next() {
    for (size_t d = shape_.size(); d-- > 0;) {
      if (++index_[d] < shape_[d]) return;
      index_[d] = 0;
    }
  }

 private:
  const Shape shape_;
  std::vector<uint64_t> index_;
};

}  // namespace plumb::reference

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_STRIDES_H_
