// The layouts under which a tensor of one model lies over one of another.
#ifndef PLUMB_FORMATS_NAMING_PAIR_LAYOUT_H_
#define PLUMB_FORMATS_NAMING_PAIR_LAYOUT_H_

#include "plumb/naming/tensor_pairs.h"
#include "plumb/naming/tensor_roles.h"

namespace plumb {

// A tensor and what it is for.
struct RoledTensor {
  const SourceTensor* tensor = nullptr;
  const TensorRole* role = nullptr;
};

// Rows [first, first + count) of a tensor of the common form; all when count is 0.
struct RowSlice {
  uint64_t first = 0;
  uint64_t count = 0;
};

// Fills layout, candidates, mistakes and shapes_differ of `pair`. `facts`: of both models, for layouts that speak of heads.
void LayOver(const RoledTensor& a, RowSlice a_slice, const RoledTensor& b, RowSlice b_slice, const ModelFacts& facts,
             TensorPair* pair);

}  // namespace plumb

#endif  // PLUMB_FORMATS_NAMING_PAIR_LAYOUT_H_
