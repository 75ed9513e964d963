// Writes GGUF version 3, little-endian. docs/gguf.md
#ifndef PLUMB_GGUF_WRITER_H_
#define PLUMB_GGUF_WRITER_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/weights/dtype.h"
#include "plumb/weights/metadata.h"

namespace plumb::gguf {

// A tensor to be written: its description.
struct GgufTensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<uint64_t> shape;  // Outermost first, at most four dimensions.
};

// Where everything goes in a file. The tensors' bytes follow the header in the order given, each at its offset; the
// gaps and the end are filled with zeros.
struct GgufLayout {
  std::string header;                // Up to and with the padding before the data.
  std::vector<uint64_t> offsets;     // Of each tensor, from the start of the file.
  std::vector<uint64_t> size_bytes;  // Of each tensor, without padding.
  uint64_t file_bytes = 0;
};

// Lays a file out as the reference writer does. A value is written with the type that `stored_as` names, else bool as
// bool, int64_t as i64, uint64_t as u64, double as f64. The alignment is that of `general.alignment`, else 32.
// INVALID_ARGUMENT for whatever the reader would refuse: empty, overlong or duplicate names and keys, a value that
// does not fit its type, a type that GGUF does not have, rows that are no whole blocks.
absl::StatusOr<GgufLayout> LayOutGguf(const std::vector<MetadataEntry>& metadata,
                                      const std::vector<GgufTensor>& tensors);

// A whole small file in memory; `bytes` is parallel to `tensors`, little-endian, borrowed for the call.
absl::StatusOr<std::string> SerializeGguf(const std::vector<MetadataEntry>& metadata,
                                          const std::vector<GgufTensor>& tensors,
                                          const std::vector<std::span<const uint8_t>>& bytes);

}  // namespace plumb::gguf

#endif  // PLUMB_GGUF_WRITER_H_
