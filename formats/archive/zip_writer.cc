#include "plumb/archive/zip_writer.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "fmt/format.h"
#include "formats/archive/fields.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr uint64_t kLocalBytes = 30;
constexpr uint64_t kNameBytesMax = 65535;
constexpr uint64_t kZip64LocalBytes = 20;  // A field with both sizes.
constexpr uint16_t kZip64Field = 1;
constexpr uint16_t kPaddingField = 0x4246;  // `FB`, as torch.save names it.
constexpr uint16_t kNamesInUtf8 = 0x0800;
constexpr uint16_t kVersionPlain = 20, kVersion64 = 45;
constexpr uint16_t kFirstOfJanuary1980 = 0x21;  // The first date that there is: archives of equal data are equal.

// What does not fit 32 bits is all ones, and stands in a ZIP64 field.
bool IsWide(uint64_t value) { return value >= UINT32_MAX; }
uint64_t Narrow(uint64_t value) { return std::min<uint64_t>(value, UINT32_MAX); }

void AppendLocalHeader(const ZipEntryToWrite& entry, uint32_t crc32, uint64_t header_bytes, std::string* out) {
  const bool wide = IsWide(entry.size_bytes);
  const uint64_t extra_bytes = header_bytes - kLocalBytes - entry.name.size();
  AppendField(0x04034b50, 4, out);
  AppendField(wide ? kVersion64 : kVersionPlain, 2, out);
  AppendField(kNamesInUtf8, 2, out);
  AppendField(0, 4, out);  // Stored; midnight.
  AppendField(kFirstOfJanuary1980, 2, out);
  AppendField(crc32, 4, out);
  AppendField(Narrow(entry.size_bytes), 4, out);
  AppendField(Narrow(entry.size_bytes), 4, out);
  AppendField(entry.name.size(), 2, out);
  AppendField(extra_bytes, 2, out);
  out->append(entry.name);
  if (wide) {
    AppendField(kZip64Field, 2, out);
    AppendField(16, 2, out);
    AppendField(entry.size_bytes, 8, out);
    AppendField(entry.size_bytes, 8, out);
  }
  const uint64_t padding_bytes = extra_bytes - (wide ? kZip64LocalBytes : 0);
  if (padding_bytes == 0) return;
  AppendField(kPaddingField, 2, out);
  AppendField(padding_bytes - 4, 2, out);
  out->append(padding_bytes - 4, '\0');
}

// The directory's record; its length does not depend on the sum.
void AppendRecord(const ZipEntryToWrite& entry, uint64_t header_begin, uint32_t crc32, std::string* out) {
  std::string extra;
  if (IsWide(entry.size_bytes)) {
    AppendField(entry.size_bytes, 8, &extra);
    AppendField(entry.size_bytes, 8, &extra);
  }
  if (IsWide(header_begin)) AppendField(header_begin, 8, &extra);
  const uint16_t version = extra.empty() ? kVersionPlain : kVersion64;
  AppendField(0x02014b50, 4, out);
  AppendField(version, 2, out);
  AppendField(version, 2, out);
  AppendField(kNamesInUtf8, 2, out);
  AppendField(0, 4, out);
  AppendField(kFirstOfJanuary1980, 2, out);
  AppendField(crc32, 4, out);
  AppendField(Narrow(entry.size_bytes), 4, out);
  AppendField(Narrow(entry.size_bytes), 4, out);
  AppendField(entry.name.size(), 2, out);
  AppendField(extra.empty() ? 0 : extra.size() + 4, 2, out);
  AppendField(0, 8, out);  // No comment, first disk, no attributes.
  AppendField(0, 2, out);
  AppendField(Narrow(header_begin), 4, out);
  out->append(entry.name);
  if (extra.empty()) return;
  AppendField(kZip64Field, 2, out);
  AppendField(extra.size(), 2, out);
  out->append(extra);
}

