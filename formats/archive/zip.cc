#include "plumb/archive/zip.h"

#include <algorithm>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "formats/archive/fields.h"
#include "formats/archive/zip_directory.h"
#include "plumb/archive/crc32.h"
#include "plumb/archive/inflate.h"
#include "plumb/base/file.h"
#include "plumb/base/path.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr uint64_t kLocalBytes = 30;
constexpr uint16_t kStored = 0;
constexpr uint16_t kDeflated = 8;
constexpr uint16_t kSizesFollow = 0x0008;
// Names in UTF-8, sizes after the data, and the two bits in which deflate notes its effort.
constexpr uint16_t kKnownFlags = 0x0800 | kSizesFollow | 0x0006;
// Deflate cannot do better: 258 bytes for two bits.
constexpr uint64_t kDeflateRatioMax = 1032;

absl::Status CheckRecord(const ZipRecord& record) {
  if (record.name.empty() || record.name.find('\0') != record.name.npos || !IsValidUtf8(record.name)) {
    return RefusedFile("an entry's name is empty or not UTF-8 text");
  }
  if ((record.flags & ~kKnownFlags) != 0) {
    return RefusedFile(
        fmt::format("entry {} is encrypted or patched (flags {:#06x})", QuoteForMessage(record.name), record.flags));
  }
  if (record.method != kStored && record.method != kDeflated) {
    return RefusedFile(
        fmt::format("entry {} is compressed by method {}, of which only 0 (stored) and 8 (deflate) are read",
                    QuoteForMessage(record.name), record.method));
  }
  const bool sized = record.method == kStored ? record.stored_bytes == record.size_bytes
                                              : record.size_bytes / kDeflateRatioMax <= record.stored_bytes;
  if (!sized) {
    return RefusedFile(fmt::format("entry {} cannot have {} bytes of {} stored ones", QuoteForMessage(record.name),
                                   record.size_bytes, record.stored_bytes));
  }
  return absl::OkStatus();
}

// The entry's data, after its local header, which must say the same as the directory.
absl::StatusOr<ZipEntry> ReadLocal(ByteWindow& window, const ZipRecord& record, uint64_t data_end) {
  PLUMB_RETURN_IF_ERROR(CheckRecord(record));
  const std::string quoted = QuoteForMessage(record.name);
  if (record.header_begin > data_end || data_end - record.header_begin < kLocalBytes + record.name.size()) {
    return RefusedFile(fmt::format("entry {} does not lie before the directory", quoted));
  }
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> header,
                         window.At(record.header_begin, kLocalBytes + record.name.size()));
  const uint64_t name_bytes = FieldAt(header, 26, 2);
  const uint64_t extra_bytes = FieldAt(header, 28, 2);
  const bool same = FieldAt(header, 0, 4) == kLocalSignature && name_bytes == record.name.size() &&
                    AsText(header.subspan(kLocalBytes)) == record.name && FieldAt(header, 6, 2) == record.flags &&
                    FieldAt(header, 8, 2) == record.method;
  if (!same) return RefusedFile(fmt::format("entry {}: its local header contradicts the directory", quoted));
  // Sizes here are the directory's, all ones (they stand in a ZIP64 field), or zeros (they follow the data).
  auto fits = [&](uint64_t here, uint64_t wanted) {
    return here == wanted || here == UINT32_MAX || (here == 0 && (record.flags & kSizesFollow) != 0);
  };
  if (!fits(FieldAt(header, 18, 4), record.stored_bytes) || !fits(FieldAt(header, 22, 4), record.size_bytes) ||
      !fits(FieldAt(header, 14, 4), record.crc32)) {
    return RefusedFile(fmt::format("entry {}: its local header contradicts the directory", quoted));
  }
  ZipEntry entry = {
      record.name,         record.method == kDeflated, record.header_begin + kLocalBytes + name_bytes + extra_bytes,
      record.stored_bytes, record.size_bytes,          record.crc32};
  if (entry.begin > data_end || data_end - entry.begin < entry.stored_bytes) {
    return RefusedFile(fmt::format("entry {} does not lie before the directory", quoted));
  }
  return entry;
}

