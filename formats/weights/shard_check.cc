#include "formats/weights/shard_check.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::Status Refuse(std::string message) {
  return WithErrorClass(InvalidArgument(std::move(message)), ErrorClass::kPolicy);
}

// Every tensor of the shard must be given to it by the index.
absl::Status CheckShard(const ShardIndex& index, const std::string& shard, const SafetensorsHeader& header) {
  for (const TensorInfo& tensor : header.tensors()) {
    auto entry = index.shard_of.find(tensor.name);
    if (entry == index.shard_of.end() || entry->second != shard) {
      return Refuse(fmt::format("shard {} holds tensor {}, which the index places {}", shard,
                                QuoteForMessage(tensor.name),
                                entry == index.shard_of.end() ? "nowhere" : "in " + entry->second));
    }
  }
  return absl::OkStatus();
}

// With every shard's tensors among the index's, equal numbers mean equal sets; else names one that is missing.
absl::Status CheckNoneMissing(const ShardIndex& index, std::span<const SafetensorsHeader* const> headers) {
  size_t held = 0;
  for (const SafetensorsHeader* header : headers) held += header->tensors().size();
  if (held == index.shard_of.size()) return absl::OkStatus();
  for (const auto& [tensor, shard] : index.shard_of) {
    auto place = std::lower_bound(index.shards.begin(), index.shards.end(), shard) - index.shards.begin();
    if (headers[static_cast<size_t>(place)]->Find(tensor) == nullptr) {
      return Refuse(
          fmt::format("shard {} lacks tensor {}, which the index places there", shard, QuoteForMessage(tensor)));
    }
  }
  return Internal("shards and index disagree");
}

}  // namespace

absl::StatusOr<ShardIndex> ReadShardIndex(const ByteSource& bytes, std::string_view path) {
  if (bytes.Size() > limits::kShardIndexBytesMax) {
    return Refuse(fmt::format("{} has {} bytes, at most {} are read", path, bytes.Size(), limits::kShardIndexBytesMax));
  }
  std::string json(bytes.Size(), '\0');
  absl::Status status = bytes.Read(0, {reinterpret_cast<uint8_t*>(json.data()), json.size()});
  if (!status.ok()) return Annotate(status, path);
  absl::StatusOr<ShardIndex> index = ShardIndex::Parse(json);
  if (!index.ok()) return Annotate(index.status(), path);
  return index;
}

absl::Status CheckShards(const ShardIndex& index, std::span<const SafetensorsHeader* const> headers) {
  for (size_t i = 0; i < headers.size(); ++i) {
    PLUMB_RETURN_IF_ERROR(CheckShard(index, index.shards[i], *headers[i]));
  }
  return CheckNoneMissing(index, headers);
}

}  // namespace plumb
