#include "plumb/archive/inflate.h"

#include <zlib.h>

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"

namespace plumb {

absl::StatusOr<std::string> Inflate(std::span<const uint8_t> packed, uint64_t bytes_max, DeflateFraming framing) {
  constexpr uint64_t kStepBytes = 1u << 20;
  constexpr uint64_t kInputMax = 1u << 30;  // zlib counts with 32 bits.
  std::string out;
  z_stream stream = {};
  const int window = framing == DeflateFraming::kZlib ? MAX_WBITS : -MAX_WBITS;
  if (inflateInit2(&stream, window) != Z_OK) return absl::ResourceExhaustedError("no memory to unpack");
  stream.next_in = const_cast<Bytef*>(packed.data());
  const uint8_t* end = packed.data() + packed.size();
  int result = Z_OK;
  while (result == Z_OK) {
    if (stream.avail_in == 0) {
      stream.avail_in = static_cast<uInt>(std::min<uint64_t>(static_cast<uint64_t>(end - stream.next_in), kInputMax));
    }
    const size_t before = out.size();
    // One byte more than allowed, to notice that there is more.
    out.resize(std::min(before + std::clamp<uint64_t>(before, kStepBytes, kInputMax), bytes_max + 1));
    if (out.size() == before) break;
    stream.next_out = reinterpret_cast<Bytef*>(out.data()) + before;
    stream.avail_out = static_cast<uInt>(out.size() - before);
    result = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  const bool whole = result == Z_STREAM_END && stream.next_in == end;
  inflateEnd(&stream);
  if (!whole || out.size() > bytes_max) {
    return RefusedFile(fmt::format("deflated data do not unpack to at most {} bytes", bytes_max));
  }
  return out;
}

}  // namespace plumb
