// Metadata from one container's form to another's.
//
// GGUF has typed values, safetensors texts. Between the two nothing is lost: a safetensors file made of a GGUF one has
// one more entry, kGgufTypesKey, with the keys in their order and the type of each, from which GGUF values are made
// again.
#ifndef PLUMB_FORMATS_CONVERT_CARRY_METADATA_H_
#define PLUMB_FORMATS_CONVERT_CARRY_METADATA_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/weights/metadata.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

inline constexpr std::string_view kGgufTypesKey = "plumb.gguf_types";

// Values as texts: numbers and bools as they are printed, lists in JSON's form. Keys that cannot be carried are
// appended to `dropped`.
std::map<std::string, std::string> MetadataAsTexts(const TensorSource& source, std::vector<std::string>* dropped);

// Values with the types that a GGUF file has. `made` is the type that tensors were converted to, if they were: what a
// GGUF source says of its types is brought in line with it. `split.*` keys are left out: one file is written.
std::vector<MetadataEntry> MetadataAsGguf(const TensorSource& source, std::optional<DType> made,
                                          std::vector<std::string>* dropped);

}  // namespace plumb

#endif  // PLUMB_FORMATS_CONVERT_CARRY_METADATA_H_
