// The key-values of a GGUF header.
#ifndef PLUMB_FORMATS_GGUF_KEY_VALUES_H_
#define PLUMB_FORMATS_GGUF_KEY_VALUES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "formats/gguf/cursor.h"
#include "plumb/weights/metadata.h"

namespace plumb::gguf {

// Reads `count` key-values, which the caller has bounded by the bytes that remain. INVALID_ARGUMENT names the key and
// the rule: no empty, overlong or duplicate keys, known types, no nested arrays, strings and arrays within limits and
// within the file, bools 0 or 1.
absl::StatusOr<std::vector<MetadataEntry>> ReadKeyValues(Cursor& cursor, uint64_t count);

// The least bytes of one: key length, one byte of key, type, one byte of value.
inline constexpr uint64_t kKeyValueBytesMin = 8 + 1 + 4 + 1;

}  // namespace plumb::gguf

#endif  // PLUMB_FORMATS_GGUF_KEY_VALUES_H_
