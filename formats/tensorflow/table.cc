#include "formats/tensorflow/table.h"

#include <snappy.h>

#include <optional>

#include "fmt/format.h"
#include "formats/tensorflow/crc32c.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"
#include "plumb/protowire/wire_reader.h"

namespace plumb {
namespace {

constexpr uint64_t kFooterBytes = 48;
constexpr uint64_t kMagic = 0xdb4775248b80fb57;
// Snappy's copies are of at most 64 bytes and take at least two.
constexpr uint64_t kSnappyRatioMax = 64;
constexpr uint64_t kTrailerBytes = 5;  // A type and a checksum after each block.

uint64_t Little(std::span<const uint8_t> bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes.size(); ++i) number |= uint64_t{bytes[i]} << (8 * i);
  return number;
}

// Where a block lies, without its trailer.
struct BlockHandle {
  uint64_t offset = 0;
  uint64_t size = 0;
};

absl::StatusOr<BlockHandle> TakeHandle(std::span<const uint8_t>* bytes) {
  const std::optional<uint64_t> offset = TakeVarint(*bytes);
  const std::optional<uint64_t> size = TakeVarint(*bytes);
  if (!offset || !size) return RefusedFile("the place of a block is cut off");
  return BlockHandle{*offset, *size};
}

using Entries = std::vector<std::pair<std::string, std::string>>;

// A block's bytes without its trailer, whose checksum holds.
absl::StatusOr<std::string> LoadBlock(ByteWindow& window, const BlockHandle& handle) {
  constexpr uint8_t kPlain = 0;
  constexpr uint8_t kSnappy = 1;
  const uint64_t size = window.size();
  if (handle.offset > size || handle.size > size - handle.offset ||
      size - handle.offset - handle.size < kTrailerBytes) {
    return DamagedFile(fmt::format("a block of {} bytes at {} lies outside the file", handle.size, handle.offset));
  }
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> all, window.At(handle.offset, handle.size + kTrailerBytes));
  const uint32_t found = MaskedCrc32c(all.first(handle.size + 1));
  const uint64_t expected = Little(all.last(4));
  if (found != expected) {
    return DamagedFile(
        fmt::format("the block at {} has the checksum {:08x}, expected {:08x}", handle.offset, found, expected));
  }
  const std::string_view stored = AsText(all.first(handle.size));
  if (all[handle.size] == kPlain) return std::string(stored);
  size_t plain_bytes = 0;
  if (all[handle.size] != kSnappy || !snappy::GetUncompressedLength(stored.data(), stored.size(), &plain_bytes) ||
      plain_bytes > limits::kTableBytesMax || plain_bytes > kSnappyRatioMax * stored.size()) {
    return RefusedFile(fmt::format("the block at {} is compressed in a way that is not read", handle.offset));
  }
  std::string plain(plain_bytes, '\0');
  if (!snappy::RawUncompress(stored.data(), stored.size(), plain.data())) {
    return RefusedFile(fmt::format("the block at {} does not unpack", handle.offset));
  }
  return plain;
}

// Reads the entries of one block after those that `entries` has.
absl::Status ReadBlock(ByteWindow& window, const BlockHandle& handle, Entries* entries) {
  PLUMB_ASSIGN_OR_RETURN(std::string loaded, LoadBlock(window, handle));
  std::span<const uint8_t> block(reinterpret_cast<const uint8_t*>(loaded.data()), loaded.size());
  const uint64_t restarts = block.size() < 4 ? UINT64_MAX : Little(block.last(4));
  if (restarts >= block.size() / 4) return RefusedFile(fmt::format("the block at {} has no end", handle.offset));
  block = block.first(block.size() - 4 * (restarts + 1));
  std::string key;
  while (!block.empty()) {
    const std::optional<uint64_t> shared = TakeVarint(block);
    const std::optional<uint64_t> fresh = TakeVarint(block);
    const std::optional<uint64_t> value = TakeVarint(block);
    if (!shared || !fresh || !value || *shared > key.size() || *fresh > block.size() ||
        *value > block.size() - *fresh) {
      return RefusedFile(fmt::format("an entry of the block at {} goes past its end", handle.offset));
    }
    std::string next = key.substr(0, *shared).append(AsText(block.first(*fresh)));
    if (!entries->empty() && next <= entries->back().first) return RefusedFile("the keys of the table do not rise");
    key = std::move(next);
    entries->emplace_back(key, AsText(block.subspan(*fresh, *value)));
    block = block.subspan(*fresh + *value);
  }
  return absl::OkStatus();
}

}  // namespace

uint32_t MaskedCrc32c(std::span<const uint8_t> bytes) {
  constexpr uint32_t kDelta = 0xa282ead8;
  const uint32_t sum = Crc32c(bytes);
  return ((sum >> 15) | (sum << 17)) + kDelta;
}

bool EndsLikeTable(const ByteSource& bytes) {
  uint8_t magic[8];
  if (bytes.Size() < kFooterBytes || !bytes.Read(bytes.Size() - sizeof(magic), magic).ok()) return false;
  return Little(magic) == kMagic;
}

absl::StatusOr<Entries> ReadTable(const ByteSource& bytes) {
  if (bytes.Size() < kFooterBytes) {
    return DamagedFile(fmt::format("it has {} bytes, expected {} or more", bytes.Size(), kFooterBytes));
  }
  if (bytes.Size() > limits::kTableBytesMax) {
    return RefusedFile(fmt::format("it has {} bytes, at most {}", bytes.Size(), limits::kTableBytesMax));
  }
  if (!EndsLikeTable(bytes)) return DamagedFile("it does not end as a table does");
  ByteWindow window(bytes);
  BlockHandle index;
  {
    PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> footer, window.At(bytes.Size() - kFooterBytes, kFooterBytes));
    PLUMB_RETURN_IF_ERROR(TakeHandle(&footer).status());  // Of the index of filters, of which TensorFlow has none.
    PLUMB_ASSIGN_OR_RETURN(index, TakeHandle(&footer));
  }
  Entries blocks;
  PLUMB_RETURN_IF_ERROR(ReadBlock(window, index, &blocks));
  Entries entries;
  for (const auto& [key, place] : blocks) {
    std::span<const uint8_t> handle_bytes(reinterpret_cast<const uint8_t*>(place.data()), place.size());
    PLUMB_ASSIGN_OR_RETURN(BlockHandle handle, TakeHandle(&handle_bytes));
    PLUMB_RETURN_IF_ERROR(ReadBlock(window, handle, &entries));
  }
  return entries;
}

}  // namespace plumb
