#include "registry/storage/index_rebuilder.h"

#include <algorithm>
#include <array>
#include <optional>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/codec/frame.h"
#include "registry/storage/chunk_import.h"
#include "spdlog/spdlog.h"

namespace plumb {

absl::Status IndexRebuilder::Run() {
  PLUMB_RETURN_IF_ERROR(DropDangling());
  bool again = true;
  while (again) {
    missing_.clear();
    PLUMB_ASSIGN_OR_RETURN(again, ReadPacks());
  }
  PLUMB_ASSIGN_OR_RETURN(totals_.added_chunks, AddWithBases(std::move(missing_), &index_));
  PLUMB_RETURN_IF_ERROR(index_.Recount());
  return observer_(totals_);
}

absl::StatusOr<bool> IndexRebuilder::IsRecordThere(const Digest& digest, const FrameLocation& at) const {
  absl::StatusOr<std::shared_ptr<const UniqueFd>> fd = folder_.Open(at.pack);
  if (absl::IsNotFound(fd.status())) return false;
  PLUMB_RETURN_IF_ERROR(fd.status());
  if (at.offset < kPackHeaderBytes + kPackRecordHeaderBytes) return false;
  std::array<uint8_t, kPackRecordHeaderBytes> header;
  absl::Status read = PreadExactly((*fd)->get(), header, at.offset - kPackRecordHeaderBytes, folder_.PathOf(at.pack));
  if (absl::IsOutOfRange(read)) return false;
  PLUMB_RETURN_IF_ERROR(read);
  absl::StatusOr<PackRecord> record = ParsePackRecord(header);
  return record.ok() && record->digest == digest && record->frame_bytes == at.frame_bytes;
}

absl::Status IndexRebuilder::DropDangling() {
  return index_.ForEach([&](const Digest& digest, const ChunkEntry& entry) -> absl::Status {
    if (entry.at.pack >= end_) return absl::OkStatus();
    PLUMB_ASSIGN_OR_RETURN(bool there, IsRecordThere(digest, entry.at));
    if (there) return absl::OkStatus();
    ++totals_.removed_chunks;
    return index_.Erase(digest, entry.at);
  });
}

absl::StatusOr<bool> IndexRebuilder::ReadPacks() {
  PLUMB_ASSIGN_OR_RETURN(std::vector<uint32_t> packs, folder_.List());
  std::erase_if(packs, [&](uint32_t pack) { return pack >= end_; });
  totals_.read_packs = 0;
  totals_.total_packs = packs.size();
  bool dropped = false;
  for (uint32_t pack : packs) {
    PLUMB_RETURN_IF_ERROR(ReadPack(pack, &dropped));
    ++totals_.read_packs;
    PLUMB_RETURN_IF_ERROR(observer_(totals_));
  }
  return dropped;
}

absl::Status IndexRebuilder::ReadPack(uint32_t pack, bool* dropped) {
  std::string path = folder_.PathOf(pack);
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const UniqueFd> fd, folder_.Open(pack));
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd->get(), path));
  PLUMB_ASSIGN_OR_RETURN(std::optional<PackState> state, index_.FindPack(pack));
  // The end of a pack that a failed sync made useless is not durable.
  if (state.has_value() && !state->sealed) size = std::min(size, state->file_bytes);
  absl::StatusOr<PackScanner> scanner = PackScanner::New(PackSourceOf(fd->get(), size, path));
  if (!scanner.ok()) {
    spdlog::error("pack {:08x} cannot be read: {}", pack, Message(scanner.status()));
    return absl::OkStatus();
  }
  while (true) {
    absl::StatusOr<std::optional<ScannedRecord>> record = scanner->Next();
    if (!record.ok()) {
      spdlog::error("pack {:08x} cannot be read to its end: {}", pack, Message(record.status()));
      return absl::OkStatus();
    }
    if (!record->has_value()) return absl::OkStatus();
    PLUMB_RETURN_IF_ERROR(ReadRecord(pack, *scanner, **record, dropped));
  }
}

absl::Status IndexRebuilder::ReadRecord(uint32_t pack, const PackScanner& scanner, const ScannedRecord& record,
                                        bool* dropped) {
  const Digest& digest = record.record.digest;
  FrameLocation at{.pack = pack, .offset = record.offset, .frame_bytes = record.record.frame_bytes};
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> entry, index_.Find(digest));
  absl::StatusOr<std::vector<uint8_t>> frame = scanner.ReadFrame(record);
  absl::StatusOr<FrameHeader> header = frame.ok() ? ParseFrameHeader(*frame) : frame.status();
  if (!header.ok()) {
    spdlog::error("pack {:08x}: {}", pack, Message(header.status()));
    if (!entry.has_value() || entry->at != at) return absl::OkStatus();
    ++totals_.removed_chunks;
    *dropped = true;
    return index_.Erase(digest, at);
  }
  if (entry.has_value()) return absl::OkStatus();
  PackEntry found{.digest = digest,
                  .offset = record.offset,
                  .frame_bytes = record.record.frame_bytes,
                  .plain_bytes = header->plain_bytes,
                  .base = header->base};
  missing_.push_back(ToNewChunk(pack, found, clock_()));
  return absl::OkStatus();
}

}  // namespace plumb
