#include "formats/hdf5/helper/header_length.h"

#include <algorithm>
#include <cstring>

namespace plumb::hdf5 {
namespace {

constexpr size_t kFirstVersionBytes = 16;
constexpr size_t kChecksumBytes = 4;
constexpr size_t kHeapPrefixBytes = 32;

uint64_t Number(std::span<const uint8_t> bytes) {
  uint64_t number = 0;
  for (size_t i = bytes.size(); i-- > 0;) number = number << 8 | bytes[i];
  return number;
}

bool IsHeap(std::span<const uint8_t> start) { return std::memcmp(start.data(), "HEAP\0", 5) == 0; }
bool IsSecondVersion(std::span<const uint8_t> start) { return std::memcmp(start.data(), "OHDR\2", 5) == 0; }

// The field that says how long the messages are: where it begins, behind times and limits that may be left out, and
// its bytes.
size_t SizeFieldBegin(uint8_t flags) { return 6 + ((flags & 0x20) != 0 ? 16 : 0) + ((flags & 0x10) != 0 ? 4 : 0); }
size_t SizeFieldBytes(uint8_t flags) { return size_t{1} << (flags & 3); }

}  // namespace

size_t HeaderPrefixBytes(std::span<const uint8_t> start) {
  if (start.size() < kHeaderStartBytes) return 0;
  if (IsHeap(start)) return kHeapPrefixBytes;
  if (IsSecondVersion(start)) {
    return std::max(kHeaderStartBytes, SizeFieldBegin(start[5]) + SizeFieldBytes(start[5]));
  }
  // The first version has no signature. The part of a header that continues it begins with a message, which looks like
  // this only if that is a dataspace: then the number below is the dataspace's version, and no multiple of eight.
  const bool first_version = start[0] == 1 && start[1] == 0 && Number(start.subspan(8, 4)) % 8 == 0;
  return first_version ? kFirstVersionBytes : 0;
}

uint64_t HeaderBytes(std::span<const uint8_t> prefix, uint64_t offset, uint64_t file_bytes) {
  if (IsHeap(prefix)) {
    const uint64_t data_bytes = Number(prefix.subspan(8, 8));
    const uint64_t data_begin = Number(prefix.subspan(24, 8));
    // With shorter sizes these would hold the next fields too: the list of free places, which is never 0, and a name.
    if (data_begin == 0 || data_begin > file_bytes || data_bytes > file_bytes - data_begin) return UINT64_MAX;
    return data_begin == offset + kHeapPrefixBytes ? kHeapPrefixBytes + data_bytes : kHeapPrefixBytes;
  }
  if (!IsSecondVersion(prefix)) return kFirstVersionBytes + Number(prefix.subspan(8, 4));
  const size_t at = SizeFieldBegin(prefix[5]);
  const size_t width = SizeFieldBytes(prefix[5]);
  const uint64_t messages = Number(prefix.subspan(at, width));
  // A length that no file has must not wrap.
  return messages > UINT64_MAX / 2 ? UINT64_MAX : at + width + messages + kChecksumBytes;
}

}  // namespace plumb::hdf5
