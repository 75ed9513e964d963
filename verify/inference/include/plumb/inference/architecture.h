// Model architectures: what a config.json means, as tensors and as a graph.
#ifndef PLUMB_INFERENCE_ARCHITECTURE_H_
#define PLUMB_INFERENCE_ARCHITECTURE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json_fwd.hpp"
#include "plumb/inference/graph.h"
#include "plumb/weights/safetensors.h"

namespace plumb {

// A tensor that a model must have.
struct ExpectedTensor {
  std::string name;
  Shape shape;
};

// The tensors that a config implies: these, and no others.
struct TensorRules {
  std::vector<ExpectedTensor> required;
  // A tensor that may be present only as a copy of another: {"lm_head.weight", "wte.weight"}.
  std::vector<std::pair<std::string, std::string>> copies;
  // Buffers that older writers saved and nobody reads.
  std::vector<std::string> ignored;
  // Endings of such: {".num_batches_tracked"}.
  std::vector<std::string> ignored_endings;
  // Prefixes under which all tensors may stand: {"transformer."}.
  std::vector<std::string> prefixes;
  // How old writers ended a name, and how it ends today: {"LayerNorm.gamma", "LayerNorm.weight"}.
  std::vector<std::pair<std::string, std::string>> old_endings;
};

// One input of a model's graph.
struct InputSpec {
  std::string name;
  ElementType type = ElementType::kI32;
  Shape shape;
  uint64_t ids_below = 0;  // Of ids: each is from 0 to this less one. 0: not ids, but any numbers.
};

// What the last dimension of an output is.
enum class OutputKind {
  kLogits,    // Scores of classes or tokens: compared as distributions too.
  kFeatures,  // Numbers: hidden states, embeddings.
};

// One output of a model's graph.
struct OutputSpec {
  std::string name;  // As the reference implementation names it: `logits`, `last_hidden_state`, ...
  OutputKind kind = OutputKind::kLogits;
};

// Name of a language model graph's input.
inline constexpr char kInputIds[] = "input_ids";

// One config.json, understood. Immutable, thread-safe.
class Model {
 public:
  virtual ~Model() = default;

  // The config's `model_type`.
  virtual std::string_view architecture() const = 0;
  virtual const TensorRules& tensors() const = 0;
  virtual uint64_t layers() const = 0;
  // Token ids are below this; 0 for a model that takes none.
  virtual uint64_t vocabulary() const = 0;
  // Longest sequence of tokens; 1 for a model that takes none.
  virtual uint64_t positions_max() const = 0;
  // The inputs of a graph for so many sequences (or images, recordings) of so many tokens. A language model's:
  // kInputIds, int32 [sequences, positions].
  virtual std::vector<InputSpec> Inputs(uint64_t sequences, uint64_t positions) const;
  // The graph's outputs in their order. A language model's: logits, float32 [sequences, positions, vocabulary].
  virtual std::vector<OutputSpec> Outputs() const;
  // The graph from Inputs() to Outputs(). Weights go by their names in tensors().required. Allocates no weights.
  // INVALID_ARGUMENT when `positions` is 0 or more than positions_max().
  virtual absl::StatusOr<Graph> BuildGraph(uint64_t sequences, uint64_t positions) const = 0;
};

// Reads a config.json strictly: a key on which the result depends has no default unless the architecture defines one.
// UNIMPLEMENTED, with keys by name, when a family, class, key or value is not understood, or weights are packed: that
// says nothing against the model (docs/architectures.md). INVALID_ARGUMENT (ErrorClass::kPolicy) when it is no JSON.
absl::StatusOr<std::unique_ptr<Model>> ParseModelConfig(std::string_view json);

// Every `model_type` that ParseModelConfig knows, sorted.
std::vector<std::string> KnownArchitectures();

// Parameters of the model: the elements of its required tensors. Tied tensors count once.
uint64_t CountParameters(const Model& model);

// Which tensor of a container is which of the model's: required name to TensorInfo, and copies under theirs.
struct TensorBinding {
  std::map<std::string, const TensorInfo*, std::less<>> tensors;
  std::map<std::string, const TensorInfo*, std::less<>> copies;
};

// Compares names and shapes that a container holds with what the config implies; lists the first ten differences.
// INVALID_ARGUMENT (kPolicy) for a contradiction: another shape, one tensor twice or missing. UNIMPLEMENTED for other
// types than F64, F32, F16, BF16, more tensors, and mostly other names. The binding points into `found`.
absl::StatusOr<TensorBinding> BindTensors(const Model& model, const std::vector<const TensorInfo*>& found);

// One entry of the registry; each is defined in its own file in architectures/.
struct ArchitectureEntry {
  std::string_view model_type;
  absl::StatusOr<std::unique_ptr<Model>> (*parse)(const nlohmann::json& config);
};

}  // namespace plumb

#endif  // PLUMB_INFERENCE_ARCHITECTURE_H_
