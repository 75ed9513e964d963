#include "formats/hdf5/chunk_filters.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/archive/inflate.h"
#include "plumb/base/file.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"

namespace plumb::hdf5 {
namespace {

constexpr uint64_t kSumBytes = 4;

absl::StatusOr<std::string> Unpack(const std::string& packed, uint64_t bytes_max) {
  absl::StatusOr<std::string> out = Inflate(AsBytes(packed), bytes_max, DeflateFraming::kZlib);
  if (absl::IsInvalidArgument(out.status())) return RefusedFile("a chunk's data do not unpack to its size");
  return out;
}

// Byte i of every element stands together; what fills no element stays at the end.
std::string Unshuffle(const std::string& shuffled, uint64_t element_bytes) {
  if (element_bytes <= 1) return shuffled;
  const uint64_t elements = shuffled.size() / element_bytes;
  std::string out = shuffled;
  for (uint64_t byte = 0; byte < element_bytes; ++byte) {
    const char* from = shuffled.data() + byte * elements;
    char* to = out.data() + byte;
    for (uint64_t i = 0; i < elements; ++i) to[i * element_bytes] = from[i];
  }
  return out;
}

absl::StatusOr<std::string> CheckSum(std::string summed) {
  if (summed.size() < kSumBytes) return RefusedFile("a chunk has no checksum");
  const auto* at = reinterpret_cast<const uint8_t*>(summed.data()) + summed.size() - kSumBytes;
  const uint32_t stored = at[0] | uint32_t{at[1]} << 8 | uint32_t{at[2]} << 16 | uint32_t{at[3]} << 24;
  summed.resize(summed.size() - kSumBytes);
  const uint32_t sum = Fletcher32(summed);
  // libhdf5 before 1.6.3 wrote the bytes of each half swapped.
  const uint32_t swapped = (sum & 0x00ff00ff) << 8 | (sum >> 8 & 0x00ff00ff);
  if (stored == sum || stored == swapped) return summed;
  return RefusedFile(fmt::format("a chunk's checksum is {:08x}, expected {:08x}", sum, stored));
}

}  // namespace

uint32_t Fletcher32(std::string_view data) {
  // How many words two 32-bit sums hold without overflow.
  constexpr size_t kWordsMax = 360;
  uint32_t low = 0, high = 0;
  size_t at = 0;
  auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(data[i])); };
  auto fold = [](uint32_t sum) { return (sum & 0xffff) + (sum >> 16); };
  while (at + 1 < data.size()) {
    for (size_t i = 0; i < kWordsMax && at + 1 < data.size(); ++i, at += 2) {
      low += byte(at) << 8 | byte(at + 1);
      high += low;
    }
    low = fold(low);
    high = fold(high);
  }
  if (at < data.size()) {
    low += byte(at) << 8;
    high += low;
    low = fold(low);
    high = fold(high);
  }
  return fold(high) << 16 | fold(low);
}

absl::StatusOr<std::string> UndoFilters(std::string stored, std::span<const Hdf5Filter> filters,
                                        uint32_t skipped_filters, uint64_t element_bytes, uint64_t chunk_bytes) {
  for (size_t i = filters.size(); i-- > 0;) {
    if ((skipped_filters >> i & 1) != 0) continue;
    switch (filters[i]) {
      case Hdf5Filter::kDeflate: {
        PLUMB_ASSIGN_OR_RETURN(stored, Unpack(stored, chunk_bytes + kSumBytes));
        break;
      }
      case Hdf5Filter::kShuffle:
        stored = Unshuffle(stored, element_bytes);
        break;
      case Hdf5Filter::kFletcher32: {
        PLUMB_ASSIGN_OR_RETURN(stored, CheckSum(std::move(stored)));
        break;
      }
    }
  }
  if (stored.size() == chunk_bytes) return stored;
  return RefusedFile(fmt::format("a chunk has {} bytes, expected {}", stored.size(), chunk_bytes));
}

}  // namespace plumb::hdf5
