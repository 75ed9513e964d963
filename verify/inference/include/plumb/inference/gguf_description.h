// A config.json in the words of GGUF: what llama.cpp must be told so that it computes the same.
//
// The way back from ParseGgufModel: a config is read as strictly as ParseModelConfig reads it, its meaning is written
// as key-values of the family that llama.cpp has for it, and CheckGgufDescription reads them again and compares the two
// meanings part by part. What a family of llama.cpp cannot say is an error that names it. docs/containers.md
#ifndef PLUMB_INFERENCE_GGUF_DESCRIPTION_H_
#define PLUMB_INFERENCE_GGUF_DESCRIPTION_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/weights/metadata.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// Plain value.
struct GgufDescription {
  std::string architecture;         // `general.architecture`.
  std::vector<MetadataEntry> keys;  // Those of the model alone: `llama.block_count`, ...
  // Tensors that follow from the config: factors of rotations.
  std::vector<std::pair<std::string, std::vector<float>>> tables;
  bool tied = false;          // The output map is the embedding.
  bool needs_output = false;  // llama.cpp wants an output map of its own all the same.
  uint64_t vocabulary = 0;
  // What a person should hear, each a sentence: where llama.cpp computes the same for shorter texts alone.
  std::vector<std::string> remarks;
};

// UNIMPLEMENTED for a `model_type` for which llama.cpp has no family; INVALID_ARGUMENT (ErrorClass::kPolicy) for a
// config of another that is not understood; what ParseModelConfig returns.
absl::StatusOr<GgufDescription> DescribeForGguf(std::string_view config_json);

// What the config and a GGUF file's key-values say differently of the model, in words; nullopt when they say the same.
// UNIMPLEMENTED, and what ParseModelConfig returns, where one of the two is not understood.
absl::StatusOr<std::optional<std::string>> DifferenceFromGguf(std::string_view config_json, const TensorSource& gguf);

// Whether `gguf`, a source with names, shapes and key-values of GGUF, says what the config says and has the tensors
// that follow from it. INVALID_ARGUMENT (ErrorClass::kPolicy) names what llama.cpp's family cannot express.
absl::Status CheckGgufDescription(std::string_view config_json, const TensorSource& gguf);

}  // namespace plumb

#endif  // PLUMB_INFERENCE_GGUF_DESCRIPTION_H_
