#include "registry/storage/pack_store.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/pack/pack_index.h"
#include "registry/storage/index_rebuilder.h"
#include "registry/storage/pack_compactor.h"
#include "registry/storage/pack_recovery.h"

namespace plumb {
namespace {

ChunkInfo ToInfo(const ChunkEntry& entry) {
  return {.size_bytes = entry.plain_bytes,
          .frame_bytes = entry.at.frame_bytes,
          .touched = entry.touched,
          .base = entry.base,
          .depth = entry.depth};
}

}  // namespace

absl::StatusOr<std::unique_ptr<PackStore>> PackStore::New(const std::string& path, MetadataStore* metadata,
                                                          const Options& options, Clock clock) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<PackFolder> folder, PackFolder::New(path, options.reserve_bytes));
  PLUMB_RETURN_IF_ERROR(MakeDirectories(path + "/quarantine", 0700));
  auto store = std::unique_ptr<PackStore>(new PackStore(std::move(folder), metadata, options, std::move(clock)));
  PackRecovery recovery(store->folder_.get(), &store->index_, &store->reader_, store->clock_);
  PLUMB_ASSIGN_OR_RETURN(uint32_t highest, recovery.Run());
  store->appender_.SkipNumbersTo(highest);
  store->digester_ = std::make_unique<PackDigester>(store->folder_.get(), &store->index_, &store->appender_);
  return store;
}

PackStore::PackStore(std::unique_ptr<PackFolder> folder, MetadataStore* metadata, const Options& options, Clock clock)
    : options_(options),
      clock_(std::move(clock)),
      folder_(std::move(folder)),
      index_(metadata),
      reader_(folder_.get(), &index_),
      appender_(folder_.get(), &index_, &pins_, options.pack_bytes, clock_) {}

absl::StatusOr<std::optional<ChunkInfo>> PackStore::Find(const Digest& digest) const {
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> entry, index_.Find(digest));
  return entry.has_value() ? std::optional<ChunkInfo>(ToInfo(*entry)) : std::nullopt;
}

absl::StatusOr<std::vector<std::optional<ChunkInfo>>> PackStore::Touch(std::span<const Digest> digests) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<std::optional<ChunkEntry>> entries, index_.Touch(digests, clock_()));
  std::vector<std::optional<ChunkInfo>> infos(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].has_value()) infos[i] = ToInfo(*entries[i]);
  }
  return infos;
}

absl::StatusOr<ChunkStore::Ticket> PackStore::Put(const Digest& digest, std::span<const uint8_t> frame) {
  if (frame.size() > limits::kFrameBytesMax) {
    return InvalidArgument(fmt::format("the frame of chunk {} has {} bytes, at most {} are allowed", digest.ToHex(),
                                       frame.size(), limits::kFrameBytesMax));
  }
  PLUMB_ASSIGN_OR_RETURN(FrameHeader header, ParseFrameHeader(frame));
  PLUMB_ASSIGN_OR_RETURN(std::vector<std::optional<ChunkEntry>> standing, index_.Touch({&digest, 1}, clock_()));
  if (standing[0].has_value()) return kDurable;
  PLUMB_RETURN_IF_ERROR(folder_->CheckSpace(frame.size()));
  uint32_t depth = 0;
  if (header.base.has_value()) {
    if (!pins_.Pin(*header.base)) {
      return FailedPrecondition(fmt::format("chunk {} is a difference from chunk {}, which is being removed",
                                            digest.ToHex(), header.base->ToHex()));
    }
    absl::StatusOr<uint32_t> found = index_.DepthOn(*header.base, digest);
    if (!found.ok()) {
      pins_.Unpin(*header.base);
      return found.status();
    }
    depth = *found;
  }
  return appender_.Put(digest, header, depth, frame);
}

absl::Status PackStore::Sync(Ticket ticket) { return appender_.Sync(ticket); }

absl::StatusOr<std::vector<uint8_t>> PackStore::ReadFrame(const Digest& digest) const {
  return reader_.ReadFrame(digest);
}

absl::Status PackStore::Read(const Digest& digest, std::span<uint8_t> out) const { return reader_.Read(digest, out); }

