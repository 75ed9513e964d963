// Where GGUF's convention keeps a part of a model: the inverse of TensorRole for names of GGUF. docs/naming.md
#ifndef PLUMB_NAMING_GGUF_PLACES_H_
#define PLUMB_NAMING_GGUF_PLACES_H_

#include <string>

#include "plumb/naming/model_facts.h"
#include "plumb/naming/tensor_roles.h"

namespace plumb {

// Plain value.
struct GgufPlace {
  std::string name;
  // Rows as llama.cpp's converter orders them for the family, with the heads of `facts`.
  TensorLayout layout;
  // A gain that the family's files keep with its one, where the other conventions keep it without.
  bool whole_gain = false;
  // llama.cpp reads it as F32 whatever the other tensors are.
  bool float32 = false;
  // The family's files do not have it: poolers and heads of encoders.
  bool left_out = false;
};

// `facts.family` is GGUF's word for the family.
GgufPlace GgufPlaceOf(const TensorRole& role, const ModelFacts& facts);

}  // namespace plumb

#endif  // PLUMB_NAMING_GGUF_PLACES_H_
