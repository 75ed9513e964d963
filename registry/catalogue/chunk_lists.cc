#include "registry/catalogue/chunk_lists.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "registry/catalogue/chunk_list_codec.h"
#include "registry/catalogue/keys.h"

namespace plumb {
namespace {

bool IsEmptyList(const Digest& tree_root) {
  static const Digest root = MerkleRootBuilder().Root();
  return tree_root == root;
}

uint32_t PageCount(const ChunkListInfo& info) {
  return static_cast<uint32_t>((info.chunk_count + ChunkLists::kChunksPerPage - 1) / ChunkLists::kChunksPerPage);
}

}  // namespace

absl::Status ChunkLists::RemoveUnfinished() {
  std::vector<std::string> page_sets;
  PLUMB_RETURN_IF_ERROR(store_->Scan(keys::kListStaging, "", [&](std::string_view key, std::string_view) {
    page_sets.emplace_back(key.substr(keys::kListStaging.size()));
    return true;
  }));
  for (const std::string& page_set : page_sets) PLUMB_RETURN_IF_ERROR(RemovePages(page_set, Transaction()));
  return absl::OkStatus();
}

absl::Status ChunkLists::RemovePages(const std::string& page_set, Transaction transaction) {
  PLUMB_RETURN_IF_ERROR(store_->Scan(keys::ListPagePrefix(page_set), "", [&](std::string_view key, std::string_view) {
    transaction.Delete(std::string(key));
    return true;
  }));
  transaction.Delete(keys::ListStaging(page_set));
  return store_->Commit(transaction);
}

absl::StatusOr<std::optional<ChunkListInfo>> ChunkLists::Find(const Digest& tree_root) const {
  if (IsEmptyList(tree_root)) return std::optional<ChunkListInfo>(ChunkListInfo{0, 0, clock_(), ""});
  absl::StatusOr<std::string> value = store_->Get(keys::List(tree_root));
  if (absl::IsNotFound(value.status())) return std::optional<ChunkListInfo>();
  if (!value.ok()) return value.status();
  PLUMB_ASSIGN_OR_RETURN(ChunkListInfo info, DecodeListInfo(*value));
  return std::optional<ChunkListInfo>(std::move(info));
}

absl::StatusOr<std::vector<Digest>> ChunkLists::Touch(std::span<const Digest> tree_roots) {
  auto rely = gate_->Rely();
  std::vector<Digest> missing;
  Transaction transaction;
  for (const Digest& root : tree_roots) {
    if (IsEmptyList(root)) continue;
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkListInfo> info, Find(root));
    if (!info.has_value()) {
      missing.push_back(root);
      continue;
    }
    info->touched = clock_();
    transaction.Put(keys::List(root), EncodeListInfo(*info));
  }
  if (!transaction.puts.empty()) PLUMB_RETURN_IF_ERROR(store_->Commit(transaction));
  return missing;
}

absl::StatusOr<std::vector<ChunkRef>> ChunkLists::ReadPage(const ChunkListInfo& info, const Digest& tree_root,
                                                           uint32_t page) const {
  absl::StatusOr<std::string> value = store_->Get(keys::ListPage(info.page_set, page));
  if (absl::IsNotFound(value.status())) {
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkListInfo> now, Find(tree_root));
    if (!now.has_value()) return NotFound(fmt::format("chunk list {} was collected as garbage", tree_root.ToHex()));
    return DataLoss(fmt::format("page {} of chunk list {} is gone", page, tree_root.ToHex()));
  }
  if (!value.ok()) return value.status();
  PLUMB_ASSIGN_OR_RETURN(std::vector<ChunkRef> chunks, DecodePage(*value));
  uint64_t expected = std::min<uint64_t>(kChunksPerPage, info.chunk_count - uint64_t{page} * kChunksPerPage);
  if (chunks.size() != expected) {
    return DataLoss(fmt::format("page {} of chunk list {} has {} chunks, expected {}", page, tree_root.ToHex(),
                                chunks.size(), expected));
  }
  return chunks;
}

absl::StatusOr<std::vector<ChunkRef>> ChunkLists::Read(const Digest& tree_root, uint64_t first, uint64_t count) const {
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkListInfo> info, Find(tree_root));
  if (!info.has_value()) return NotFound(fmt::format("no chunk list with the tree root {}", tree_root.ToHex()));
  std::vector<ChunkRef> chunks;
  if (first >= info->chunk_count) return chunks;
  uint64_t end = first + std::min(count, info->chunk_count - first);
  while (first < end) {
    PLUMB_ASSIGN_OR_RETURN(std::vector<ChunkRef> page,
                           ReadPage(*info, tree_root, static_cast<uint32_t>(first / kChunksPerPage)));
    uint64_t from = first % kChunksPerPage;
    uint64_t taken = std::min<uint64_t>(page.size() - from, end - first);
    chunks.insert(chunks.end(), page.begin() + static_cast<ptrdiff_t>(from),
                  page.begin() + static_cast<ptrdiff_t>(from + taken));
    first += taken;
  }
  return chunks;
}

absl::Status ChunkLists::ForEachPage(const Digest& tree_root, const PageVisitor& visitor) const {
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkListInfo> info, Find(tree_root));
  if (!info.has_value()) return NotFound(fmt::format("no chunk list with the tree root {}", tree_root.ToHex()));
  for (uint32_t page = 0; page < PageCount(*info); ++page) {
    PLUMB_ASSIGN_OR_RETURN(std::vector<ChunkRef> chunks, ReadPage(*info, tree_root, page));
    PLUMB_RETURN_IF_ERROR(visitor(uint64_t{page} * kChunksPerPage, chunks));
  }
  return absl::OkStatus();
}

absl::Status ChunkLists::ForEachList(const ListVisitor& visitor) const {
  absl::Status failure;
  PLUMB_RETURN_IF_ERROR(store_->Scan(keys::kLists, "", [&](std::string_view key, std::string_view value) {
    absl::StatusOr<Digest> root = Digest::FromBytes(key.substr(keys::kLists.size()));
    absl::StatusOr<ChunkListInfo> info = DecodeListInfo(value);
    failure = !root.ok() ? root.status() : !info.ok() ? info.status() : visitor(*root, *info);
    return failure.ok();
  }));
  return failure;
}

absl::Status ChunkLists::Remove(const Digest& tree_root) {
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkListInfo> info, Find(tree_root));
  if (!info.has_value() || info->page_set.empty()) return absl::OkStatus();
  Transaction transaction;
  transaction.Delete(keys::List(tree_root));
  PLUMB_RETURN_IF_ERROR(store_->Scan(keys::VerifiedPrefix(tree_root), "", [&](std::string_view key, std::string_view) {
    transaction.Delete(std::string(key));
    return true;
  }));
  return RemovePages(info->page_set, std::move(transaction));
}

}  // namespace plumb
