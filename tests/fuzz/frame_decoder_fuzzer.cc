// A frame of any bytes, with any base, decodes to as many bytes as it declares or is refused; every instruction set
// agrees on which, and on the bytes.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "formats/codec/instruction_set.h"
#include "plumb/codec/frame.h"

namespace plumb {
namespace {

// Larger sizes take long and show nothing new.
constexpr uint32_t kPlainBytesMax = 256u << 10;

// A base made from the frame itself, so that its exponents vary.
std::vector<uint8_t> BaseFor(std::span<const uint8_t> frame, uint32_t size_bytes) {
  std::vector<uint8_t> base(size_bytes);
  for (size_t i = 0; i < base.size(); ++i) base[i] = static_cast<uint8_t>(frame[i % frame.size()] + i / 7);
  return base;
}

}  // namespace
}  // namespace plumb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using plumb::InstructionSet;
  std::vector<uint8_t> frame(data, data + size);  // Of exactly this size, for the sanitizer.
  plumb::ElementsOf(frame);
  auto header = plumb::ParseFrameHeader(frame);
  if (!header.ok() || header->plain_bytes > plumb::kPlainBytesMax) return 0;
  std::vector<uint8_t> base;
  if (header->base.has_value()) base = plumb::BaseFor(frame, header->plain_bytes);
  static plumb::FrameDecoder decoder;
  std::vector<uint8_t> first(header->plain_bytes), other(header->plain_bytes);
  plumb::LimitInstructionSet(InstructionSet::kPortable);
  absl::Status status = decoder.Decode(frame, base, first);
  if (!status.ok() && status.code() != absl::StatusCode::kDataLoss) std::abort();
  for (InstructionSet set : {InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    plumb::LimitInstructionSet(set);
    if (decoder.Decode(frame, base, other).ok() != status.ok()) std::abort();
    if (status.ok() && other != first) std::abort();
  }
  return 0;
}
