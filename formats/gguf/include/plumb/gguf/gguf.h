// The GGUF container, versions 2 and 3, read as strictly as the reference reader (ggml's gguf.cpp) and in some places
// more. docs/gguf.md has the layout and every rule.
#ifndef PLUMB_GGUF_GGUF_H_
#define PLUMB_GGUF_GGUF_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"
#include "plumb/weights/container_format.h"
#include "plumb/weights/metadata.h"
#include "plumb/weights/tensor_source.h"

namespace plumb::gguf {

// What the bytes before the tensor data say. Plain value.
struct GgufHeader {
  uint32_t version = 3;
  bool big_endian = false;
  uint64_t alignment = 32;
  // All key-values in their order. Whole numbers are int64_t or uint64_t, f32 and f64 double, arrays vectors of these;
  // `stored_as` is the exact type, as StoredTypeName has it.
  std::vector<MetadataEntry> metadata;
  // In the order of their bytes. Each has one range, with file = 0; those without bytes have none.
  std::vector<SourceTensor> tensors;
  uint64_t data_offset = 0;  // Where tensor data begins; the end of the file when there are no tensors.
  uint64_t data_end = 0;     // One past the last tensor's last byte.

  // Reads no more than the header, in pieces. Memory stays a small multiple of the header's size.
  // INVALID_ARGUMENT (ErrorClass::kPolicy) with the rule that is broken; `name` stands in front of every message.
  static absl::StatusOr<GgufHeader> Read(const ByteSource& bytes, std::string_view name);
};

// One file, or the first of a split one (`-00001-of-0000N.gguf`) with all others beside it. A source made of it has
// the first file's key-values. Known by "GGUF" in the first bytes.
const ContainerFormat& GgufFormat();

}  // namespace plumb::gguf

#endif  // PLUMB_GGUF_GGUF_H_
