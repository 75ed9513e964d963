// Goldens: the outputs a publisher recorded for a model, kept beside its weights as a safetensors file.
//
// There are three forms; docs/inference.md says which tensors each has.
//   Version 1, of a language model: all logits for some token ids.
//   Version 2, of a language model: for each position the 32 largest logits and what the others add up to; the text's
//     negative log-likelihood; digests of the last hidden state and of every layer; the config's hash; the text.
//   Any other model: its inputs and outputs by name.
#ifndef PLUMB_INFERENCE_GOLDEN_H_
#define PLUMB_INFERENCE_GOLDEN_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/inference/architecture.h"
#include "plumb/inference/compare.h"

namespace plumb {

// Token ids [sequences, positions], row-major.
struct TokenBatch {
  uint64_t sequences = 0;
  uint64_t positions = 0;
  std::vector<int32_t> ids;
};

// Values for every input of a model, by name.
struct ModelInputs {
  uint64_t sequences = 0;
  uint64_t positions = 0;  // Of tokens; 1 for a model that takes none.
  std::map<std::string, TensorValue> values;
};

// A few numbers of what one layer gave.
struct LayerDigest {
  std::string name;  // `h.3`, `model.layers.3`.
  double norm = 0;   // Euclidean, over all elements.
  std::vector<float> values;
};

// The largest elements, in size, of each block of rows of the last hidden state.
struct HiddenDigest {
  uint64_t kept = 0;  // Of each block.
  std::vector<int64_t> places;
  std::vector<float> values;  // At those places.
};

// A golden in memory.
struct Golden {
  TokenBatch tokens;                    // Of a language model; otherwise empty.
  std::vector<float> logits;            // Version 1: [sequences, positions, vocabulary].
  std::optional<LogitSummary> summary;  // Version 2.
  std::optional<HiddenDigest> hidden;
  std::vector<LayerDigest> layers;   // In order; empty when not recorded.
  ModelInputs inputs;                // Of every model: what to run it on.
  std::vector<TensorValue> outputs;  // Of models that are no language models, in the order of Model::Outputs().
  std::string config_hash;           // Empty when not recorded, as are the next two.
  std::string text;                  // What the tokenizer made the ids of.
  std::string tokenizer;             // Its Tokenizer::Fingerprint().
  Tier tier = Tier::kF32;
};

// True for a model from one input of token ids to logits [sequences, positions, vocabulary].
bool IsLanguageModel(const Model& model);

// Checks that the batch fits the model: sizes agree, at least one and at most positions_max() positions, every id below
// vocabulary(). INVALID_ARGUMENT names the first that does not.
absl::Status CheckTokens(const TokenBatch& tokens, const Model& model);

// Reads the golden at `path` below `folder` and checks it against the model; every number must be finite.
// INVALID_ARGUMENT (ErrorClass::kPolicy) names what is wrong.
absl::StatusOr<Golden> LoadGolden(const Directory& folder, const std::string& path, const Model& model);

// The bytes of a golden file, of the form that `golden` has; `metadata` is added to `__metadata__`.
absl::StatusOr<std::string> SerializeGolden(const Golden& golden, const Model& model,
                                            const std::map<std::string, std::string>& metadata);

// One sequence of min(positions_max(), positions) ids that every program makes alike: x' = x * 6364136223846793005 +
// 1442695040888963407 modulo 2^64 from x = 0, and each id is (x' >> 33) modulo vocabulary().
TokenBatch DefaultTokens(const Model& model, uint64_t positions = 128);

// One batch for any model: DefaultTokens' generator fills the inputs one after another; numbers are the top 24 of its
// bits, from -1 to 1.
ModelInputs DefaultInputs(const Model& model, uint64_t positions = 128);

// A language model's inputs. REQUIRES: the tokens fit the model.
ModelInputs InputsOf(const TokenBatch& tokens);

}  // namespace plumb

#endif  // PLUMB_INFERENCE_GOLDEN_H_
