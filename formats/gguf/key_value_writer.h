// Key-values as bytes.
#ifndef PLUMB_FORMATS_GGUF_KEY_VALUE_WRITER_H_
#define PLUMB_FORMATS_GGUF_KEY_VALUE_WRITER_H_

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "plumb/weights/metadata.h"

namespace plumb::gguf {

template <std::unsigned_integral Number>
void AppendNumber(Number value, std::string* out) {
  for (size_t i = 0; i < sizeof(Number); ++i) out->push_back(static_cast<char>(value >> (8 * i) & 255));
}

// A length and the bytes.
void AppendString(std::string_view text, std::string* out);

// INVALID_ARGUMENT when the value does not fit the type that it says it is stored as.
absl::Status AppendKeyValue(const MetadataEntry& entry, std::string* out);

}  // namespace plumb::gguf

#endif  // PLUMB_FORMATS_GGUF_KEY_VALUE_WRITER_H_
