// The few things about a model that decide how its tensors are laid out, and that no tensor says.
#ifndef PLUMB_NAMING_MODEL_FACTS_H_
#define PLUMB_NAMING_MODEL_FACTS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "plumb/weights/metadata.h"

namespace plumb {

// Plain value; what is not known is 0 or empty.
struct ModelFacts {
  // GGUF's word for the family (`general.architecture`), or `model_type` of a config.json.
  std::string family;
  uint64_t heads = 0;
  uint64_t key_heads = 0;  // Heads of keys and values.

  // These, and for what is not known here what `other` says.
  ModelFacts Or(const ModelFacts& other) const;
};

// What the key-values of a GGUF file say, also where a conversion kept them as texts; nothing for other metadata.
ModelFacts FactsOfMetadata(const Metadata& metadata);

// What a transformers config.json says; nothing when it is none.
ModelFacts FactsOfConfig(std::string_view json);

}  // namespace plumb

#endif  // PLUMB_NAMING_MODEL_FACTS_H_
