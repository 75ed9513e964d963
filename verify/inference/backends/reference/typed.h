// Kernels for every element type from one template: how elements are stored, and what they are computed in.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_TYPED_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_TYPED_H_

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "plumb/inference/tensor.h"

namespace plumb::reference {

// The nearest IEEE half, ties to even; what is too large becomes infinite.
uint16_t HalfFromDouble(double value);
double DoubleFromHalf(uint16_t bits);
// The nearest bfloat16, ties to even.
uint16_t BFloatFromDouble(double value);

// Elements of 16 bits as they lie in memory.
struct Half {
  uint16_t bits = 0;
  Half() = default;
  explicit Half(double value) : bits(HalfFromDouble(value)) {}
  explicit operator double() const { return DoubleFromHalf(bits); }
};
struct BFloat {
  uint16_t bits = 0;
  BFloat() = default;
  explicit BFloat(double value) : bits(BFloatFromDouble(value)) {}
  explicit operator double() const { return std::bit_cast<float>(uint32_t{bits} << 16); }
};

template <typename T>
inline constexpr bool kIsFloatStorage =
    std::is_floating_point_v<T> || std::is_same_v<T, Half> || std::is_same_v<T, BFloat>;

// What elements of T are computed in: double, or 64-bit integers that wrap around.
template <typename T>
using Wide = std::conditional_t<kIsFloatStorage<T>, double, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;

// Names a type to a generic lambda.
template <typename T>
struct Tag {
  using Type = T;
};

// Calls work(Tag<T>()) with the storage type of `type`.
template <typename Work>
decltype(auto) VisitType(ElementType type, Work&& work) {
  switch (type) {
    case ElementType::kBool:
      return work(Tag<bool>());
    case ElementType::kI8:
      return work(Tag<int8_t>());
    case ElementType::kI16:
      return work(Tag<int16_t>());
    case ElementType::kI32:
      return work(Tag<int32_t>());
    case ElementType::kI64:
      return work(Tag<int64_t>());
    case ElementType::kU8:
      return work(Tag<uint8_t>());
    case ElementType::kU16:
      return work(Tag<uint16_t>());
    case ElementType::kU32:
      return work(Tag<uint32_t>());
    case ElementType::kU64:
      return work(Tag<uint64_t>());
    case ElementType::kF16:
      return work(Tag<Half>());
    case ElementType::kBF16:
      return work(Tag<BFloat>());
    case ElementType::kF64:
      return work(Tag<double>());
    case ElementType::kF32:
      break;
  }
  return work(Tag<float>());
}

// Calls work(Tag<T>()) with an unsigned integer as wide as an element of `type`: for kernels that only move elements.
template <typename Work>
decltype(auto) VisitWidth(ElementType type, Work&& work) {
  switch (ElementBytes(type)) {
    case 1:
      return work(Tag<uint8_t>());
    case 2:
      return work(Tag<uint16_t>());
    case 8:
      return work(Tag<uint64_t>());
    default:
      return work(Tag<uint32_t>());
  }
}

// The elements of `view` as T, whatever name its type has.
template <typename T>
std::span<const T> ElementsOf(const TensorView& view) {
  return {reinterpret_cast<const T*>(view.bytes.data()), view.bytes.size() / sizeof(T)};
}

// An index tensor's element: int32 or int64.
inline int64_t IndexAt(const TensorView& view, uint64_t i) {
  return view.type == ElementType::kI64 ? ElementsOf<int64_t>(view)[i] : ElementsOf<int32_t>(view)[i];
}

}  // namespace plumb::reference

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_TYPED_H_
