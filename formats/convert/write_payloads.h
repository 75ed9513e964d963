// Payloads read, converted and written, piece by piece, on several threads.
#ifndef PLUMB_FORMATS_CONVERT_WRITE_PAYLOADS_H_
#define PLUMB_FORMATS_CONVERT_WRITE_PAYLOADS_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "formats/convert/storages.h"
#include "plumb/base/staged_file.h"
#include "plumb/weights/container_layout.h"

namespace plumb {

// What was found on the way, parallel to the payloads.
struct WrittenPayloads {
  std::vector<uint32_t> crc32s;      // Of the bytes written; empty unless asked for.
  std::vector<uint64_t> overflowed;  // Finite numbers that are not any more.
};

// Writes each payload at its place of `layout`. `progress` as in ConvertOptions.
absl::StatusOr<WrittenPayloads> WritePayloads(const std::vector<Payload>& payloads, const ContainerLayout& layout,
                                              const StagedFile& file,
                                              const std::function<absl::Status(uint64_t, uint64_t)>& progress);

}  // namespace plumb

#endif  // PLUMB_FORMATS_CONVERT_WRITE_PAYLOADS_H_
