#include "registry/storage/memory_metadata_store.h"

#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/hex.h"
#include "plumb/base/status.h"

namespace plumb {

absl::StatusOr<std::string> MemoryMetadataStore::Get(std::string_view key) const {
  std::lock_guard lock(mutex_);
  auto it = entries_.find(key);
  if (it == entries_.end()) return NotFound(fmt::format("no metadata under key {}", HexEncode(AsBytes(key))));
  return it->second;
}

absl::Status MemoryMetadataStore::Scan(std::string_view prefix, std::string_view start_after,
                                       const Visitor& visitor) const {
  // Copied out first, so that the visitor may call Get and Scan.
  std::vector<std::pair<std::string, std::string>> found;
  {
    std::lock_guard lock(mutex_);
    auto it = start_after > prefix ? entries_.upper_bound(start_after) : entries_.lower_bound(prefix);
    if (it != entries_.end() && it->first == start_after && !start_after.empty()) ++it;
    for (; it != entries_.end() && it->first.starts_with(prefix); ++it) found.push_back(*it);
  }
  for (const auto& [key, value] : found) {
    if (!visitor(key, value)) break;
  }
  return absl::OkStatus();
}

absl::Status MemoryMetadataStore::Commit(const Transaction& transaction) {
  std::lock_guard lock(mutex_);
  for (const auto& condition : transaction.conditions) {
    auto it = entries_.find(condition.key);
    bool holds =
        condition.value.has_value() ? it != entries_.end() && it->second == *condition.value : it == entries_.end();
    if (!holds) return absl::AbortedError("another change came first");
  }
  for (const std::string& key : transaction.deletes) entries_.erase(key);
  for (const auto& [key, value] : transaction.puts) entries_.insert_or_assign(key, value);
  return absl::OkStatus();
}

}  // namespace plumb