absl::StatusOr<std::vector<uint32_t>> PackStore::Remove(std::span<const Digest> digests) {
  std::lock_guard lock(removing_);
  std::vector<Digest> free = pins_.BeginRemoval(digests);
  absl::StatusOr<std::vector<uint32_t>> removed = index_.Remove(free);
  pins_.EndRemoval();
  PLUMB_RETURN_IF_ERROR(removed.status());
  std::vector<uint32_t> bytes(digests.size());
  for (size_t i = 0, next = 0; i < digests.size() && next < free.size(); ++i) {
    if (digests[i] == free[next]) bytes[i] = (*removed)[next++];
  }
  return bytes;
}

absl::Status PackStore::Quarantine(const Digest& digest) {
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> entry, index_.Find(digest));
  if (!entry.has_value()) return absl::OkStatus();
  absl::StatusOr<std::vector<uint8_t>> frame = reader_.ReadFrame(digest);
  if (frame.ok()) {
    std::string path = fmt::format("{}/quarantine/{}", folder_->path(), digest.ToHex());
    PLUMB_RETURN_IF_ERROR(WriteFileAtomically(path, AsText(*frame), 0600));
  }
  return index_.Erase(digest, entry->at);
}

absl::Status PackStore::ForEach(const Visitor& visitor) const {
  return index_.ForEach([&](const Digest& digest, const ChunkEntry& entry) { return visitor(digest, ToInfo(entry)); });
}

absl::StatusOr<StoreFigures> PackStore::Figures() const {
  StoreFigures figures;
  PLUMB_RETURN_IF_ERROR(index_.ForEachPack([&](uint32_t, const PackState& state) {
    figures.chunks += state.live_chunks;
    figures.stored_bytes += state.live_bytes;
    figures.packs += 1;
    figures.pack_bytes += state.file_bytes;
    return absl::OkStatus();
  }));
  return figures;
}

absl::Status PackStore::Compact(const CompactionObserver& observer) {
  std::unique_lock alone(upkeep_, std::try_to_lock);
  if (!alone.owns_lock()) return absl::AbortedError("packs are being compacted or indexed already");
  return PackCompactor(folder_.get(), &index_, &appender_, options_.pack_bytes, observer).Run();
}

absl::Status PackStore::ForeseeCompaction(std::span<const Digest> doomed, const CompactionObserver& observer) const {
  return PackCompactor(folder_.get(), &index_, &appender_, options_.pack_bytes, observer).Foresee(doomed);
}

absl::Status PackStore::RebuildIndex(const RebuildObserver& observer) {
  std::unique_lock alone(upkeep_, std::try_to_lock);
  if (!alone.owns_lock()) return absl::AbortedError("packs are being compacted or indexed already");
  uint32_t end = appender_.TakeNumber();
  // From here on everything below `end` is synced, and what is put goes to packs above it.
  PLUMB_RETURN_IF_ERROR(appender_.Roll());
  return IndexRebuilder(folder_.get(), &index_, end, clock_, observer).Run();
}

absl::Status PackStore::CheckPack(uint32_t pack, const PackState& state) {
  std::string path = folder_->PathOf(pack);
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const UniqueFd> fd, folder_->Open(pack));
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd->get(), path));
  if (size != state.file_bytes) {
    return DataLoss(fmt::format("it has {} bytes, {} when it was sealed", size, state.file_bytes));
  }
  PLUMB_RETURN_IF_ERROR(ReadPackIndex(PackSourceOf(fd->get(), size, path)).status());
  PLUMB_ASSIGN_OR_RETURN(Digest found, digester_->Compute(pack));
  if (!state.sha256.has_value()) return index_.SetPackDigest(pack, found);
  if (found == *state.sha256) return absl::OkStatus();
  return DataLoss(fmt::format("its SHA-256 is {}, {} when it was sealed", found.ToHex(), state.sha256->ToHex()));
}

absl::Status PackStore::CheckPacks(const PackVisitor& visitor) {
  return index_.ForEachPack([&](uint32_t pack, const PackState& state) -> absl::Status {
    if (!state.sealed) return absl::OkStatus();
    absl::Status sound = CheckPack(pack, state);
    if (absl::IsDataLoss(sound)) PLUMB_RETURN_IF_ERROR(index_.CondemnPack(pack));
    // A collection may have deleted it since.
    PLUMB_ASSIGN_OR_RETURN(std::optional<PackState> now, index_.FindPack(pack));
    return now.has_value() ? visitor(fmt::format("{:08x}.pack", pack), sound) : absl::OkStatus();
  });
}

}  // namespace plumb
