// `model.safetensors.index.json`, `pytorch_model.bin.index.json`: which shard holds which tensor.
#ifndef PLUMB_WEIGHTS_SHARD_INDEX_H_
#define PLUMB_WEIGHTS_SHARD_INDEX_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace plumb {

// A parsed index. Plain value.
struct ShardIndex {
  // Tensor name to the shard's file name, which is a plain name without `/`.
  std::map<std::string, std::string> shard_of;
  // Names of the shards, sorted, each once.
  std::vector<std::string> shards;
  // `metadata.total_size`, where it is a whole number. Not to be relied on: some writers count the tensors' bytes,
  // others the files'.
  std::optional<uint64_t> total_bytes;

  // INVALID_ARGUMENT (ErrorClass::kPolicy) for anything but {"metadata": {...}, "weight_map": {tensor: file}}
  // with at most limits::kShardsMax shards that end in `ending`, and whose `-NNNNN-of-NNNNN` numbers, where present,
  // are complete.
  static absl::StatusOr<ShardIndex> Parse(std::string_view json, std::string_view ending = ".safetensors");
};

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_SHARD_INDEX_H_
