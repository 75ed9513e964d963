#include "registry/storage/rocksdb_metadata_store.h"

#include <utility>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/hex.h"
#include "plumb/base/status.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/options.h"
#include "rocksdb/table.h"
#include "rocksdb/write_batch.h"

namespace plumb {
namespace {

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }

absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return absl::OkStatus();
  std::string message = fmt::format("{}: {}", what, status.ToString());
  if (status.IsNoSpace()) {
    return WithErrorClass(absl::ResourceExhaustedError(message), ErrorClass::kLocalStorage);
  }
  if (status.IsCorruption()) return WithErrorClass(DataLoss(message), ErrorClass::kLocalStorage);
  return WithErrorClass(Internal(message), ErrorClass::kLocalStorage);
}

rocksdb::Options DatabaseOptions() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = 4u << 20;
  options.max_write_buffer_number = 3;
  options.max_open_files = 256;
  options.max_total_wal_size = 16u << 20;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 4u << 20;
  // After power loss the log ends at its first damaged record; what was synced stands before it.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(8u << 20);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RocksDbMetadataStore>> RocksDbMetadataStore::New(const std::string& path) {
  PLUMB_RETURN_IF_ERROR(MakeDirectories(path, 0700));
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(DatabaseOptions(), path, &db);
  if (!status.ok()) return FromRocksDb(status, fmt::format("open metadata store {}", path));
  return std::unique_ptr<RocksDbMetadataStore>(new RocksDbMetadataStore(std::unique_ptr<rocksdb::DB>(db)));
}

RocksDbMetadataStore::RocksDbMetadataStore(std::unique_ptr<rocksdb::DB> db) : db_(std::move(db)) {}

RocksDbMetadataStore::~RocksDbMetadataStore() = default;

absl::StatusOr<std::string> RocksDbMetadataStore::Get(std::string_view key) const {
  std::string value;
  rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), ToSlice(key), &value);
  if (status.IsNotFound()) return NotFound(fmt::format("no metadata under key {}", HexEncode(AsBytes(key))));
  if (!status.ok()) return FromRocksDb(status, "read metadata");
  return value;
}

absl::Status RocksDbMetadataStore::Scan(std::string_view prefix, std::string_view start_after,
                                        const Visitor& visitor) const {
  std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions()));
  it->Seek(ToSlice(start_after > prefix ? start_after : prefix));
  if (it->Valid() && !start_after.empty() && it->key() == ToSlice(start_after)) it->Next();
  for (; it->Valid() && it->key().starts_with(ToSlice(prefix)); it->Next()) {
    std::string_view key(it->key().data(), it->key().size());
    std::string_view value(it->value().data(), it->value().size());
    if (!visitor(key, value)) break;
  }
  return FromRocksDb(it->status(), "scan metadata");
}

absl::Status RocksDbMetadataStore::CheckConditions(const Transaction& transaction) const {
  for (const auto& condition : transaction.conditions) {
    std::string value;
    rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), ToSlice(condition.key), &value);
    if (!status.ok() && !status.IsNotFound()) return FromRocksDb(status, "read metadata");
    bool holds = condition.value.has_value() ? status.ok() && value == *condition.value : status.IsNotFound();
    if (!holds) return absl::AbortedError("another change came first");
  }
  return absl::OkStatus();
}

absl::Status RocksDbMetadataStore::Commit(const Transaction& transaction) {
  std::lock_guard lock(commit_mutex_);
  if (needs_resume_) {
    PLUMB_RETURN_IF_ERROR(FromRocksDb(db_->Resume(), "resume the metadata store after a failed write"));
    needs_resume_ = false;
  }
  PLUMB_RETURN_IF_ERROR(CheckConditions(transaction));
  rocksdb::WriteBatch batch;
  for (const std::string& key : transaction.deletes) batch.Delete(key);
  for (const auto& [key, value] : transaction.puts) batch.Put(key, value);
  rocksdb::WriteOptions options;
  options.sync = true;
  rocksdb::Status status = db_->Write(options, &batch);
  needs_resume_ = !status.ok();
  return FromRocksDb(status, "write metadata");
}

}  // namespace plumb
