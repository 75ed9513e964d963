// A shard index beside the shards it speaks of.
#ifndef PLUMB_FORMATS_WEIGHTS_SHARD_CHECK_H_
#define PLUMB_FORMATS_WEIGHTS_SHARD_CHECK_H_

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"
#include "plumb/weights/safetensors.h"
#include "plumb/weights/shard_index.h"

namespace plumb {

// Reads and parses an index of at most limits::kShardIndexBytesMax bytes; `path` is for messages.
absl::StatusOr<ShardIndex> ReadShardIndex(const ByteSource& bytes, std::string_view path);

// INVALID_ARGUMENT (ErrorClass::kPolicy) unless every shard holds exactly the tensors that the index gives it.
// `headers` is parallel to index.shards.
absl::Status CheckShards(const ShardIndex& index, std::span<const SafetensorsHeader* const> headers);

}  // namespace plumb

#endif  // PLUMB_FORMATS_WEIGHTS_SHARD_CHECK_H_
