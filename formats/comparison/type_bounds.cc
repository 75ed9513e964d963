#include "formats/comparison/type_bounds.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace plumb {
namespace {

// For blocks: two steps of the grid that the largest magnitude spans, or one and a half where the grid has a minimum of
// its own. Encoders that search for a scale let the extremes fall off the grid by nearly as much.
// clang-format off
constexpr std::pair<DType, TypeBound> kBounds[] = {
    {DType::kF32, {}},
    {DType::kF64, {}},
    {DType::kF16, {.relative = 0x1p-10, .absolute = 0x1p-24}},
    {DType::kBF16, {.relative = 0x1p-7, .absolute = 0x1p-133}},
    {DType::kF8E4M3, {.relative = 0x1p-3, .absolute = 0x1p-9}},
    {DType::kF8E4M3Fnuz, {.relative = 0x1p-3, .absolute = 0x1p-9}},
    {DType::kF8E5M2, {.relative = 0x1p-2, .absolute = 0x1p-16}},
    {DType::kF8E5M2Fnuz, {.relative = 0x1p-2, .absolute = 0x1p-16}},
    {DType::kQ8_0, {.group = 32, .of_largest = 1.0 / 127}},
    {DType::kQ8_1, {.group = 32, .of_largest = 1.0 / 127}},
    {DType::kQ8_K, {.group = 256, .of_largest = 1.0 / 127}},
    {DType::kQ4_0, {.group = 32, .of_largest = 2.0 / 8}},
    {DType::kQ4_1, {.group = 32, .of_largest = 3.0 / 15}},
    {DType::kQ5_0, {.group = 32, .of_largest = 2.0 / 16}},
    {DType::kQ5_1, {.group = 32, .of_largest = 3.0 / 31}},
    {DType::kQ2_K, {.group = 256, .of_largest = 3.0 / 3}},
    {DType::kQ3_K, {.group = 256, .of_largest = 2.0 / 4}},
    {DType::kQ4_K, {.group = 256, .of_largest = 3.0 / 15}},
    {DType::kQ5_K, {.group = 256, .of_largest = 3.0 / 31}},
    {DType::kQ6_K, {.group = 256, .of_largest = 2.0 / 32}},
    {DType::kIQ4_NL, {.group = 32, .of_largest = 24.0 / 113}},
    {DType::kIQ4_XS, {.group = 256, .of_largest = 24.0 / 113}},
    {DType::kMXFP4, {.group = 32, .of_largest = 1.0 / 3}},
    {DType::kTQ1_0, {.group = 256, .of_largest = 0.51}},
    {DType::kTQ2_0, {.group = 256, .of_largest = 0.51}},
};
// clang-format on

}  // namespace

std::optional<TypeBound> BoundOf(DType dtype) {
  const auto* found =
      std::find_if(std::begin(kBounds), std::end(kBounds), [dtype](const auto& entry) { return entry.first == dtype; });
  return found == std::end(kBounds) ? std::nullopt : std::optional(found->second);
}

}  // namespace plumb
