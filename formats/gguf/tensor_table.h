// The tensor table of a GGUF header.
#ifndef PLUMB_FORMATS_GGUF_TENSOR_TABLE_H_
#define PLUMB_FORMATS_GGUF_TENSOR_TABLE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "formats/gguf/cursor.h"
#include "plumb/weights/tensor_source.h"

namespace plumb::gguf {

// Reads `count` entries, which the caller has bounded by the bytes that remain, and checks each and that they follow
// one another. Ranges count from the start of tensor data; a tensor without bytes has none. INVALID_ARGUMENT names the
// tensor and the rule.
absl::StatusOr<std::vector<SourceTensor>> ReadTensorTable(Cursor& cursor, uint64_t count, uint64_t alignment);

// `value` rounded up to a multiple of `alignment`, a power of two; nullopt past 2^63.
std::optional<uint64_t> PaddedTo(uint64_t value, uint64_t alignment);

// The least bytes of one: name length, dimensions, type, offset.
inline constexpr uint64_t kTensorEntryBytesMin = 8 + 4 + 4 + 8;

}  // namespace plumb::gguf

#endif  // PLUMB_FORMATS_GGUF_TENSOR_TABLE_H_
