#include "formats/comparison/type_bounds.h"

namespace plumb {

bool HoldsFloat32(DType dtype) { return dtype == DType::kF32 || dtype == DType::kF64; }

std::optional<TypeBound> BoundOf(DType dtype) {
  // For blocks: two steps of the grid that the largest magnitude spans, or one and a half where the grid has a minimum
  // of its own. Encoders that search for a scale let the extremes fall off the grid by nearly as much.
  switch (dtype) {
    case DType::kF32:
    case DType::kF64:
      return TypeBound{};
    case DType::kF16:
      return TypeBound{.relative = 0x1p-10, .absolute = 0x1p-24};
    case DType::kBF16:
      return TypeBound{.relative = 0x1p-7, .absolute = 0x1p-133};
    case DType::kF8E4M3:
    case DType::kF8E4M3Fnuz:
      return TypeBound{.relative = 0x1p-3, .absolute = 0x1p-9};
    case DType::kF8E5M2:
    case DType::kF8E5M2Fnuz:
      return TypeBound{.relative = 0x1p-2, .absolute = 0x1p-16};
    case DType::kQ8_0:
    case DType::kQ8_1:
      return TypeBound{.group = 32, .of_largest = 1.0 / 127};
    case DType::kQ8_K:
      return TypeBound{.group = 256, .of_largest = 1.0 / 127};
    case DType::kQ4_0:
      return TypeBound{.group = 32, .of_largest = 2.0 / 8};
    case DType::kQ4_1:
      return TypeBound{.group = 32, .of_largest = 3.0 / 15};
    case DType::kQ5_0:
      return TypeBound{.group = 32, .of_largest = 2.0 / 16};
    case DType::kQ5_1:
      return TypeBound{.group = 32, .of_largest = 3.0 / 31};
    case DType::kQ2_K:
      return TypeBound{.group = 256, .of_largest = 3.0 / 3};
    case DType::kQ3_K:
      return TypeBound{.group = 256, .of_largest = 2.0 / 4};
    case DType::kQ4_K:
      return TypeBound{.group = 256, .of_largest = 3.0 / 15};
    case DType::kQ5_K:
      return TypeBound{.group = 256, .of_largest = 3.0 / 31};
    case DType::kQ6_K:
      return TypeBound{.group = 256, .of_largest = 2.0 / 32};
    case DType::kIQ4_NL:
      return TypeBound{.group = 32, .of_largest = 24.0 / 113};
    case DType::kIQ4_XS:
      return TypeBound{.group = 256, .of_largest = 24.0 / 113};
    case DType::kMXFP4:
      return TypeBound{.group = 32, .of_largest = 1.0 / 3};
    case DType::kTQ1_0:
    case DType::kTQ2_0:
      return TypeBound{.group = 256, .of_largest = 0.51};
    default:
      return std::nullopt;
  }
}

}  // namespace plumb
