#include "plumb/pack/pack_index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "fmt/format.h"
#include "formats/pack/little_endian.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr size_t kEntryBytes = 80;
constexpr size_t kFooterBytes = 40;
constexpr char kFooterMagic[] = "PLUMBEND";
constexpr size_t kFooterMagicAt = 32;

struct Footer {
  uint64_t index_offset = 0;
  uint64_t entry_count = 0;
  uint64_t index_checksum = 0;

  uint64_t index_end() const { return index_offset + entry_count * kEntryBytes; }
};

void RenderEntry(const PackEntry& entry, uint8_t* out) {
  std::ranges::copy(entry.digest.bytes, out);
  StoreLittleEndian(entry.offset, out + 32);
  StoreLittleEndian(entry.frame_bytes, out + 36);
  StoreLittleEndian(entry.plain_bytes, out + 40);
  if (entry.base.has_value()) std::ranges::copy(entry.base->bytes, out + 48);
}

absl::StatusOr<PackEntry> ParseEntry(const uint8_t* bytes, uint64_t records_end) {
  PackEntry entry;
  std::copy_n(bytes, Digest::kSizeBytes, entry.digest.bytes.begin());
  entry.offset = LoadLittleEndian<uint32_t>(bytes + 32);
  entry.frame_bytes = LoadLittleEndian<uint32_t>(bytes + 36);
  entry.plain_bytes = LoadLittleEndian<uint32_t>(bytes + 40);
  Digest base;
  std::copy_n(bytes + 48, Digest::kSizeBytes, base.bytes.begin());
  if (base != Digest()) entry.base = base;
  bool sizes_fit = entry.plain_bytes >= 1 && entry.plain_bytes <= limits::kChunkBytesMax && entry.frame_bytes >= 1 &&
                   entry.frame_bytes <= entry.plain_bytes + limits::kFrameHeaderBytesMax;
  bool lies_inside = entry.offset >= kPackHeaderBytes + kPackRecordHeaderBytes &&
                     uint64_t{entry.offset} + entry.frame_bytes <= records_end;
  if (sizes_fit && lies_inside && LoadLittleEndian<uint32_t>(bytes + 44) == 0 && base != entry.digest) return entry;
  return DataLoss(fmt::format("the index has an impossible entry for chunk {}: {} bytes in a frame of {} at {}",
                              entry.digest.ToHex(), entry.plain_bytes, entry.frame_bytes, entry.offset));
}

bool IsBefore(const PackEntry& a, const PackEntry& b) {
  return std::tie(a.digest, a.offset) < std::tie(b.digest, b.offset);
}

absl::Status CheckApart(const std::vector<PackEntry>& entries) {
  std::vector<std::pair<uint64_t, uint64_t>> records;
  records.reserve(entries.size());
  for (const PackEntry& entry : entries) {
    uint64_t offset = entry.offset;
    records.emplace_back(offset - kPackRecordHeaderBytes, offset + entry.frame_bytes);
  }
  std::sort(records.begin(), records.end());
  for (size_t i = 1; i < records.size(); ++i) {
    if (records[i].first < records[i - 1].second) {
      return DataLoss(fmt::format("records overlap at byte {}", records[i].first));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Footer> ReadFooter(const PackSource& pack) {
  std::array<uint8_t, kFooterBytes> bytes;
  bool has_room = pack.size_bytes >= kPackBlockBytes && pack.size_bytes % kPackBlockBytes == 0;
  if (has_room) PLUMB_RETURN_IF_ERROR(pack.read(pack.size_bytes - kFooterBytes, bytes));
  if (!has_room || std::memcmp(bytes.data() + kFooterMagicAt, kFooterMagic, 8) != 0) {
    return FailedPrecondition(fmt::format("{} is not sealed", pack.name));
  }
  Footer footer;
  footer.index_offset = LoadLittleEndian<uint64_t>(bytes.data());
  footer.entry_count = LoadLittleEndian<uint64_t>(bytes.data() + 8);
  footer.index_checksum = LoadLittleEndian<uint64_t>(bytes.data() + 16);
  bool sound = FrameChecksum(std::span(bytes).first(24)) == LoadLittleEndian<uint64_t>(bytes.data() + 24) &&
               pack.size_bytes <= limits::kPackBytesMax && footer.entry_count <= kPackRecordsMax &&
               footer.index_offset % kPackBlockBytes == 0 && footer.index_offset >= kPackBlockBytes &&
               footer.index_offset <= pack.size_bytes &&
               PackBlockEnd(footer.index_end() + kFooterBytes) == pack.size_bytes;
  if (sound) return footer;
  return DataLoss(fmt::format("{}: its footer is damaged: {} entries at byte {} of {}", pack.name, footer.entry_count,
                              footer.index_offset, pack.size_bytes));
}

}  // namespace

std::vector<uint8_t> RenderPackEnd(uint64_t records_end, std::vector<PackEntry> entries) {
  std::sort(entries.begin(), entries.end(), IsBefore);
  Footer footer{.index_offset = records_end, .entry_count = entries.size()};
  uint64_t end = PackBlockEnd(footer.index_end() + kFooterBytes);
  std::vector<uint8_t> bytes(end - records_end);
  uint8_t* out = bytes.data();
  for (const PackEntry& entry : entries) {
    RenderEntry(entry, out);
    out += kEntryBytes;
  }
  uint8_t* foot = bytes.data() + bytes.size() - kFooterBytes;
  StoreLittleEndian(footer.index_offset, foot);
  StoreLittleEndian(footer.entry_count, foot + 8);
  StoreLittleEndian(FrameChecksum({bytes.data(), entries.size() * kEntryBytes}), foot + 16);
  StoreLittleEndian(FrameChecksum({foot, 24}), foot + 24);
  std::memcpy(foot + kFooterMagicAt, kFooterMagic, 8);
  return bytes;
}

absl::StatusOr<std::vector<PackEntry>> ReadPackIndex(const PackSource& pack) {
  PLUMB_ASSIGN_OR_RETURN(Footer footer, ReadFooter(pack));
  std::array<uint8_t, kPackHeaderBytes> header;
  PLUMB_RETURN_IF_ERROR(pack.read(0, header));
  absl::Status begins = CheckPackHeader(header);
  if (!begins.ok()) return DataLoss(fmt::format("{}: {}", pack.name, Message(begins)));
  std::vector<uint8_t> bytes(pack.size_bytes - kFooterBytes - footer.index_offset);
  PLUMB_RETURN_IF_ERROR(pack.read(footer.index_offset, bytes));
  std::span<const uint8_t> index = std::span(bytes).first(footer.entry_count * kEntryBytes);
  bool padded = std::ranges::all_of(std::span(bytes).subspan(index.size()), [](uint8_t byte) { return byte == 0; });
  if (!padded || FrameChecksum(index) != footer.index_checksum) {
    return DataLoss(fmt::format("{}: its index does not have its checksum", pack.name));
  }
  std::vector<PackEntry> entries;
  entries.reserve(footer.entry_count);
  for (size_t at = 0; at < index.size(); at += kEntryBytes) {
    PLUMB_ASSIGN_OR_RETURN(PackEntry entry, ParseEntry(index.data() + at, footer.index_offset));
    if (!entries.empty() && !IsBefore(entries.back(), entry)) {
      return DataLoss(fmt::format("{}: its index is not sorted", pack.name));
    }
    entries.push_back(entry);
  }
  PLUMB_RETURN_IF_ERROR(CheckApart(entries));
  return entries;
}

}  // namespace plumb
