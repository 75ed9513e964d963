// Numbers from one element type to another.
#ifndef PLUMB_FORMATS_CONVERT_ENCODE_H_
#define PLUMB_FORMATS_CONVERT_ENCODE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "formats/convert/storages.h"

namespace plumb {

// Memory that is used again for one piece after another.
struct EncodeBuffers {
  std::vector<float> values;
  std::vector<uint8_t> bytes;  // The result.
  std::vector<uint8_t> doubles;
};

// Reads `count` elements of the payload from `first` on and leaves them in `buffers->bytes` in its type to be written;
// both are whole blocks of either type. How many finite numbers are finite no more. INVALID_ARGUMENT, naming tensor and
// element, for NaN and infinity that a block type cannot hold.
absl::StatusOr<uint64_t> EncodeElements(const Payload& payload, uint64_t first, uint64_t count, EncodeBuffers* buffers);

}  // namespace plumb

#endif  // PLUMB_FORMATS_CONVERT_ENCODE_H_
