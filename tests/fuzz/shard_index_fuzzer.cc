// Any text as a shard index: what Parse accepts names plain files, each once, and every tensor one of them.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/weights/shard_index.h"
#include "tests/fuzz/allocation_bound.h"

namespace {

void Check(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plumb::fuzz::AllocationBound bound(size);
  auto index = plumb::ShardIndex::Parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!index.ok()) return 0;
  Check(!index->shards.empty() && index->shards.size() <= plumb::limits::kShardsMax);
  Check(std::is_sorted(index->shards.begin(), index->shards.end()));
  Check(std::adjacent_find(index->shards.begin(), index->shards.end()) == index->shards.end());
  for (const std::string& shard : index->shards) {
    Check(plumb::ValidateRelativePath(shard).ok() && shard.find('/') == shard.npos);
  }
  for (const auto& [tensor, shard] : index->shard_of) {
    Check(!tensor.empty() && tensor.find('\0') == tensor.npos);
    Check(std::binary_search(index->shards.begin(), index->shards.end(), shard));
  }
  return 0;
}
