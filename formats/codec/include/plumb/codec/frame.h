// A chunk in its stored form (docs/codecs.md).
//
// A frame says how to get the plain bytes back: a header, then a payload that depends on the codec. Frames are what
// packs hold and what travels. Which frame a chunk has is no part of its identity: a chunk is named by its plain bytes.
#ifndef PLUMB_CODEC_FRAME_H_
#define PLUMB_CODEC_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/content/digest.h"

namespace plumb {

// How a frame's payload is made.
enum class Codec : uint8_t {
  kRaw = 0,         // The plain bytes.
  kZstd = 1,        // One zstd frame (RFC 8878).
  kPlanes = 2,      // Floats, byte planes coded one by one.
  kDifference = 3,  // As kPlanes, of the difference from a base chunk of the same size.
};

// What a chunk's bytes are made of; it decides how they are compressed.
enum class ElementKind : uint8_t { kBytes = 0, kBf16 = 1, kF16 = 2, kF32 = 3, kF64 = 4 };

// What a frame says before its payload.
struct FrameHeader {
  Codec codec = Codec::kRaw;
  uint32_t plain_bytes = 0;    // 1 to limits::kChunkBytesMax.
  std::optional<Digest> base;  // The chunk that a kDifference frame needs to be read.
  size_t header_bytes = 0;     // The payload follows; at most limits::kFrameHeaderBytesMax.
};

// Reads the header. INVALID_ARGUMENT for anything that no encoder writes; the payload is not looked at.
absl::StatusOr<FrameHeader> ParseFrameHeader(std::span<const uint8_t> frame);

// What the encoder of `frame` was told about its elements; kBytes when the frame does not say. A damaged frame gives
// any kind: it is a hint for encoding the same chunk again.
ElementKind ElementsOf(std::span<const uint8_t> frame);

// Turns chunks into frames. Reuses its memory from call to call (a few MiB); not thread-safe.
class FrameEncoder {
 public:
  FrameEncoder();
  ~FrameEncoder();

  // A chunk of the same size that the receiver can read.
  struct Base {
    Digest digest;
    std::span<const uint8_t> plain;
  };

  // The smallest frame found for `plain` (1 to limits::kChunkBytesMax bytes); a kDifference one only with a `base` of
  // the same size. Never larger than the plain bytes by more than limits::kFrameHeaderBytesMax. The bytes live until
  // the next call.
  std::span<const uint8_t> Encode(std::span<const uint8_t> plain, ElementKind elements,
                                  const std::optional<Base>& base = std::nullopt);
  // As Encode; the frame is the caller's to keep.
  std::vector<uint8_t> EncodeToKeep(std::span<const uint8_t> plain, ElementKind elements,
                                    const std::optional<Base>& base = std::nullopt);
  // The frame that holds `plain` as it is.
  std::span<const uint8_t> EncodeRaw(std::span<const uint8_t> plain);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Turns frames back into chunks. Reuses its memory; not thread-safe.
class FrameDecoder {
 public:
  FrameDecoder();
  ~FrameDecoder();

  // Fills `plain`, which has the size that the header says. `base` is the plain bytes of the header's base chunk;
  // empty when it has none. DATA_LOSS for a damaged frame. Never reads or writes outside of what is given; takes
  // memory of a small multiple of the plain size. What comes out must be hashed before it is trusted.
  absl::Status Decode(std::span<const uint8_t> frame, std::span<const uint8_t> base, std::span<uint8_t> plain);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plumb

#endif  // PLUMB_CODEC_FRAME_H_
