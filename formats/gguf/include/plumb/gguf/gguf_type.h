// The type numbers of a GGUF file.
#ifndef PLUMB_GGUF_GGUF_TYPE_H_
#define PLUMB_GGUF_GGUF_TYPE_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "plumb/weights/dtype.h"

namespace plumb::gguf {

// The element type that a tensor's type number means; nullopt for one that is unknown or was removed from ggml.
std::optional<DType> DTypeOfGgml(uint32_t number);
// The inverse; nullopt for a type that a GGUF file cannot hold.
std::optional<uint32_t> GgmlOfDType(DType dtype);

// Types of key-values, by their numbers in the file.
enum class ValueType : uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};

// A value's type as MetadataEntry::stored_as names it: `u8`, `f32`, `bool`, `str`, ...; in an array `[u8]`, ....
struct StoredType {
  ValueType type = ValueType::kU8;  // Of the elements, for an array; never kArray.
  bool array = false;
  friend bool operator==(const StoredType&, const StoredType&) = default;
};
std::string_view StoredTypeName(StoredType type);
std::optional<StoredType> ParseStoredType(std::string_view name);

// Bytes of a number or bool; 0 for kString and kArray.
uint32_t ValueBytes(ValueType type);

}  // namespace plumb::gguf

#endif  // PLUMB_GGUF_GGUF_TYPE_H_
