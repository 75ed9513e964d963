// Relative positions in buckets, as T5 and MPNet weigh them: near ones one by one, far ones by the logarithm.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_RELATIVE_BUCKETS_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_RELATIVE_BUCKETS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "verify/inference/architectures/layer_builder.h"

namespace plumb {

// Tables of all pairs of positions grow with the square: models that need one take no longer sequences.
inline constexpr uint64_t kPairedPositionsMax = 8192;

struct RelativeBuckets {
  uint64_t buckets = 0;
  uint64_t distance_max = 0;  // From here on all are in the last bucket.
  bool both_ways = true;      // Half of the buckets for keys after the query; otherwise those are all in bucket 0.
};

// The bucket of a key `distance` places after its query. REQUIRES: at least 4 buckets (2 of one way), and distance_max
// above the number of buckets that hold one distance each.
int32_t BucketOf(const RelativeBuckets& rules, int64_t distance);

// Whether the rules can be followed; see BucketOf.
bool AreValid(const RelativeBuckets& rules);

// What is added to the scores of `positions` queries and as many keys, [heads, positions, positions], from
// `name`.weight [buckets, heads].
ValueId AddRelativeBias(LayerBuilder& builder, const std::string& name, const RelativeBuckets& rules, uint64_t heads,
                        uint64_t positions);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_RELATIVE_BUCKETS_H_
