#include "registry/storage/pack_recovery.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/pack/pack_index.h"
#include "registry/storage/chunk_import.h"
#include "registry/storage/pack_writer.h"
#include "spdlog/spdlog.h"

namespace plumb {

absl::StatusOr<uint32_t> PackRecovery::Run() {
  PLUMB_ASSIGN_OR_RETURN(std::vector<uint32_t> packs, folder_.List());
  std::vector<uint32_t> open;
  uint32_t highest = packs.empty() ? 0 : packs.back();
  for (uint32_t pack : packs) {
    PLUMB_ASSIGN_OR_RETURN(std::optional<PackState> state, index_.FindPack(pack));
    if (state.has_value() && state->sealed) continue;
    PLUMB_ASSIGN_OR_RETURN(bool sealed, ImportSealed(pack));
    if (!sealed) open.push_back(pack);
  }
  // Last, because differences in them may need what the others hold.
  for (uint32_t pack : open) PLUMB_RETURN_IF_ERROR(SealOpen(pack));
  PLUMB_RETURN_IF_ERROR(ForgetLost(packs));
  PLUMB_RETURN_IF_ERROR(index_.ForEachPack([&](uint32_t pack, const PackState&) {
    highest = std::max(highest, pack);
    return absl::OkStatus();
  }));
  return highest;
}

absl::StatusOr<bool> PackRecovery::ImportSealed(uint32_t pack) {
  std::string path = folder_.PathOf(pack);
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, OpenForReading(path));
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd.get(), path));
  absl::StatusOr<std::vector<PackEntry>> entries = ReadPackIndex(PackSourceOf(fd.get(), size, path));
  // An index that a loss of power cut short is written again.
  if (!entries.ok()) return false;
  std::vector<ChunkIndex::NewChunk> fresh;
  uint64_t frame_bytes = 0;
  for (const PackEntry& entry : *entries) {
    frame_bytes += entry.frame_bytes;
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> standing, index_.Find(entry.digest));
    if (!standing.has_value()) fresh.push_back(ToNewChunk(pack, entry, clock_()));
  }
  PLUMB_ASSIGN_OR_RETURN(size_t added, AddWithBases(std::move(fresh), &index_));
  if (added > 0) spdlog::warn("pack {:08x} was not known: {} chunks of it were indexed", pack, added);
  ChunkIndex::Extent extent{.pack = pack, .file_bytes = size, .frame_bytes = frame_bytes, .sealed = true};
  PLUMB_RETURN_IF_ERROR(index_.Add({}, {&extent, 1}).status());
  return true;
}

absl::Status PackRecovery::SealOpen(uint32_t pack) {
  std::string path = folder_.PathOf(pack);
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, OpenForReading(path));
  // What is indexed below must not be lost with the file cache.
  if (::fdatasync(fd.get()) != 0) return ErrnoStatus(errno, fmt::format("sync {}", path));
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd.get(), path));
  PLUMB_ASSIGN_OR_RETURN(std::optional<PackState> state, index_.FindPack(pack));
  uint64_t synced = state.has_value() ? state->file_bytes : 0;
  PLUMB_ASSIGN_OR_RETURN(Records records, ReadRecords(pack, PackSourceOf(fd.get(), size, path), synced));
  if (PackBlockEnd(records.end) < synced) {
    // Never cut what was acknowledged; what can be read of it is read.
    spdlog::error("pack {:08x} is damaged at byte {}, before the {} bytes that were durable; run fsck", pack,
                  records.end, synced);
    return absl::OkStatus();
  }
  if (records.entries.empty()) {
    PLUMB_RETURN_IF_ERROR(folder_.Remove(pack));
    return index_.DropPack(pack);
  }
  PLUMB_RETURN_IF_ERROR(Flush(&records));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<PackWriter> writer,
                         PackWriter::Resume(pack, path, std::move(records.entries), records.end));
  PLUMB_RETURN_IF_ERROR(writer->Seal());
  PLUMB_RETURN_IF_ERROR(SyncDirectory(folder_.path()));
  ChunkIndex::Extent extent{
      .pack = pack, .file_bytes = writer->file_bytes(), .frame_bytes = writer->frame_bytes(), .sealed = true};
  return index_.Add({}, {&extent, 1}).status();
}

absl::StatusOr<PackRecovery::Records> PackRecovery::ReadRecords(uint32_t pack, const PackSource& source,
                                                                uint64_t synced) {
  Records records;
  absl::StatusOr<PackScanner> scanner = PackScanner::New(source);
  if (!scanner.ok()) return records;
  while (records.entries.size() < kPackRecordsMax) {
    absl::StatusOr<std::optional<ScannedRecord>> record = scanner->Next();
    if (!record.ok() || !record->has_value()) break;
    absl::StatusOr<PackEntry> entry = Describe(**record, source);
    if (!entry.ok()) break;
    if (scanner->position() > synced) {
      if (entry->base.has_value()) PLUMB_RETURN_IF_ERROR(Flush(&records));
      if (!IsSound(*scanner, **record)) break;
      PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> standing, index_.Find(entry->digest));
      if (!standing.has_value()) records.fresh.push_back(ToNewChunk(pack, *entry, clock_()));
    }
    records.entries.push_back(*entry);
    records.end = scanner->position();
  }
  return records;
}

absl::StatusOr<PackEntry> PackRecovery::Describe(const ScannedRecord& record, const PackSource& source) const {
  std::array<uint8_t, limits::kFrameHeaderBytesMax> bytes;
  std::span<uint8_t> begin = std::span(bytes).first(std::min<size_t>(bytes.size(), record.record.frame_bytes));
  PLUMB_RETURN_IF_ERROR(source.read(record.offset, begin));
  PLUMB_ASSIGN_OR_RETURN(FrameHeader header, ParseFrameHeader(begin));
  return PackEntry{.digest = record.record.digest,
                   .offset = record.offset,
                   .frame_bytes = record.record.frame_bytes,
                   .plain_bytes = header.plain_bytes,
                   .base = header.base};
}

bool PackRecovery::IsSound(const PackScanner& scanner, const ScannedRecord& record) {
  absl::StatusOr<std::vector<uint8_t>> frame = scanner.ReadFrame(record);
  if (!frame.ok()) return false;
  absl::StatusOr<FrameHeader> header = ParseFrameHeader(*frame);
  if (!header.ok()) return false;
  std::vector<uint8_t> plain(header->plain_bytes);
  return reader_.Decode(*header, *frame, plain).ok() && Sha256Of(plain) == record.record.digest;
}

absl::Status PackRecovery::Flush(Records* records) {
  return AddWithBases(std::exchange(records->fresh, {}), &index_).status();
}

absl::Status PackRecovery::ForgetLost(const std::vector<uint32_t>& packs) {
  return index_.ForEachPack([&](uint32_t pack, const PackState& state) -> absl::Status {
    if (std::binary_search(packs.begin(), packs.end(), pack)) return absl::OkStatus();
    if (state.live_chunks == 0) return index_.DropPack(pack);
    spdlog::error("pack {:08x} is gone, with {} chunks; run fsck", pack, state.live_chunks);
    return absl::OkStatus();
  });
}

}  // namespace plumb
