#include "plumb/gguf/gguf.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "fmt/format.h"
#include "formats/gguf/cursor.h"
#include "formats/gguf/key_values.h"
#include "formats/gguf/tensor_table.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"

namespace plumb::gguf {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr std::string_view kAlignmentKey = "general.alignment";

absl::Status ReadVersion(Cursor& cursor, GgufHeader* header) {
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> magic, cursor.Bytes(kMagic.size(), "the magic"));
  if (AsText(magic) != kMagic) {
    return InvalidArgument(fmt::format("the magic is {}, expected \"GGUF\"", QuoteForMessage(AsText(magic))));
  }
  PLUMB_ASSIGN_OR_RETURN(header->version, cursor.Read<uint32_t>("the version"));
  // No version is so high that its lower half is empty: the bytes are in the other order.
  if (header->version != 0 && (header->version & 0xffff) == 0) {
    header->version = __builtin_bswap32(header->version);
    header->big_endian = true;
    cursor.set_big_endian(true);
  }
  if (header->version == 0) return InvalidArgument("version 0, expected 2 or 3");
  if (header->version == 1) return NotUnderstoodFile("version 1, which the reference no longer reads; expected 2 or 3");
  if (header->version > 3) return NotUnderstoodFile(fmt::format("version {}, expected 2 or 3", header->version));
  return absl::OkStatus();
}

// A declared number of things that take at least `bytes_min` each.
absl::StatusOr<uint64_t> ReadCount(Cursor& cursor, std::string_view what, uint64_t bytes_min) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t count, cursor.Read<uint64_t>(what));
  if (count > cursor.remaining() / bytes_min) {
    return InvalidArgument(fmt::format("{} is {}, but only {} bytes follow", what, count, cursor.remaining()));
  }
  return count;
}

absl::StatusOr<uint64_t> AlignmentOf(const std::vector<MetadataEntry>& metadata) {
  auto entry = std::find_if(metadata.begin(), metadata.end(),
                            [](const MetadataEntry& each) { return each.key == kAlignmentKey; });
  if (entry == metadata.end()) return GgufHeader().alignment;
  if (entry->stored_as != "u32") {
    return InvalidArgument(fmt::format("{} is of type {}, expected u32", kAlignmentKey, entry->stored_as));
  }
  const uint64_t alignment = std::get<uint64_t>(entry->value);
  if (!std::has_single_bit(alignment) || alignment > limits::kGgufAlignmentMax) {
    return InvalidArgument(
        fmt::format("{} is {}, expected a power of two up to {}", kAlignmentKey, alignment, limits::kGgufAlignmentMax));
  }
  return alignment;
}

// Turns ranges into places in the file, all of which must be there.
absl::Status PlaceTensors(uint64_t header_end, uint64_t file_bytes, GgufHeader* header) {
  const std::optional<uint64_t> data_offset = PaddedTo(header_end, header->alignment);
  if (!data_offset) return InvalidArgument("the header's end overflows");
  // A file without tensor data is not padded.
  header->data_offset = std::min(*data_offset, file_bytes);
  header->data_end = header->data_offset;
  for (SourceTensor& tensor : header->tensors) {
    for (StoredRange& range : tensor.ranges) {
      if (range.end > file_bytes || *data_offset > file_bytes - range.end) {
        return InvalidArgument(fmt::format("tensor {} ends {} bytes into the data, which begins at {}; the file has {}",
                                           QuoteForMessage(tensor.name), range.end, *data_offset, file_bytes));
      }
      range.begin += *data_offset;
      range.end += *data_offset;
      header->data_end = range.end;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<GgufHeader> ReadHeader(const ByteSource& bytes) {
  GgufHeader header;
  Cursor cursor(bytes);
  PLUMB_RETURN_IF_ERROR(ReadVersion(cursor, &header));
  PLUMB_ASSIGN_OR_RETURN(uint64_t tensors, ReadCount(cursor, "the number of tensors", kTensorEntryBytesMin));
  PLUMB_ASSIGN_OR_RETURN(uint64_t key_values, ReadCount(cursor, "the number of key-values", kKeyValueBytesMin));
  PLUMB_ASSIGN_OR_RETURN(header.metadata, ReadKeyValues(cursor, key_values));
  PLUMB_ASSIGN_OR_RETURN(header.alignment, AlignmentOf(header.metadata));
  PLUMB_ASSIGN_OR_RETURN(header.tensors, ReadTensorTable(cursor, tensors, header.alignment));
  PLUMB_RETURN_IF_ERROR(PlaceTensors(cursor.position(), bytes.Size(), &header));
  return header;
}

}  // namespace

absl::StatusOr<GgufHeader> GgufHeader::Read(const ByteSource& bytes, std::string_view name) {
  absl::StatusOr<GgufHeader> header = ReadHeader(bytes);
  if (header.ok()) return header;
  absl::Status status = Annotate(header.status(), fmt::format("{}: GGUF", name));
  return absl::IsInvalidArgument(status) ? WithErrorClass(status, ErrorClass::kPolicy) : status;
}

}  // namespace plumb::gguf