void AppendEnd(uint64_t count, uint64_t directory_begin, uint64_t directory_bytes, std::string* out) {
  if (count >= UINT16_MAX || IsWide(directory_begin) || IsWide(directory_bytes)) {
    const uint64_t end = directory_begin + directory_bytes;
    AppendField(0x06064b50, 4, out);
    AppendField(44, 8, out);
    AppendField(kVersion64, 2, out);
    AppendField(kVersion64, 2, out);
    AppendField(0, 8, out);
    AppendField(count, 8, out);
    AppendField(count, 8, out);
    AppendField(directory_bytes, 8, out);
    AppendField(directory_begin, 8, out);
    AppendField(0x07064b50, 4, out);
    AppendField(0, 4, out);
    AppendField(end, 8, out);
    AppendField(1, 4, out);
  }
  AppendField(0x06054b50, 4, out);
  AppendField(0, 4, out);
  AppendField(std::min<uint64_t>(count, UINT16_MAX), 2, out);
  AppendField(std::min<uint64_t>(count, UINT16_MAX), 2, out);
  AppendField(Narrow(directory_bytes), 4, out);
  AppendField(Narrow(directory_begin), 4, out);
  AppendField(0, 2, out);
}

absl::Status CheckEntries(const std::vector<ZipEntryToWrite>& entries) {
  if (entries.size() > limits::kArchiveEntriesMax) {
    return InvalidArgument(fmt::format("{} entries, at most {}", entries.size(), limits::kArchiveEntriesMax));
  }
  std::unordered_set<std::string_view> names;
  for (const ZipEntryToWrite& entry : entries) {
    auto refuse = [&](std::string_view rule) {
      return InvalidArgument(fmt::format("write entry {}: {}", QuoteForMessage(entry.name), rule));
    };
    if (entry.name.empty() || entry.name.size() > kNameBytesMax || entry.name.find('\0') != entry.name.npos ||
        !IsValidUtf8(entry.name)) {
      return refuse(fmt::format("its name must be 1 to {} bytes of UTF-8 without NUL", kNameBytesMax));
    }
    if (entry.size_bytes > limits::kFileBytesMax) return refuse("too large");
    if (!names.insert(entry.name).second) return refuse("the name occurs twice");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ZipLayout> ZipLayout::New(std::vector<ZipEntryToWrite> entries, uint32_t alignment) {
  PLUMB_RETURN_IF_ERROR(CheckEntries(entries));
  ZipLayout layout;
  uint64_t at = 0;
  for (const ZipEntryToWrite& entry : entries) {
    const uint64_t end = at + kLocalBytes + entry.name.size() + (IsWide(entry.size_bytes) ? kZip64LocalBytes : 0);
    uint64_t padding = (alignment - end % alignment) % alignment;
    // A field needs four bytes for its own header.
    while (padding != 0 && padding < 4) padding += alignment;
    layout.places_.push_back({at, end + padding});
    at = end + padding + entry.size_bytes;
    if (at > limits::kFileBytesMax) return InvalidArgument("the archive becomes too large");
  }
  layout.entries_ = std::move(entries);
  layout.directory_begin_ = at;
  const std::vector<uint32_t> no_sums(layout.entries_.size());
  const std::vector<PlacedBytes> records = layout.Records(no_sums);
  layout.file_bytes_ = records.back().offset + records.back().bytes.size();
  return layout;
}

std::vector<PlacedBytes> ZipLayout::Records(std::span<const uint32_t> crc32s) const {
  std::vector<PlacedBytes> records;
  PlacedBytes directory{directory_begin_, {}};
  for (size_t i = 0; i < entries_.size(); ++i) {
    PlacedBytes& local = records.emplace_back(PlacedBytes{places_[i].header_begin, {}});
    AppendLocalHeader(entries_[i], crc32s[i], places_[i].data_begin - places_[i].header_begin, &local.bytes);
    AppendRecord(entries_[i], places_[i].header_begin, crc32s[i], &directory.bytes);
  }
  AppendEnd(entries_.size(), directory_begin_, directory.bytes.size(), &directory.bytes);
  records.push_back(std::move(directory));
  return records;
}

}  // namespace plumb
