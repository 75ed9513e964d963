#include "plumb/gguf/gguf_type.h"

#include <array>

namespace plumb::gguf {
namespace {

struct TensorType {
  uint32_t number;
  DType dtype;
};

// 4, 5, 31 to 33 and 36 to 38 were removed.
constexpr TensorType kTensorTypes[] = {
    {0, DType::kF32},     {1, DType::kF16},      {2, DType::kQ4_0},   {3, DType::kQ4_1},    {6, DType::kQ5_0},
    {7, DType::kQ5_1},    {8, DType::kQ8_0},     {9, DType::kQ8_1},   {10, DType::kQ2_K},   {11, DType::kQ3_K},
    {12, DType::kQ4_K},   {13, DType::kQ5_K},    {14, DType::kQ6_K},  {15, DType::kQ8_K},   {16, DType::kIQ2_XXS},
    {17, DType::kIQ2_XS}, {18, DType::kIQ3_XXS}, {19, DType::kIQ1_S}, {20, DType::kIQ4_NL}, {21, DType::kIQ3_S},
    {22, DType::kIQ2_S},  {23, DType::kIQ4_XS},  {24, DType::kI8},    {25, DType::kI16},    {26, DType::kI32},
    {27, DType::kI64},    {28, DType::kF64},     {29, DType::kIQ1_M}, {30, DType::kBF16},   {34, DType::kTQ1_0},
    {35, DType::kTQ2_0},  {39, DType::kMXFP4},   {40, DType::kNVFP4}, {41, DType::kQ1_0},   {42, DType::kQ2_0},
};

struct ValueName {
  std::string_view single;
  std::string_view array;
  uint32_t bytes;
};

// Indexed by ValueType; an array has no name of its own.
constexpr std::array<ValueName, 13> kValueNames = {{{"u8", "[u8]", 1},
                                                    {"i8", "[i8]", 1},
                                                    {"u16", "[u16]", 2},
                                                    {"i16", "[i16]", 2},
                                                    {"u32", "[u32]", 4},
                                                    {"i32", "[i32]", 4},
                                                    {"f32", "[f32]", 4},
                                                    {"bool", "[bool]", 1},
                                                    {"str", "[str]", 0},
                                                    {"", "", 0},
                                                    {"u64", "[u64]", 8},
                                                    {"i64", "[i64]", 8},
                                                    {"f64", "[f64]", 8}}};

}  // namespace

std::optional<DType> DTypeOfGgml(uint32_t number) {
  for (const TensorType& type : kTensorTypes) {
    if (type.number == number) return type.dtype;
  }
  return std::nullopt;
}

std::optional<uint32_t> GgmlOfDType(DType dtype) {
  for (const TensorType& type : kTensorTypes) {
    if (type.dtype == dtype) return type.number;
  }
  return std::nullopt;
}

std::string_view StoredTypeName(StoredType type) {
  const ValueName& name = kValueNames[static_cast<size_t>(type.type)];
  return type.array ? name.array : name.single;
}

std::optional<StoredType> ParseStoredType(std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (size_t i = 0; i < kValueNames.size(); ++i) {
    if (kValueNames[i].single == name) return StoredType{static_cast<ValueType>(i), false};
    if (kValueNames[i].array == name) return StoredType{static_cast<ValueType>(i), true};
  }
  return std::nullopt;
}

uint32_t ValueBytes(ValueType type) { return kValueNames[static_cast<size_t>(type)].bytes; }

}  // namespace plumb::gguf
