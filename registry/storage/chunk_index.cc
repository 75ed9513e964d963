#include "registry/storage/chunk_index.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr size_t kPageEntries = 1024;
constexpr std::chrono::minutes kTouchInterval(1);

}  // namespace

// One transaction with the packs that it changes.
class ChunkIndex::Changes {
 public:
  explicit Changes(const ChunkIndex* index) : index_(*index) {}

  Transaction& transaction() { return transaction_; }
  // The pack's state, as it will be.
  absl::StatusOr<PackState*> Pack(uint32_t pack) {
    auto known = packs_.find(pack);
    if (known != packs_.end()) return &known->second;
    PLUMB_ASSIGN_OR_RETURN(std::optional<PackState> state, index_.FindPack(pack));
    return &packs_.emplace(pack, state.value_or(PackState())).first->second;
  }
  // Counts a frame as live, or no longer.
  absl::Status Count(const FrameLocation& at, bool live) {
    PLUMB_ASSIGN_OR_RETURN(PackState * state, Pack(at.pack));
    state->live_bytes += live ? at.frame_bytes : -uint64_t{at.frame_bytes};
    state->live_chunks += live ? uint64_t{1} : -uint64_t{1};
    return absl::OkStatus();
  }
  absl::Status SetExtent(const Extent& extent) {
    PLUMB_ASSIGN_OR_RETURN(PackState * state, Pack(extent.pack));
    state->sealed = extent.sealed;
    state->file_bytes = extent.file_bytes;
    state->frame_bytes = extent.frame_bytes;
    return absl::OkStatus();
  }
  absl::Status DeleteChunk(const Digest& digest, const ChunkEntry& entry) {
    transaction_.Delete(chunk_keys::Chunk(digest));
    if (entry.base.has_value()) transaction_.Delete(chunk_keys::Difference(*entry.base, digest));
    return Count(entry.at, false);
  }
  absl::Status Commit() {
    for (const auto& [pack, state] : packs_) transaction_.Put(chunk_keys::Pack(pack), RenderPackState(state));
    bool empty = transaction_.puts.empty() && transaction_.deletes.empty();
    return empty ? absl::OkStatus() : index_.store_.Commit(transaction_);
  }

 private:
  const ChunkIndex& index_;
  Transaction transaction_;
  std::map<uint32_t, PackState> packs_;
};

absl::StatusOr<std::optional<ChunkEntry>> ChunkIndex::Find(const Digest& digest) const {
  absl::StatusOr<std::string> bytes = store_.Get(chunk_keys::Chunk(digest));
  if (absl::IsNotFound(bytes.status())) return std::optional<ChunkEntry>();
  PLUMB_RETURN_IF_ERROR(bytes.status());
  absl::StatusOr<ChunkEntry> entry = ParseChunkEntry(*bytes);
  if (!entry.ok()) return Annotate(entry.status(), fmt::format("chunk {}", digest.ToHex()));
  return std::optional<ChunkEntry>(*std::move(entry));
}

absl::StatusOr<std::vector<std::optional<ChunkEntry>>> ChunkIndex::Touch(std::span<const Digest> digests,
                                                                         TimePoint now) {
  // Asked in the order of keys, so that neighbours are found in the same block.
  std::vector<size_t> order(digests.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return digests[a] < digests[b]; });
  std::vector<std::optional<ChunkEntry>> entries(digests.size());
  std::vector<size_t> stale;
  for (size_t i : order) {
    PLUMB_ASSIGN_OR_RETURN(entries[i], Find(digests[i]));
    if (entries[i].has_value() && now - entries[i]->touched >= kTouchInterval) stale.push_back(i);
  }
  if (stale.empty()) return entries;
  Changes changes(this);
  std::lock_guard lock(mutex_);
  const Digest* last = nullptr;
  for (size_t i : stale) {
    PLUMB_ASSIGN_OR_RETURN(entries[i], Find(digests[i]));  // It may be gone, or elsewhere, by now.
    if (!entries[i].has_value()) continue;
    entries[i]->touched = now;
    bool repeated = last != nullptr && *last == digests[i];
    last = &digests[i];
    if (!repeated) changes.transaction().Put(chunk_keys::Chunk(digests[i]), RenderChunkEntry(*entries[i]));
  }
  PLUMB_RETURN_IF_ERROR(changes.Commit());
  return entries;
}

