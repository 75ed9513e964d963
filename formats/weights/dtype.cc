#include "plumb/weights/dtype.h"

#include <array>

namespace plumb {
namespace {

struct Entry {
  std::string_view name;
  DTypeBlock block;
};

// Indexed by DType.
constexpr std::array<Entry, kDTypeCount> kTypes = {{
    {"BOOL", {1, 1}},       {"F4", {2, 1}},          {"F6_E2M3", {4, 3}},     {"F6_E3M2", {4, 3}},
    {"U8", {1, 1}},         {"I8", {1, 1}},          {"F8_E5M2", {1, 1}},     {"F8_E4M3", {1, 1}},
    {"F8_E8M0", {1, 1}},    {"F8_E4M3FNUZ", {1, 1}}, {"F8_E5M2FNUZ", {1, 1}}, {"I16", {1, 2}},
    {"U16", {1, 2}},        {"F16", {1, 2}},         {"BF16", {1, 2}},        {"I32", {1, 4}},
    {"U32", {1, 4}},        {"F32", {1, 4}},         {"C64", {1, 8}},         {"F64", {1, 8}},
    {"I64", {1, 8}},        {"U64", {1, 8}},         {"C32", {1, 4}},         {"C128", {1, 16}},
    {"I4", {2, 1}},         {"U4", {2, 1}},          {"I2", {4, 1}},          {"U2", {4, 1}},
    {"STRING", {1, 0}},     {"Q4_0", {32, 18}},      {"Q4_1", {32, 20}},      {"Q5_0", {32, 22}},
    {"Q5_1", {32, 24}},     {"Q8_0", {32, 34}},      {"Q8_1", {32, 36}},      {"Q2_K", {256, 84}},
    {"Q3_K", {256, 110}},   {"Q4_K", {256, 144}},    {"Q5_K", {256, 176}},    {"Q6_K", {256, 210}},
    {"Q8_K", {256, 292}},   {"IQ2_XXS", {256, 66}},  {"IQ2_XS", {256, 74}},   {"IQ3_XXS", {256, 98}},
    {"IQ1_S", {256, 50}},   {"IQ4_NL", {32, 18}},    {"IQ3_S", {256, 110}},   {"IQ2_S", {256, 82}},
    {"IQ4_XS", {256, 136}}, {"IQ1_M", {256, 56}},    {"TQ1_0", {256, 54}},    {"TQ2_0", {256, 66}},
    {"MXFP4", {32, 17}},    {"NVFP4", {64, 36}},     {"Q1_0", {128, 18}},     {"Q2_0", {64, 18}},
}};

}  // namespace

DTypeBlock BlockOf(DType dtype) { return kTypes[static_cast<size_t>(dtype)].block; }

unsigned DTypeBits(DType dtype) {
  DTypeBlock block = BlockOf(dtype);
  return IsGgmlBlockDType(dtype) ? 0 : block.bytes * 8 / block.elements;
}

std::string_view DTypeName(DType dtype) { return kTypes[static_cast<size_t>(dtype)].name; }

std::optional<DType> ParseDType(std::string_view name) {
  for (size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i].name == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

bool IsSafetensorsDType(DType dtype) { return dtype <= DType::kU64; }

bool IsGgmlBlockDType(DType dtype) { return dtype >= DType::kQ4_0; }

}  // namespace plumb
