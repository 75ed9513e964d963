#include "plumb/weights/metadata.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace plumb {
namespace {

std::vector<uint32_t> SortedByKey(const std::vector<MetadataEntry>& entries) {
  std::vector<uint32_t> order(entries.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return entries[a].key < entries[b].key; });
  return order;
}

}  // namespace

Metadata::Metadata(std::vector<MetadataEntry> entries) : entries_(std::move(entries)), by_key_(SortedByKey(entries_)) {}

std::optional<std::string> Metadata::FindDuplicate(const std::vector<MetadataEntry>& entries) {
  std::vector<uint32_t> order = SortedByKey(entries);
  auto twin = std::adjacent_find(order.begin(), order.end(),
                                 [&](uint32_t a, uint32_t b) { return entries[a].key == entries[b].key; });
  if (twin == order.end()) return std::nullopt;
  return entries[*twin].key;
}

const MetadataValue* Metadata::Find(std::string_view key) const {
  auto found = std::lower_bound(by_key_.begin(), by_key_.end(), key,
                                [&](uint32_t index, std::string_view wanted) { return entries_[index].key < wanted; });
  return found != by_key_.end() && entries_[*found].key == key ? &entries_[*found].value : nullptr;
}

std::optional<uint64_t> Metadata::Unsigned(std::string_view key) const {
  if (const uint64_t* value = Get<uint64_t>(key)) return *value;
  const int64_t* value = Get<int64_t>(key);
  return value != nullptr && *value >= 0 ? std::optional(static_cast<uint64_t>(*value)) : std::nullopt;
}

std::optional<int64_t> Metadata::Signed(std::string_view key) const {
  if (const int64_t* value = Get<int64_t>(key)) return *value;
  const uint64_t* value = Get<uint64_t>(key);
  return value != nullptr && *value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())
             ? std::optional(static_cast<int64_t>(*value))
             : std::nullopt;
}

std::optional<double> Metadata::Number(std::string_view key) const {
  if (const double* value = Get<double>(key)) return *value;
  if (const int64_t* value = Get<int64_t>(key)) return static_cast<double>(*value);
  if (const uint64_t* value = Get<uint64_t>(key)) return static_cast<double>(*value);
  return std::nullopt;
}

}  // namespace plumb
