// Language models described by GGUF key-values instead of a config.json.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_CONFIG_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_CONFIG_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "plumb/inference/architecture.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// Factors by which the periods of rotations are multiplied, in all runs or in short and long ones: part of the model's
// description, not of its weights.
inline constexpr std::string_view kGgufRopeFactors = "rope_freqs.weight";
inline constexpr std::string_view kGgufShortFactors = "rope_factors_short.weight";
inline constexpr std::string_view kGgufLongFactors = "rope_factors_long.weight";
inline constexpr std::string_view kGgufDescribingTensors[] = {kGgufRopeFactors, kGgufShortFactors, kGgufLongFactors};
bool DescribesGgufModel(std::string_view tensor);

// A graph has a weight for each expert: `blk.0.experts.3.ffn_up_exps.weight`. The file has one tensor of them all,
// [experts, out, in]: `blk.0.ffn_up_exps.weight`.
inline constexpr std::string_view kGgufExperts = "experts.";

// Where an expert's weight lies.
struct GgufExpertPart {
  std::string tensor;
  uint64_t expert = 0;
};

// Of a weight's name in a graph; nullopt when it is not an expert's.
std::optional<GgufExpertPart> FindGgufExpertPart(std::string_view name);

// Reads the keys of a file's architecture as strictly as ParseModelConfig reads a config: each is used or refused by
// name; `general.*`, `tokenizer.*`, `split.*` and `quantize.*` do not change what is computed. Which biases and whether
// an output map of its own there are, the tensors say. Tensors go by their GGUF names.
// INVALID_ARGUMENT (ErrorClass::kPolicy); UNIMPLEMENTED for an architecture that Plumb does not know.
absl::StatusOr<std::unique_ptr<Model>> ParseGgufModel(const TensorSource& source);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_CONFIG_H_
