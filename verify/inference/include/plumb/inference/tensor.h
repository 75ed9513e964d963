// Tensors in this process's memory: their types, shapes and values.
#ifndef PLUMB_INFERENCE_TENSOR_H_
#define PLUMB_INFERENCE_TENSOR_H_

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plumb {

// Sizes of a tensor's dimensions, outermost first; empty for a scalar.
using Shape = std::vector<uint64_t>;

// What a value's elements are. Bools are one byte, 0 or 1.
enum class ElementType { kF32, kI32, kBool, kI8, kI16, kI64, kU8, kU16, kU32, kU64, kF16, kBF16, kF64 };

// `f32`, `i64`, `bool`, ...
std::string_view ElementTypeName(ElementType type);
// Bytes of one element: 1, 2, 4 or 8.
uint64_t ElementBytes(ElementType type);
// F16, BF16, F32 and F64.
bool IsFloat(ElementType type);

// Product of the dimensions, or nullopt when it exceeds limits::kTensorElementsMax.
std::optional<uint64_t> ElementCount(const Shape& shape);
// `[2, 128, 256]`.
std::string ShapeText(const Shape& shape);

// The element type that a C++ type is; F16 and BF16 have none.
template <typename T>
constexpr ElementType ElementTypeOf();
template <>
constexpr ElementType ElementTypeOf<float>() {
  return ElementType::kF32;
}
template <>
constexpr ElementType ElementTypeOf<double>() {
  return ElementType::kF64;
}
template <>
constexpr ElementType ElementTypeOf<bool>() {
  return ElementType::kBool;
}
template <>
constexpr ElementType ElementTypeOf<int8_t>() {
  return ElementType::kI8;
}
template <>
constexpr ElementType ElementTypeOf<int16_t>() {
  return ElementType::kI16;
}
template <>
constexpr ElementType ElementTypeOf<int32_t>() {
  return ElementType::kI32;
}
template <>
constexpr ElementType ElementTypeOf<int64_t>() {
  return ElementType::kI64;
}
template <>
constexpr ElementType ElementTypeOf<uint8_t>() {
  return ElementType::kU8;
}
template <>
constexpr ElementType ElementTypeOf<uint16_t>() {
  return ElementType::kU16;
}
template <>
constexpr ElementType ElementTypeOf<uint32_t>() {
  return ElementType::kU32;
}
template <>
constexpr ElementType ElementTypeOf<uint64_t>() {
  return ElementType::kU64;
}

// Elements that somebody else owns: row-major, in this machine's byte order, aligned to their size.
struct TensorView {
  ElementType type = ElementType::kF32;
  std::span<const uint8_t> bytes;

  uint64_t count() const { return bytes.size() / ElementBytes(type); }
  // REQUIRES: type == ElementTypeOf<T>().
  template <typename T>
  std::span<const T> As() const {
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  template <typename T>
  static TensorView Of(std::span<const T> values) {
    return {ElementTypeOf<T>(), {reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()}};
  }
};

// A tensor that owns its elements; bytes.size() is ElementCount(shape) * ElementBytes(type).
struct TensorValue {
  ElementType type = ElementType::kF32;
  Shape shape;
  std::vector<uint8_t> bytes;

  TensorView view() const { return {type, bytes}; }
  // REQUIRES: type == ElementTypeOf<T>().
  template <typename T>
  std::span<const T> As() const {
    return view().As<T>();
  }
  template <typename T>
  static TensorValue Of(Shape shape, std::span<const T> values) {
    TensorValue value = {ElementTypeOf<T>(), std::move(shape), std::vector<uint8_t>(values.size_bytes())};
    if (!values.empty()) std::memcpy(value.bytes.data(), values.data(), values.size_bytes());
    return value;
  }
};

}  // namespace plumb

#endif  // PLUMB_INFERENCE_TENSOR_H_
