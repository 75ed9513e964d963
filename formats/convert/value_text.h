// Values of metadata as texts, and back.
#ifndef PLUMB_FORMATS_CONVERT_VALUE_TEXT_H_
#define PLUMB_FORMATS_CONVERT_VALUE_TEXT_H_

#include <optional>
#include <string>
#include <string_view>

#include "plumb/weights/metadata.h"

namespace plumb {

// Texts as they are, numbers in as many digits as they need (`true`, `-3`, `1e-05`, `nan`), lists as `[1,2]` and
// `["a","b"]`. nullopt for texts that are not UTF-8.
std::optional<std::string> ValueAsText(const MetadataEntry& entry);

// The inverse for a type as MetadataEntry::stored_as has it in a GGUF file; nullopt when the text is no such value.
std::optional<MetadataEntry> ValueOfText(std::string key, std::string_view text, std::string_view stored_as);

}  // namespace plumb

#endif  // PLUMB_FORMATS_CONVERT_VALUE_TEXT_H_
