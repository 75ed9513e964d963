// A metadata store that forgets: for tests, and the model that other engines are held to.
#ifndef PLUMB_REGISTRY_STORAGE_MEMORY_METADATA_STORE_H_
#define PLUMB_REGISTRY_STORAGE_MEMORY_METADATA_STORE_H_

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "registry/storage/metadata_store.h"

namespace plumb {

// Keeps everything in an ordered map. Thread-safe. Nothing survives the object.
class MemoryMetadataStore : public MetadataStore {
 public:
  absl::StatusOr<std::string> Get(std::string_view key) const override;
  absl::Status Scan(std::string_view prefix, std::string_view start_after, const Visitor& visitor) const override;
  absl::Status Commit(const Transaction& transaction) override;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> entries_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_MEMORY_METADATA_STORE_H_
