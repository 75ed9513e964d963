// Any bytes as a pack, as they are and with checksums that fit: what its index or a scan says lies inside the file, and
// an index that was read renders to the bytes that it was read from.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "formats/pack/little_endian.h"
#include "plumb/base/limits.h"
#include "plumb/pack/pack_index.h"
#include "plumb/pack/pack_scanner.h"

namespace {

void Check(bool condition) {
  if (!condition) std::abort();
}

void CheckIndex(const plumb::PackSource& pack) {
  auto entries = plumb::ReadPackIndex(pack);
  if (!entries.ok()) return;
  Check(entries->size() <= plumb::kPackRecordsMax);
  for (const plumb::PackEntry& entry : *entries) {
    Check(entry.plain_bytes >= 1 && entry.plain_bytes <= plumb::limits::kChunkBytesMax);
    Check(uint64_t{entry.offset} + entry.frame_bytes <= pack.size_bytes);
  }
  // What was read renders to the end of the file that it was read from.
  size_t end_bytes = plumb::RenderPackEnd(0, *entries).size();
  std::vector<uint8_t> found(end_bytes);
  Check(pack.read(pack.size_bytes - end_bytes, found).ok());
  Check(found == plumb::RenderPackEnd(pack.size_bytes - end_bytes, *entries));
}

void CheckScan(const plumb::PackSource& pack) {
  auto scanner = plumb::PackScanner::New(pack);
  if (!scanner.ok()) return;
  uint64_t before = scanner->position();
  while (true) {
    auto record = scanner->Next();
    if (!record.ok() || !record->has_value()) return;
    Check((*record)->offset >= before + plumb::kPackRecordHeaderBytes);
    Check(scanner->position() == uint64_t{(*record)->offset} + (*record)->record.frame_bytes);
    Check(scanner->position() <= pack.size_bytes);
    auto frame = scanner->ReadFrame(**record);
    Check(!frame.ok() || frame->size() == (*record)->record.frame_bytes);
    before = scanner->position();
  }
}

// What an attacker would do: magic numbers and checksums that fit whatever else stands there.
std::vector<uint8_t> Forge(std::span<const uint8_t> data) {
  constexpr size_t kFooterBytes = 40;
  std::vector<uint8_t> bytes(data.begin(), data.end());
  bytes.resize(std::max<size_t>(plumb::PackBlockEnd(bytes.size()), 2 * plumb::kPackBlockBytes));
  std::ranges::copy(plumb::RenderPackHeader(), bytes.begin());
  for (size_t at = plumb::kPackHeaderBytes; at + plumb::kPackRecordHeaderBytes < bytes.size();) {
    plumb::PackRecord record;
    std::copy_n(bytes.begin() + static_cast<long>(at), 32, record.digest.bytes.begin());
    record.frame_bytes = 1 + bytes[at + 4] + 16u * bytes[at + 5];
    size_t end = at + plumb::kPackRecordHeaderBytes + record.frame_bytes;
    if (end < bytes.size()) {
      record.frame_checksum = plumb::FrameChecksum(
          {bytes.data() + at + plumb::kPackRecordHeaderBytes, static_cast<size_t>(record.frame_bytes)});
    }
    std::ranges::copy(plumb::RenderPackRecord(record), bytes.begin() + static_cast<long>(at));
    at = end;
    if ((record.frame_bytes & 7) == 0) break;
  }
  uint8_t* footer = bytes.data() + bytes.size() - kFooterBytes;
  // The tail as the fuzzer gave it, moved to where a footer is looked for.
  std::copy_n(data.data() + data.size() - std::min(data.size(), kFooterBytes), std::min(data.size(), kFooterBytes),
              footer);
  uint64_t index_offset = plumb::LoadLittleEndian<uint64_t>(footer) % bytes.size();
  uint64_t count = plumb::LoadLittleEndian<uint64_t>(footer + 8);
  if (count > 100'000) count %= 64;
  index_offset -= index_offset % plumb::kPackBlockBytes;
  plumb::StoreLittleEndian(index_offset, footer);
  plumb::StoreLittleEndian(count, footer + 8);
  if (index_offset + count * 80 <= bytes.size()) {
    plumb::StoreLittleEndian(plumb::FrameChecksum({bytes.data() + index_offset, count * 80}), footer + 16);
  }
  plumb::StoreLittleEndian(plumb::FrameChecksum({footer, 24}), footer + 24);
  std::memcpy(footer + 32, "PLUMBEND", 8);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plumb::PackSource pack = plumb::PackSourceOf(std::span(data, size));
  CheckIndex(pack);
  CheckScan(pack);
  std::vector<uint8_t> forged = Forge({data, size});
  CheckIndex(plumb::PackSourceOf(forged));
  CheckScan(plumb::PackSourceOf(forged));
  return 0;
}