absl::StatusOr<uint32_t> ChunkIndex::DepthOn(const Digest& digest, const Digest& dependent) const {
  Digest at = digest;
  for (uint32_t depth = 1; depth <= limits::kDifferenceDepthMax; ++depth) {
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> entry, Find(at));
    if (!entry.has_value() || at == dependent) {
      return FailedPrecondition(fmt::format(
          "chunk {} cannot be stored as the difference from chunk {}: {}", dependent.ToHex(), digest.ToHex(),
          at == dependent ? "that one depends on it" : fmt::format("there is no chunk {}", at.ToHex())));
    }
    if (!entry->base.has_value()) return depth;
    at = *entry->base;
  }
  return FailedPrecondition(
      fmt::format("chunk {} cannot be stored as the difference from chunk {}: that one has {} "
                  "differences to undo, the most that are allowed",
                  dependent.ToHex(), digest.ToHex(), limits::kDifferenceDepthMax));
}

absl::StatusOr<size_t> ChunkIndex::Add(std::span<const NewChunk> chunks, std::span<const Extent> extents) {
  Changes changes(this);
  std::lock_guard lock(mutex_);
  size_t added = 0;
  std::set<Digest> seen;
  for (const NewChunk& chunk : chunks) {
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> standing, Find(chunk.digest));
    if (standing.has_value() || !seen.insert(chunk.digest).second) continue;
    changes.transaction().Put(chunk_keys::Chunk(chunk.digest), RenderChunkEntry(chunk.entry));
    if (chunk.entry.base.has_value()) {
      changes.transaction().Put(chunk_keys::Difference(*chunk.entry.base, chunk.digest), "");
    }
    PLUMB_RETURN_IF_ERROR(changes.Count(chunk.entry.at, true));
    ++added;
  }
  for (const Extent& extent : extents) PLUMB_RETURN_IF_ERROR(changes.SetExtent(extent));
  PLUMB_RETURN_IF_ERROR(changes.Commit());
  return added;
}

absl::StatusOr<bool> ChunkIndex::HasDependents(const Digest& digest, const std::set<Digest>& apart_from) const {
  std::string prefix = chunk_keys::DifferencePrefix(digest);
  bool found = false;
  PLUMB_RETURN_IF_ERROR(store_.Scan(prefix, "", [&](std::string_view key, std::string_view) {
    absl::StatusOr<Digest> dependent = Digest::FromBytes(key.substr(prefix.size()));
    found = !dependent.ok() || !apart_from.contains(*dependent);
    return !found;
  }));
  return found;
}

absl::StatusOr<std::vector<uint32_t>> ChunkIndex::Remove(std::span<const Digest> digests) {
  std::vector<uint32_t> deleted(digests.size());
  Changes changes(this);
  std::lock_guard lock(mutex_);
  std::vector<std::pair<size_t, ChunkEntry>> there;
  for (size_t i = 0; i < digests.size(); ++i) {
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> entry, Find(digests[i]));
    if (entry.has_value()) there.emplace_back(i, *std::move(entry));
  }
  // The deepest first: what a chunk's dependents allow is known when it is looked at.
  std::sort(there.begin(), there.end(), [](const auto& a, const auto& b) { return a.second.depth > b.second.depth; });
  std::set<Digest> gone;
  for (const auto& [i, entry] : there) {
    PLUMB_ASSIGN_OR_RETURN(bool needed, HasDependents(digests[i], gone));
    if (needed || !gone.insert(digests[i]).second) continue;
    PLUMB_RETURN_IF_ERROR(changes.DeleteChunk(digests[i], entry));
    deleted[i] = entry.at.frame_bytes;
  }
  PLUMB_RETURN_IF_ERROR(changes.Commit());
  return deleted;
}

absl::Status ChunkIndex::Erase(const Digest& digest, const FrameLocation& at) {
  Changes changes(this);
  std::lock_guard lock(mutex_);
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> entry, Find(digest));
  if (!entry.has_value() || entry->at != at) return absl::OkStatus();
  PLUMB_RETURN_IF_ERROR(changes.DeleteChunk(digest, *entry));
  return changes.Commit();
}

absl::Status ChunkIndex::MoveTo(const Extent& pack, std::span<const Move> moves) {
  Changes changes(this);
  std::lock_guard lock(mutex_);
  PLUMB_RETURN_IF_ERROR(changes.SetExtent(pack));
  for (const Move& move : moves) {
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> entry, Find(move.digest));
    if (!entry.has_value() || entry->at != move.from) continue;
    entry->at = move.to;
    changes.transaction().Put(chunk_keys::Chunk(move.digest), RenderChunkEntry(*entry));
    PLUMB_RETURN_IF_ERROR(changes.Count(move.from, false));
    PLUMB_RETURN_IF_ERROR(changes.Count(move.to, true));
  }
  return changes.Commit();
}

absl::Status ChunkIndex::ScanChunks(const std::string& after, size_t count, std::vector<NewChunk>* found) const {
  found->clear();
  absl::Status failure;
  PLUMB_RETURN_IF_ERROR(store_.Scan(chunk_keys::kChunks, after, [&](std::string_view key, std::string_view value) {
    Digest digest = chunk_keys::DigestOf(key);
    absl::StatusOr<ChunkEntry> entry = ParseChunkEntry(value);
    if (!entry.ok()) failure = Annotate(entry.status(), fmt::format("chunk {}", digest.ToHex()));
    if (entry.ok()) found->push_back({digest, *std::move(entry)});
    return failure.ok() && found->size() < count;
  }));
  return failure;
}

