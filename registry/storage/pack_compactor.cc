#include "registry/storage/pack_compactor.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/pack/pack_index.h"
#include "spdlog/spdlog.h"

namespace plumb {
namespace {

// As many packs of less than a sixteenth of the full size stay as they are.
constexpr size_t kSmallPacksMax = 8;
constexpr uint64_t kSmallFraction = 16;

bool IsSparse(const PackState& state) { return state.live_bytes * 5 < state.frame_bytes * 4; }

}  // namespace

PackCompactor::~PackCompactor() {
  if (output_ != nullptr) ::unlink(folder_.TemporaryPathOf(output_->pack()).c_str());
}

absl::StatusOr<PackCompactor::Packs> PackCompactor::Victims(const Packs& doomed) const {
  Packs victims;
  Packs small;
  PLUMB_RETURN_IF_ERROR(index_.ForEachPack([&](uint32_t pack, const PackState& found) {
    PackState state = found;
    if (auto less = doomed.find(pack); less != doomed.end()) {
      state.live_bytes -= std::min(state.live_bytes, less->second.live_bytes);
      state.live_chunks -= std::min(state.live_chunks, less->second.live_chunks);
    }
    if (state.sealed && state.file_bytes < pack_bytes_ / kSmallFraction) small.emplace(pack, state);
    if (IsSparse(state) || state.condemned || state.live_chunks == 0) victims.emplace(pack, state);
    return absl::OkStatus();
  }));
  if (small.size() > kSmallPacksMax) victims.merge(small);
  return victims;
}

absl::Status PackCompactor::Foresee(std::span<const Digest> doomed) {
  Packs less;
  for (const Digest& digest : doomed) {
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> entry, index_.Find(digest));
    if (!entry.has_value()) continue;
    less[entry->at.pack].live_bytes += entry->at.frame_bytes;
    ++less[entry->at.pack].live_chunks;
  }
  PLUMB_ASSIGN_OR_RETURN(Packs victims, Victims(less));
  totals_.deleted_packs = victims.size();
  for (const auto& [pack, state] : victims) totals_.rewritten_bytes += state.live_bytes;
  return observer_(totals_);
}

absl::Status PackCompactor::Run() {
  PLUMB_ASSIGN_OR_RETURN(Packs victims, Victims({}));
  bool open_is_sparse = std::ranges::any_of(victims, [](const auto& victim) { return !victim.second.sealed; });
  if (open_is_sparse) {
    PLUMB_RETURN_IF_ERROR(appender_.Roll());
    PLUMB_ASSIGN_OR_RETURN(victims, Victims({}));
  }
  std::erase_if(victims, [](const auto& victim) { return !victim.second.sealed; });
  // What is empty first: that makes room for the others.
  for (const auto& [pack, state] : victims) {
    if (state.live_chunks == 0) PLUMB_RETURN_IF_ERROR(DeletePack(pack));
  }
  for (const auto& [pack, state] : victims) {
    if (state.live_chunks > 0) PLUMB_RETURN_IF_ERROR(CopyPack(pack));
  }
  return FinishOutput();
}

absl::Status PackCompactor::CopyPack(uint32_t pack) {
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const UniqueFd> fd, folder_.Open(pack));
  std::string path = folder_.PathOf(pack);
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd->get(), path));
  PLUMB_ASSIGN_OR_RETURN(std::vector<PackEntry> entries, ReadPackIndex(PackSourceOf(fd->get(), size, path)));
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
  for (const PackEntry& entry : entries) {
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> standing, index_.Find(entry.digest));
    FrameLocation from{.pack = pack, .offset = entry.offset, .frame_bytes = entry.frame_bytes};
    if (!standing.has_value() || standing->at != from) continue;
    PLUMB_RETURN_IF_ERROR(CopyFrame(entry.digest, from, fd->get()));
  }
  copied_.push_back(pack);
  return absl::OkStatus();
}

absl::Status PackCompactor::CopyFrame(const Digest& digest, const FrameLocation& from, int fd) {
  std::vector<uint8_t> bytes(kPackRecordHeaderBytes + from.frame_bytes);
  PLUMB_RETURN_IF_ERROR(PreadExactly(fd, bytes, from.offset - kPackRecordHeaderBytes, folder_.PathOf(from.pack)));
  std::span<const uint8_t> frame = std::span(bytes).subspan(kPackRecordHeaderBytes);
  absl::StatusOr<PackRecord> record = ParsePackRecord(std::span(bytes).first(kPackRecordHeaderBytes));
  absl::StatusOr<FrameHeader> header = ParseFrameHeader(frame);
  bool sound = record.ok() && header.ok() && record->digest == digest && record->frame_bytes == from.frame_bytes &&
               record->frame_checksum == FrameChecksum(frame);
  if (!sound) {
    spdlog::error("chunk {} is damaged in pack {:08x}, which stays; run fsck", digest.ToHex(), from.pack);
    return absl::OkStatus();
  }
  if (output_ != nullptr && !output_->HasRoomFor(frame.size(), pack_bytes_)) PLUMB_RETURN_IF_ERROR(FinishOutput());
  PLUMB_RETURN_IF_ERROR(folder_.CheckSpace(bytes.size()));
  if (output_ == nullptr) {
    uint32_t pack = appender_.TakeNumber();
    PLUMB_ASSIGN_OR_RETURN(output_, PackWriter::Create(pack, folder_.TemporaryPathOf(pack)));
  }
  PLUMB_ASSIGN_OR_RETURN(uint32_t offset, output_->Append(digest, *header, frame));
  moves_.push_back({.digest = digest,
                    .from = from,
                    .to = {.pack = output_->pack(), .offset = offset, .frame_bytes = from.frame_bytes}});
  totals_.rewritten_bytes += from.frame_bytes;
  return absl::OkStatus();
}

absl::Status PackCompactor::FinishOutput() {
  if (output_ != nullptr) {
    PLUMB_RETURN_IF_ERROR(output_->Seal());
    std::string from = folder_.TemporaryPathOf(output_->pack());
    std::string to = folder_.PathOf(output_->pack());
    if (::rename(from.c_str(), to.c_str()) != 0) return ErrnoStatus(errno, fmt::format("rename {} to {}", from, to));
    PLUMB_RETURN_IF_ERROR(SyncDirectory(folder_.path()));
    ChunkIndex::Extent extent{.pack = output_->pack(),
                              .file_bytes = output_->file_bytes(),
                              .frame_bytes = output_->frame_bytes(),
                              .sealed = true};
    output_.reset();
    PLUMB_RETURN_IF_ERROR(index_.MoveTo(extent, std::exchange(moves_, {})));
  }
  for (uint32_t pack : std::exchange(copied_, {})) {
    PLUMB_ASSIGN_OR_RETURN(std::optional<PackState> state, index_.FindPack(pack));
    if (state.has_value() && state->live_chunks == 0) PLUMB_RETURN_IF_ERROR(DeletePack(pack));
  }
  return absl::OkStatus();
}

absl::Status PackCompactor::DeletePack(uint32_t pack) {
  PLUMB_RETURN_IF_ERROR(folder_.Remove(pack));
  PLUMB_RETURN_IF_ERROR(index_.DropPack(pack));
  ++totals_.deleted_packs;
  return observer_(totals_);
}

}  // namespace plumb
