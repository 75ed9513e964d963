#include "plumb/codec/frame.h"

#include <algorithm>

#include "fmt/format.h"
#include "formats/codec/frame_format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {

absl::StatusOr<FrameHeader> ParseFrameHeader(std::span<const uint8_t> frame) {
  if (frame.size() < kFrameFixedBytes) {
    return InvalidArgument(
        fmt::format("reading a frame's header: it has {} bytes, expected at least {}", frame.size(), kFrameFixedBytes));
  }
  if (frame[0] > static_cast<uint8_t>(Codec::kDifference)) {
    return InvalidArgument(fmt::format("reading a frame's header: codec {} is not known", frame[0]));
  }
  FrameHeader header = {.codec = static_cast<Codec>(frame[0]), .header_bytes = kFrameFixedBytes};
  for (size_t i = 0; i < 4; ++i) header.plain_bytes |= uint32_t{frame[1 + i]} << (8 * i);
  if (header.plain_bytes == 0 || header.plain_bytes > limits::kChunkBytesMax) {
    return InvalidArgument(fmt::format("reading a frame's header: it declares {} plain bytes, expected 1 to {}",
                                       header.plain_bytes, limits::kChunkBytesMax));
  }
  if (header.codec == Codec::kDifference) {
    if (frame.size() < kFrameFixedBytes + Digest::kSizeBytes) {
      return InvalidArgument("reading a frame's header: it ends within the digest of its base");
    }
    std::copy_n(frame.begin() + kFrameFixedBytes, Digest::kSizeBytes, header.base.emplace().bytes.begin());
    header.header_bytes += Digest::kSizeBytes;
  }
  if (frame.size() > header.plain_bytes + size_t{limits::kFrameHeaderBytesMax}) {
    return InvalidArgument(fmt::format("reading a frame's header: {} bytes are more than {} plain bytes can need",
                                       frame.size(), header.plain_bytes));
  }
  return header;
}

ElementKind ElementsOf(std::span<const uint8_t> frame) {
  auto header = ParseFrameHeader(frame);
  if (!header.ok() || header->codec < Codec::kPlanes || frame.size() <= header->header_bytes) {
    return ElementKind::kBytes;
  }
  uint8_t kind = frame[header->header_bytes];
  return kind > static_cast<uint8_t>(ElementKind::kF64) ? ElementKind::kBytes : static_cast<ElementKind>(kind);
}

}  // namespace plumb
