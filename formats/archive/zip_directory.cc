#include "formats/archive/zip_directory.h"

#include <algorithm>

#include "fmt/format.h"
#include "formats/archive/fields.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr uint32_t kEndSignature = 0x06054b50;
constexpr uint64_t kEndBytes = 22;
constexpr uint64_t kCommentBytesMax = 65535;
constexpr uint32_t kLocatorSignature = 0x07064b50;
constexpr uint64_t kLocatorBytes = 20;
constexpr uint32_t kEnd64Signature = 0x06064b50;
constexpr uint64_t kEnd64Bytes = 56;
constexpr uint32_t kRecordSignature = 0x02014b50;
constexpr uint64_t kRecordBytes = 46;
constexpr uint16_t kZip64Extra = 1;

// Where the directory lies and how many records it has.
struct Extent {
  uint64_t begin = 0;
  uint64_t size = 0;
  uint64_t count = 0;
  uint64_t end = 0;  // Of the directory: the first byte of the first end record.
};

// The end record is the last thing in the archive: its comment ends where the archive does.
absl::StatusOr<uint64_t> FindEnd(ByteWindow& window) {
  const uint64_t size = window.size();
  if (size < kEndBytes) return RefusedFile(fmt::format("{} bytes are no ZIP archive", size));
  const uint64_t searched = std::min(size, kEndBytes + kCommentBytesMax);
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> tail, window.At(size - searched, searched));
  for (uint64_t at = searched - kEndBytes + 1; at-- > 0;) {
    const bool here = FieldAt(tail, at, 4) == kEndSignature;
    if (here && at + kEndBytes + FieldAt(tail, at + 20, 2) == searched) return size - searched + at;
  }
  return RefusedFile("there is no end record at the end: it is cut off, or something follows it");
}

// The 64-bit end record that a locator right before the end record points to, when there is one.
absl::Status ReadEnd64(ByteWindow& window, uint64_t end, Extent* extent) {
  if (end < kLocatorBytes) return absl::OkStatus();
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> locator, window.At(end - kLocatorBytes, kLocatorBytes));
  if (FieldAt(locator, 0, 4) != kLocatorSignature) return absl::OkStatus();
  const uint64_t begin = FieldAt(locator, 8, 8);
  if (FieldAt(locator, 4, 4) != 0 || FieldAt(locator, 16, 4) > 1) return RefusedFile("it is split over several disks");
  if (begin > end - kLocatorBytes || end - kLocatorBytes - begin < kEnd64Bytes) {
    return RefusedFile("its 64-bit end record does not lie before its locator");
  }
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> record, window.At(begin, kEnd64Bytes));
  const uint64_t record_bytes = FieldAt(record, 4, 8);
  if (FieldAt(record, 0, 4) != kEnd64Signature || record_bytes != end - kLocatorBytes - begin - 12) {
    return RefusedFile("its 64-bit end record is not where the locator says");
  }
  if (FieldAt(record, 24, 8) != FieldAt(record, 32, 8)) return RefusedFile("it is split over several disks");
  *extent = {FieldAt(record, 48, 8), FieldAt(record, 40, 8), FieldAt(record, 32, 8), begin};
  return absl::OkStatus();
}

absl::StatusOr<Extent> FindDirectory(ByteWindow& window) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t end, FindEnd(window));
  Extent narrow;
  {
    PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> record, window.At(end, kEndBytes));
    if (FieldAt(record, 4, 2) != 0 || FieldAt(record, 8, 2) != FieldAt(record, 10, 2)) {
      return RefusedFile("it is split over several disks");
    }
    narrow = {FieldAt(record, 16, 4), FieldAt(record, 12, 4), FieldAt(record, 10, 2), end};
  }
  Extent extent = narrow;
  PLUMB_RETURN_IF_ERROR(ReadEnd64(window, end, &extent));
  auto agrees = [](uint64_t small, uint64_t large, uint64_t unset) { return small == large || small == unset; };
  if (!agrees(narrow.begin, extent.begin, UINT32_MAX) || !agrees(narrow.size, extent.size, UINT32_MAX) ||
      !agrees(narrow.count, extent.count, UINT16_MAX)) {
    return RefusedFile("its two end records contradict each other");
  }
  if (extent.size > extent.end || extent.begin != extent.end - extent.size) {
    return RefusedFile(fmt::format("its directory is said to lie at {} with {} bytes, but ends at {}", extent.begin,
                                   extent.size, extent.end));
  }
  if (extent.count > extent.size / kRecordBytes || extent.count > limits::kArchiveEntriesMax) {
    return RefusedFile(fmt::format("{} entries do not fit a directory of {} bytes, or are more than {}", extent.count,
                                   extent.size, limits::kArchiveEntriesMax));
  }
  return extent;
}

