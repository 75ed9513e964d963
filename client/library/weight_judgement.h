// What is said of tensors whose values were looked at.
#ifndef PLUMB_CLIENT_LIBRARY_WEIGHT_JUDGEMENT_H_
#define PLUMB_CLIENT_LIBRARY_WEIGHT_JUDGEMENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "plumb/weights/statistics.h"

namespace plumb {

// One tensor. Plain value.
struct JudgedTensor {
  std::string file;
  std::string name;
  std::vector<uint64_t> shape;
  TensorStatistics statistics;
  uint64_t bad_blocks = 0;  // Blocks whose scale is NaN or infinite.
  bool sampled = false;     // Only part of it was looked at.
  size_t content = 0;       // The same for tensors of the same bytes, other than zeros; 0 when that is not known.
};

// A sentence for each kind of thing that looks like damage, naming some tensors. A warning must be earned: sound models
// have infinite bounds and masks, zeros where a part has yet to learn, norms and biases of any size, and one matrix in
// two places.
//   NaN, Inf     Inf among values that differ; not where a name says mask or bound. Of blocks, as their scale.
//   zeros        a matrix that was looked at whole, unless a name says that zeros are its beginning, or the same matrix
//                is zeros in all layers
//   duplicates   the same matrix in two layers, and not in all
//   outliers     the root mean square is more than 4 times, and far out of the spread, off the median of at least
//                kSiblingsMin matrices of the same name but for its numbers, and the same shape
std::vector<std::string> JudgeWeights(const std::vector<JudgedTensor>& tensors);

inline constexpr size_t kSiblingsMin = 6;

// `name` with every number between dots replaced by `*`: the same for a role in all layers.
std::string RoleOf(const std::string& name);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_WEIGHT_JUDGEMENT_H_