absl::Status ChunkIndex::ForEach(const Visitor& visitor) const {
  std::vector<NewChunk> page;
  std::string after;
  do {
    PLUMB_RETURN_IF_ERROR(ScanChunks(after, kPageEntries, &page));
    for (const NewChunk& chunk : page) PLUMB_RETURN_IF_ERROR(visitor(chunk.digest, chunk.entry));
    if (!page.empty()) after = chunk_keys::Chunk(page.back().digest);
  } while (page.size() == kPageEntries);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<PackState>> ChunkIndex::FindPack(uint32_t pack) const {
  absl::StatusOr<std::string> bytes = store_.Get(chunk_keys::Pack(pack));
  if (absl::IsNotFound(bytes.status())) return std::optional<PackState>();
  PLUMB_RETURN_IF_ERROR(bytes.status());
  PLUMB_ASSIGN_OR_RETURN(PackState state, ParsePackState(*bytes));
  return std::optional<PackState>(state);
}

absl::Status ChunkIndex::ForEachPack(const PackVisitor& visitor) const {
  std::vector<std::pair<uint32_t, std::string>> packs;
  PLUMB_RETURN_IF_ERROR(store_.Scan(chunk_keys::kPacks, "", [&](std::string_view key, std::string_view value) {
    packs.emplace_back(chunk_keys::PackOf(key), value);
    return true;
  }));
  for (const auto& [pack, bytes] : packs) {
    PLUMB_ASSIGN_OR_RETURN(PackState state, ParsePackState(bytes));
    PLUMB_RETURN_IF_ERROR(visitor(pack, state));
  }
  return absl::OkStatus();
}

absl::Status ChunkIndex::EditPack(uint32_t pack, const std::function<void(PackState* state)>& edit) {
  std::lock_guard lock(mutex_);
  PLUMB_ASSIGN_OR_RETURN(std::optional<PackState> state, FindPack(pack));
  if (!state.has_value()) return absl::OkStatus();
  edit(&*state);
  Transaction transaction;
  transaction.Put(chunk_keys::Pack(pack), RenderPackState(*state));
  return store_.Commit(transaction);
}

absl::Status ChunkIndex::SetPackDigest(uint32_t pack, const Digest& sha256) {
  return EditPack(pack, [&](PackState* state) { state->sha256 = sha256; });
}

absl::Status ChunkIndex::CondemnPack(uint32_t pack) {
  return EditPack(pack, [](PackState* state) { state->condemned = true; });
}

absl::Status ChunkIndex::DropPack(uint32_t pack) {
  std::lock_guard lock(mutex_);
  Transaction transaction;
  transaction.Delete(chunk_keys::Pack(pack));
  return store_.Commit(transaction);
}

absl::Status ChunkIndex::RecountDifferences(Transaction* transaction) const {
  return store_.Scan(chunk_keys::kDifferences, "", [&](std::string_view key, std::string_view) {
    absl::StatusOr<Digest> base = Digest::FromBytes(key.substr(chunk_keys::kDifferences.size(), Digest::kSizeBytes));
    size_t dependent_at = chunk_keys::kDifferences.size() + Digest::kSizeBytes;
    absl::StatusOr<Digest> dependent = Digest::FromBytes(key.substr(std::min(dependent_at, key.size())));
    absl::StatusOr<std::optional<ChunkEntry>> entry;
    if (base.ok() && dependent.ok()) entry = Find(*dependent);
    bool stands = entry.ok() && entry->has_value() && (*entry)->base == *base;
    if (!stands) transaction->Delete(std::string(key));
    return true;
  });
}

absl::Status ChunkIndex::Recount() {
  Changes changes(this);
  std::lock_guard lock(mutex_);
  PLUMB_RETURN_IF_ERROR(RecountDifferences(&changes.transaction()));
  PLUMB_RETURN_IF_ERROR(ForEachPack([&](uint32_t pack, const PackState&) -> absl::Status {
    PLUMB_ASSIGN_OR_RETURN(PackState * state, changes.Pack(pack));
    state->live_bytes = 0;
    state->live_chunks = 0;
    return absl::OkStatus();
  }));
  PLUMB_RETURN_IF_ERROR(ForEach([&](const Digest& digest, const ChunkEntry& entry) -> absl::Status {
    if (entry.base.has_value()) changes.transaction().Put(chunk_keys::Difference(*entry.base, digest), "");
    return changes.Count(entry.at, true);
  }));
  return changes.Commit();
}

}  // namespace plumb