// Each byte before the directory belongs to one entry at most, and the first entry begins the archive.
absl::Status CheckOrder(const std::vector<std::pair<uint64_t, ZipEntry>>& entries) {
  uint64_t end = 0;
  std::set<std::string_view> names;
  for (const auto& [begin, entry] : entries) {
    if (end == 0 && begin != 0) return RefusedFile(fmt::format("{} bytes stand before the first entry", begin));
    if (begin < end) return RefusedFile(fmt::format("entry {} overlaps the one before", QuoteForMessage(entry.name)));
    if (!names.insert(entry.name).second) {
      return RefusedFile(fmt::format("entry {} occurs twice", QuoteForMessage(entry.name)));
    }
    end = entry.begin + entry.stored_bytes;
  }
  return absl::OkStatus();
}

// Unpacks an entry's data, which must give exactly `size` bytes.
absl::StatusOr<std::string> Unpack(std::span<const uint8_t> packed, uint64_t size) {
  absl::StatusOr<std::string> out = Inflate(packed, size, DeflateFraming::kNone);
  if (absl::IsInvalidArgument(out.status()) || (out.ok() && out->size() != size)) {
    return RefusedFile(fmt::format("its data does not unpack to the {} bytes announced", size));
  }
  return out;
}

}  // namespace

absl::StatusOr<ZipArchive> ZipArchive::Open(std::shared_ptr<const ByteSource> bytes) {
  PLUMB_ASSIGN_OR_RETURN(ZipDirectory directory, ReadZipDirectory(*bytes));
  std::sort(directory.records.begin(), directory.records.end(),
            [](const ZipRecord& a, const ZipRecord& b) { return a.header_begin < b.header_begin; });
  ByteWindow window(*bytes);
  std::vector<std::pair<uint64_t, ZipEntry>> entries;
  for (const ZipRecord& record : directory.records) {
    PLUMB_ASSIGN_OR_RETURN(ZipEntry entry, ReadLocal(window, record, directory.begin));
    entries.emplace_back(record.header_begin, std::move(entry));
  }
  PLUMB_RETURN_IF_ERROR(CheckOrder(entries));
  ZipArchive archive;
  archive.bytes_ = std::move(bytes);
  for (auto& [begin, entry] : entries) archive.entries_.push_back(std::move(entry));
  return archive;
}

const ZipEntry* ZipArchive::Find(std::string_view name) const {
  auto found = std::find_if(entries_.begin(), entries_.end(), [&](const ZipEntry& e) { return e.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

absl::StatusOr<std::string> ZipArchive::Read(const ZipEntry& entry, uint64_t bytes_max) const {
  auto read = [&]() -> absl::StatusOr<std::string> {
    if (entry.size_bytes > bytes_max) {
      return RefusedFile(fmt::format("it has {} bytes, at most {} are read", entry.size_bytes, bytes_max));
    }
    std::string data(entry.stored_bytes, '\0');
    PLUMB_RETURN_IF_ERROR(bytes_->Read(entry.begin, {reinterpret_cast<uint8_t*>(data.data()), data.size()}));
    if (entry.deflated) {
      PLUMB_ASSIGN_OR_RETURN(data,
                             Unpack({reinterpret_cast<const uint8_t*>(data.data()), data.size()}, entry.size_bytes));
    }
    const uint32_t sum = Crc32(AsBytes(data));
    if (sum == entry.crc32) return data;
    return DamagedFile(fmt::format("its CRC-32 is {:08x}, expected {:08x}", sum, entry.crc32));
  };
  absl::StatusOr<std::string> data = read();
  return data.ok() ? std::move(data) : Annotate(data.status(), fmt::format("entry {}", QuoteForMessage(entry.name)));
}

bool LooksLikeZip(std::span<const uint8_t> head) { return head.size() >= 4 && FieldAt(head, 0, 4) == kLocalSignature; }

}  // namespace plumb
