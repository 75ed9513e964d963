// Deflated data of foreign files (RFC 1951), by zlib.
#ifndef PLUMB_ARCHIVE_INFLATE_H_
#define PLUMB_ARCHIVE_INFLATE_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace plumb {

// What stands around the data: nothing, as in ZIP archives, or zlib's header and checksum (RFC 1950).
enum class DeflateFraming { kNone, kZlib };

// What `packed`, one whole stream, unpacks to. Memory grows with what comes out, not with what is announced.
// INVALID_ARGUMENT (ErrorClass::kPolicy) when the stream is broken, ends early, is followed by other bytes or gives
// more than `bytes_max`, which must be less than 2^63.
absl::StatusOr<std::string> Inflate(std::span<const uint8_t> packed, uint64_t bytes_max, DeflateFraming framing);

}  // namespace plumb

#endif  // PLUMB_ARCHIVE_INFLATE_H_
