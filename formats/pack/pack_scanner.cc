#include "plumb/pack/pack_scanner.h"

#include <algorithm>
#include <array>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {

absl::StatusOr<PackScanner> PackScanner::New(PackSource pack) {
  std::array<uint8_t, kPackHeaderBytes> header;
  if (pack.size_bytes < header.size() || pack.size_bytes > limits::kPackBytesMax) {
    return DataLoss(fmt::format("{} has {} bytes, expected {} to {}", pack.name, pack.size_bytes, header.size(),
                                limits::kPackBytesMax));
  }
  PLUMB_RETURN_IF_ERROR(pack.read(0, header));
  absl::Status begins = CheckPackHeader(header);
  if (!begins.ok()) return DataLoss(fmt::format("{}: {}", pack.name, Message(begins)));
  return PackScanner(std::move(pack));
}

absl::Status PackScanner::SkipPadding() {
  uint64_t block_end = std::min(PackBlockEnd(next_), pack_.size_bytes);
  if (next_ == block_end) return absl::OkStatus();
  std::array<uint8_t, kPackBlockBytes> bytes;
  std::span<uint8_t> rest = std::span(bytes).first(block_end - next_);
  PLUMB_RETURN_IF_ERROR(pack_.read(next_, rest.first(1)));
  if (rest[0] != 0) return absl::OkStatus();
  PLUMB_RETURN_IF_ERROR(pack_.read(next_, rest));
  if (!std::ranges::all_of(rest, [](uint8_t byte) { return byte == 0; })) {
    return DataLoss(fmt::format("{}: the padding at byte {} is not empty", pack_.name, next_));
  }
  next_ = block_end;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<ScannedRecord>> PackScanner::Next() {
  PLUMB_RETURN_IF_ERROR(SkipPadding());
  if (next_ == pack_.size_bytes) return std::optional<ScannedRecord>();
  std::array<uint8_t, kPackRecordHeaderBytes> header;
  if (pack_.size_bytes - next_ < header.size()) {
    return DataLoss(fmt::format("{}: a record is cut off at byte {}", pack_.name, next_));
  }
  PLUMB_RETURN_IF_ERROR(pack_.read(next_, header));
  absl::StatusOr<PackRecord> record = ParsePackRecord(header);
  // An index begins with a digest or, when it is empty, with zeros; either way at a block.
  if (!record.ok() && next_ % kPackBlockBytes == 0) return std::optional<ScannedRecord>();
  if (!record.ok()) return DataLoss(fmt::format("{}: byte {}: {}", pack_.name, next_, Message(record.status())));
  uint64_t offset = next_ + header.size();
  if (pack_.size_bytes - offset < record->frame_bytes) {
    return DataLoss(fmt::format("{}: the frame at byte {} is cut off", pack_.name, offset));
  }
  next_ = offset + record->frame_bytes;
  position_ = next_;
  return ScannedRecord{.record = *record, .offset = static_cast<uint32_t>(offset)};
}

absl::StatusOr<std::vector<uint8_t>> PackScanner::ReadFrame(const ScannedRecord& record) const {
  std::vector<uint8_t> frame(record.record.frame_bytes);
  PLUMB_RETURN_IF_ERROR(pack_.read(record.offset, frame));
  if (FrameChecksum(frame) == record.record.frame_checksum) return frame;
  return DataLoss(fmt::format("{}: the frame of chunk {} at byte {} does not have its checksum", pack_.name,
                              record.record.digest.ToHex(), record.offset));
}

}  // namespace plumb
