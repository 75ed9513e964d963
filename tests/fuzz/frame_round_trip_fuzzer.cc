// Any bytes, taken for any elements, with any base: the frame decodes to them, is never much larger, and is the same
// whatever instructions made it. The first byte chooses; what follows is repeated up to a size that reaches every mode.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "formats/codec/instruction_set.h"
#include "plumb/base/limits.h"
#include "plumb/codec/frame.h"

namespace plumb {
namespace {

using Bytes = std::vector<uint8_t>;

void Check(const Bytes& plain, ElementKind kind, const std::optional<FrameEncoder::Base>& base) {
  static FrameEncoder encoder;
  static FrameDecoder decoder;
  Bytes first;
  for (InstructionSet set : {InstructionSet::kPortable, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    LimitInstructionSet(set);
    std::span<const uint8_t> encoded = encoder.Encode(plain, kind, base);
    Bytes frame(encoded.begin(), encoded.end());
    if (first.empty()) first = frame;
    if (frame != first || frame.size() > plain.size() + limits::kFrameHeaderBytesMax) std::abort();
    auto header = ParseFrameHeader(frame);
    if (!header.ok() || header->plain_bytes != plain.size()) std::abort();
    std::span<const uint8_t> needed;
    if (header->base.has_value()) needed = base.value().plain;
    Bytes decoded(plain.size());
    if (!decoder.Decode(frame, needed, decoded).ok() || decoded != plain) std::abort();
  }
}

}  // namespace
}  // namespace plumb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const uint8_t choice = data[0];
  std::span<const uint8_t> seed(data + 1, std::min<size_t>(size - 1, 64u << 10));
  plumb::Bytes plain(seed.begin(), seed.end());
  // Repeated with small changes: enough for contexts, or for samples and many lanes too, which takes longer.
  const size_t enough = (choice & 0x40) == 0 ? 0 : (choice & 0x38) == 0x38 ? 150u << 10 : 20u << 10;
  const size_t copies = 1 + enough / seed.size();
  for (size_t copy = 1; copy < copies; ++copy) {
    for (size_t i = 0; i < seed.size(); ++i) plain.push_back(static_cast<uint8_t>(seed[i] + ((copy * i) >> 9)));
  }
  plumb::Bytes other = plain;
  for (size_t i = 0; i < other.size(); i += 1 + seed[i % seed.size()] % 5)
    other[i] ^= seed[(i * 7) % seed.size()] & 0x0F;
  std::optional<plumb::FrameEncoder::Base> base;
  if (choice & 0x80) base = {plumb::Digest{}, other};
  plumb::Check(plain, static_cast<plumb::ElementKind>(choice % 5), base);
  return 0;
}
