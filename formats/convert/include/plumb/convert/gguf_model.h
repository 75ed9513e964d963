// A model's tensors as llama.cpp wants them in a GGUF file: its names, its order of rows, its shapes.
//
// What is made is a TensorSource over the other one, so that ConvertTensors writes it like any other, piece by piece.
// What the keys say is another part's business (plumb/gguf_export). docs/containers.md
#ifndef PLUMB_CONVERT_GGUF_MODEL_H_
#define PLUMB_CONVERT_GGUF_MODEL_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/naming/model_facts.h"
#include "plumb/weights/metadata.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// A tensor that no container of the model has: computed from its config.
struct GgufTable {
  std::string name;
  std::vector<float> values;
};

// What the tensors themselves do not say.
struct GgufModelFacts {
  std::string architecture;   // GGUF's word for the family.
  ModelFacts source;          // Of the tensors' own convention; its heads hold for GGUF too.
  bool tied = false;          // An output map would be a copy of the embedding: it is left out.
  bool needs_output = false;  // The family's files have an output map in any case: the embedding again.
  std::vector<GgufTable> tables;
  std::vector<MetadataEntry> keys;
};

struct GgufModelTensors {
  std::unique_ptr<const TensorSource> source;
  std::set<std::string> float32;  // Tensors that are F32 in such files whatever the others are.
};

// Renames, reorders rows (queries and keys in pairs, fused maps by kind), turns [in, out] round, puts experts together,
// adds the one to gains that are stored without it. Memory for vectors alone; the rest is read when it is asked for.
// Borrows `source`, which must outlive what is returned. INVALID_ARGUMENT names a tensor that is no part of the family,
// experts that are not complete, rows that heads do not divide.
absl::StatusOr<GgufModelTensors> LayOutGgufModel(const TensorSource& source, const GgufModelFacts& facts);

}  // namespace plumb

#endif  // PLUMB_CONVERT_GGUF_MODEL_H_
