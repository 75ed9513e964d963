#include "plumb/pack/pack.h"

#include <algorithm>
#include <cstring>

#include "fmt/format.h"
#include "formats/pack/little_endian.h"
#include "plumb/base/file.h"
#include "plumb/base/hex.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#define XXH_INLINE_ALL
#include "xxhash.h"

namespace plumb {
namespace {

constexpr char kMagic[] = "PLUMBPCK";
constexpr size_t kMagicBytes = 8;
constexpr uint32_t kVersion = 1;
constexpr char kRecordMagic[] = "PREC";
constexpr size_t kChecksumAt = kPackRecordHeaderBytes - 8;

}  // namespace

std::array<uint8_t, kPackHeaderBytes> RenderPackHeader() {
  std::array<uint8_t, kPackHeaderBytes> bytes{};
  std::memcpy(bytes.data(), kMagic, kMagicBytes);
  StoreLittleEndian(kVersion, bytes.data() + kMagicBytes);
  return bytes;
}

absl::Status CheckPackHeader(std::span<const uint8_t> bytes) {
  auto expected = RenderPackHeader();
  if (std::ranges::equal(bytes, expected)) return absl::OkStatus();
  return InvalidArgument(fmt::format("not a pack of version {}: it begins with {}, expected {}", kVersion,
                                     HexEncode(bytes.first(std::min<size_t>(bytes.size(), kPackHeaderBytes))),
                                     HexEncode(expected)));
}

uint64_t FrameChecksum(std::span<const uint8_t> frame) { return XXH3_64bits(frame.data(), frame.size()); }

std::array<uint8_t, kPackRecordHeaderBytes> RenderPackRecord(const PackRecord& record) {
  std::array<uint8_t, kPackRecordHeaderBytes> bytes{};
  std::memcpy(bytes.data(), kRecordMagic, 4);
  StoreLittleEndian(record.frame_bytes, bytes.data() + 4);
  std::ranges::copy(record.digest.bytes, bytes.data() + 8);
  StoreLittleEndian(record.frame_checksum, bytes.data() + 40);
  StoreLittleEndian(uint64_t{XXH3_64bits(bytes.data(), kChecksumAt)}, bytes.data() + kChecksumAt);
  return bytes;
}

absl::StatusOr<PackRecord> ParsePackRecord(std::span<const uint8_t> bytes) {
  if (bytes.size() != kPackRecordHeaderBytes || std::memcmp(bytes.data(), kRecordMagic, 4) != 0) {
    return InvalidArgument("no record begins here");
  }
  if (LoadLittleEndian<uint64_t>(bytes.data() + kChecksumAt) != XXH3_64bits(bytes.data(), kChecksumAt)) {
    return InvalidArgument("the record's header does not have its checksum");
  }
  PackRecord record;
  record.frame_bytes = LoadLittleEndian<uint32_t>(bytes.data() + 4);
  std::ranges::copy(bytes.subspan(8, Digest::kSizeBytes), record.digest.bytes.begin());
  record.frame_checksum = LoadLittleEndian<uint64_t>(bytes.data() + 40);
  if (record.frame_bytes == 0 || record.frame_bytes > limits::kFrameBytesMax) {
    return InvalidArgument(
        fmt::format("the record's frame has {} bytes, expected 1 to {}", record.frame_bytes, limits::kFrameBytesMax));
  }
  return record;
}

}  // namespace plumb
