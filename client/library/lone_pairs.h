// Pairs of tensors that names leave alone, by what is in them.
#ifndef PLUMB_CLIENT_LIBRARY_LONE_PAIRS_H_
#define PLUMB_CLIENT_LIBRARY_LONE_PAIRS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/library/model_side.h"
#include "plumb/client/operation.h"

namespace plumb {

// Moves what values pair from `pairing`'s lone tensors to `pairs`: of equal content, then kernels with their axes
// reordered. What is left of an ONNX graph and is no weight goes to what is not counted.
absl::Status PairLones(const ModelSide& a, const ModelSide& b, const Operation& operation, Pairing* pairing,
                       std::vector<DiffedPair>* pairs);

// Whether what is left of both may be one folded into the other (MayBeFolded, client/library/lone_tensors.h).
absl::StatusOr<bool> IsFolded(const ModelSide& a, const ModelSide& b, const Operation& operation,
                              const Pairing& pairing);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_LONE_PAIRS_H_