// Replaces sizes and offset by those of the ZIP64 extra field, for each that is all ones, in this order.
absl::Status ApplyExtra(std::span<const uint8_t> extra, ZipRecord* record) {
  std::vector<uint64_t*> wide;
  for (uint64_t* value : {&record->size_bytes, &record->stored_bytes, &record->header_begin}) {
    if (*value == UINT32_MAX) wide.push_back(value);
  }
  bool seen = false;
  while (extra.size() >= 4) {
    const uint64_t id = FieldAt(extra, 0, 2);
    const uint64_t bytes = FieldAt(extra, 2, 2);
    if (bytes > extra.size() - 4) return RefusedFile("an extra field goes past its record");
    if (id == kZip64Extra) {
      if (seen || bytes < 8 * wide.size()) return RefusedFile("a ZIP64 field is doubled or too short");
      seen = true;
      for (size_t i = 0; i < wide.size(); ++i) *wide[i] = FieldAt(extra, 4 + 8 * i, 8);
    }
    extra = extra.subspan(4 + bytes);
  }
  if (!wide.empty() && !seen) return RefusedFile("a size is said to stand in a ZIP64 field that is not there");
  return absl::OkStatus();
}

// Reads the record at `at` and moves past it.
absl::StatusOr<ZipRecord> ReadRecord(std::span<const uint8_t> directory, uint64_t* at) {
  if (directory.size() - *at < kRecordBytes) return RefusedFile("the directory ends within a record");
  std::span<const uint8_t> fixed = directory.subspan(*at, kRecordBytes);
  const uint64_t name_bytes = FieldAt(fixed, 28, 2);
  const uint64_t extra_bytes = FieldAt(fixed, 30, 2);
  const uint64_t comment_bytes = FieldAt(fixed, 32, 2);
  if (FieldAt(fixed, 0, 4) != kRecordSignature ||
      directory.size() - *at - kRecordBytes < name_bytes + extra_bytes + comment_bytes) {
    return RefusedFile("the directory holds something that is no record");
  }
  if (FieldAt(fixed, 34, 2) != 0) return RefusedFile("it is split over several disks");
  ZipRecord record = {.name = std::string(AsText(directory.subspan(*at + kRecordBytes, name_bytes))),
                      .flags = static_cast<uint16_t>(FieldAt(fixed, 8, 2)),
                      .method = static_cast<uint16_t>(FieldAt(fixed, 10, 2)),
                      .crc32 = static_cast<uint32_t>(FieldAt(fixed, 16, 4)),
                      .stored_bytes = FieldAt(fixed, 20, 4),
                      .size_bytes = FieldAt(fixed, 24, 4),
                      .header_begin = FieldAt(fixed, 42, 4)};
  PLUMB_RETURN_IF_ERROR(ApplyExtra(directory.subspan(*at + kRecordBytes + name_bytes, extra_bytes), &record));
  *at += kRecordBytes + name_bytes + extra_bytes + comment_bytes;
  return record;
}

}  // namespace

absl::StatusOr<ZipDirectory> ReadZipDirectory(const ByteSource& bytes) {
  ByteWindow window(bytes);
  PLUMB_ASSIGN_OR_RETURN(Extent extent, FindDirectory(window));
  ZipDirectory directory = {.begin = extent.begin, .records = {}};
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> all, window.At(extent.begin, extent.size));
  uint64_t at = 0;
  for (uint64_t i = 0; i < extent.count; ++i) {
    PLUMB_ASSIGN_OR_RETURN(ZipRecord record, ReadRecord(all, &at));
    directory.records.push_back(std::move(record));
  }
  if (at != extent.size) return RefusedFile("the directory has more bytes than its records");
  return directory;
}

}  // namespace plumb
