#include "verify/inference/architectures/relative_buckets.h"

#include <algorithm>
#include <cmath>

namespace plumb {

bool AreValid(const RelativeBuckets& rules) {
  const uint64_t ways = rules.both_ways ? 2 : 1;
  const uint64_t exact = rules.buckets / ways / 2;
  return rules.buckets % ways == 0 && exact >= 1 && rules.distance_max > exact;
}

int32_t BucketOf(const RelativeBuckets& rules, int64_t distance) {
  auto buckets = static_cast<int32_t>(rules.buckets);
  int32_t first = 0;
  if (rules.both_ways) {
    buckets /= 2;
    if (distance > 0) first = buckets;
    distance = std::abs(distance);
  } else {
    distance = std::max<int64_t>(-distance, 0);
  }
  const int32_t exact = buckets / 2;
  if (distance < exact) return first + static_cast<int32_t>(distance);
  // In float32 as the models were trained: in double, powers would fall on the other side.
  const float share = std::log(static_cast<float>(distance) / static_cast<float>(exact)) /
                      static_cast<float>(std::log(static_cast<double>(rules.distance_max) / exact));
  const auto step = static_cast<int32_t>(share * static_cast<float>(buckets - exact));
  return first + std::min(exact + step, buckets - 1);
}

ValueId AddRelativeBias(LayerBuilder& builder, const std::string& name, const RelativeBuckets& rules, uint64_t heads,
                        uint64_t positions) {
  std::vector<int32_t> buckets;
  for (uint64_t query = 0; query < positions; ++query) {
    for (uint64_t key = 0; key < positions; ++key) {
      buckets.push_back(BucketOf(rules, static_cast<int64_t>(key) - static_cast<int64_t>(query)));
    }
  }
  ValueId ids = builder.Constant(name + ".buckets", TensorValue::Of<int32_t>({positions, positions}, buckets));
  ValueId rows = builder.Embedding(name, ids, rules.buckets, heads);
  return builder.Transpose(name + ".bias", rows, {2, 0, 1});
}

}  // namespace plumb
