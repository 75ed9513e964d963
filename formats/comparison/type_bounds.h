// How far a value may move when it is stored in an element type.
#ifndef PLUMB_FORMATS_COMPARISON_TYPE_BOUNDS_H_
#define PLUMB_FORMATS_COMPARISON_TYPE_BOUNDS_H_

#include <cstdint>
#include <optional>

#include "plumb/weights/dtype.h"

namespace plumb {

// An element x of a group moves by at most relative * |x| + of_largest * (largest magnitude in the group) + absolute.
struct TypeBound {
  uint32_t group = 1;  // Elements, along the last dimension.
  double relative = 0;
  double of_largest = 0;
  double absolute = 0;
};

// nullopt for a type of which no bound is known (IQ1 to IQ3: their grids have none that says anything).
std::optional<TypeBound> BoundOf(DType dtype);

}  // namespace plumb

#endif  // PLUMB_FORMATS_COMPARISON_TYPE_BOUNDS_H_
