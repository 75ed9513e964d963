// The metadata store in RocksDB, the default for one machine.
#ifndef PLUMB_REGISTRY_STORAGE_ROCKSDB_METADATA_STORE_H_
#define PLUMB_REGISTRY_STORAGE_ROCKSDB_METADATA_STORE_H_

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "registry/storage/metadata_store.h"

namespace rocksdb {
class DB;
}  // namespace rocksdb

namespace plumb {

// Writes its log to the disk before Commit returns. Takes about 30 MiB of memory whatever
// its size. Thread-safe; one process at a time.
class RocksDbMetadataStore : public MetadataStore {
 public:
  // Opens the database in the folder `path`, making it when missing. Keys a crash left half
  // written are dropped. Errors carry ErrorClass::kLocalStorage.
  static absl::StatusOr<std::unique_ptr<RocksDbMetadataStore>> New(const std::string& path);
  ~RocksDbMetadataStore() override;

  absl::StatusOr<std::string> Get(std::string_view key) const override;
  absl::Status Scan(std::string_view prefix, std::string_view start_after, const Visitor& visitor) const override;
  absl::Status Commit(const Transaction& transaction) override;

 private:
  explicit RocksDbMetadataStore(std::unique_ptr<rocksdb::DB> db);
  absl::Status CheckConditions(const Transaction& transaction) const;

  std::unique_ptr<rocksdb::DB> db_;
  std::mutex commit_mutex_;    // Makes checking and writing one step.
  bool needs_resume_ = false;  // The last write failed, so RocksDB refuses more until told. Under commit_mutex_.
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_ROCKSDB_METADATA_STORE_H_
