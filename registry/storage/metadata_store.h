// Where the registry keeps everything but chunk data: ordered keys and atomic transactions.
//
// The interface is as small as it is so that an embedded engine and a database server can
// both stand behind it. docs/storage.md lists the keys.
#ifndef PLUMB_REGISTRY_STORAGE_METADATA_STORE_H_
#define PLUMB_REGISTRY_STORAGE_METADATA_STORE_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace plumb {

// Changes that happen together or not at all, if what they were based on still stands.
struct Transaction {
  struct Condition {
    std::string key;
    std::optional<std::string> value;  // No value: the key must be absent.
  };
  std::vector<Condition> conditions;
  std::vector<std::pair<std::string, std::string>> puts;
  std::vector<std::string> deletes;  // Deleting an absent key is no error.

  void RequireAbsent(std::string key) { conditions.push_back({std::move(key), std::nullopt}); }
  void RequireValue(std::string key, std::string value) { conditions.push_back({std::move(key), std::move(value)}); }
  void Put(std::string key, std::string value) { puts.emplace_back(std::move(key), std::move(value)); }
  void Delete(std::string key) { deletes.push_back(std::move(key)); }
};

// Keys are byte strings ordered bytewise. Thread-safe.
class MetadataStore {
 public:
  // Sees one entry; returns false to end the scan. The views live for the call. It must not
  // call Commit on the same store.
  using Visitor = std::function<bool(std::string_view key, std::string_view value)>;

  virtual ~MetadataStore() = default;

  // The value of `key`; NOT_FOUND when it is absent.
  virtual absl::StatusOr<std::string> Get(std::string_view key) const = 0;

  // Visits, in order, every entry whose key starts with `prefix` and is greater than
  // `start_after` (a whole key; empty for all), as the store stood when the scan began.
  virtual absl::Status Scan(std::string_view prefix, std::string_view start_after, const Visitor& visitor) const = 0;

  // Applies `transaction` atomically; durable when it returns OK. Within one transaction a
  // key is put or deleted at most once. ABORTED, and nothing changed, when a condition does
  // not hold. RESOURCE_EXHAUSTED when the disk is full.
  virtual absl::Status Commit(const Transaction& transaction) = 0;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_METADATA_STORE_H_
