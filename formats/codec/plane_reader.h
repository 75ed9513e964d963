// One stored byte plane read back (docs/codecs.md).
#ifndef PLUMB_FORMATS_CODEC_PLANE_READER_H_
#define PLUMB_FORMATS_CODEC_PLANE_READER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "formats/codec/plane_plan.h"
#include "formats/codec/rans.h"
#include "formats/codec/zstd_coder.h"

namespace plumb {

// Reuses its memory; not thread-safe.
class PlaneReader {
 public:
  // The `room.size()` bytes of the plane that `stored` holds in `mode`: in `stored` itself where they stand as they
  // are, else in `room`. DATA_LOSS for anything that no encoder writes.
  absl::StatusOr<const uint8_t*> Read(uint8_t mode, std::span<const uint8_t> stored, const PlaneContexts& contexts,
                                      std::span<uint8_t> room);

 private:
  absl::Status ReadRans(std::span<const uint8_t> stored, const PlaneContexts& contexts, std::span<uint8_t> room);

  RansDecoder rans_;
  ZstdDecompressor zstd_;
  std::vector<FrequencyTable> tables_;
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_CODEC_PLANE_READER_H_
