// Goldens: the outputs a publisher recorded for a model, kept beside its weights as a safetensors file.
//
//   input_ids  I64 [sequences, positions]              token ids
//   logits     F32 [sequences, positions, vocabulary]  what the model gave for them
//
// Logits of F16 or BF16 say that the publisher computed in 16 bits, and are judged by that tier.
#ifndef PLUMB_INFERENCE_GOLDEN_H_
#define PLUMB_INFERENCE_GOLDEN_H_

#include <cstdint>
#include <map>
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

// A golden in memory.
struct Golden {
  TokenBatch tokens;
  std::vector<float> logits;  // [sequences, positions, vocabulary].
  Tier tier = Tier::kF32;
};

// Checks that the batch fits the model: sizes agree, at least one and at most positions_max() positions, every id below
// vocabulary(). INVALID_ARGUMENT names the first that does not.
absl::Status CheckTokens(const TokenBatch& tokens, const Model& model);

// Reads the golden at `path` below `folder` and checks it against the model; logits must be finite.
// INVALID_ARGUMENT (ErrorClass::kPolicy) names what is wrong.
absl::StatusOr<Golden> LoadGolden(const Directory& folder, const std::string& path, const Model& model);

// The bytes of a golden file; `metadata` becomes `__metadata__`.
absl::StatusOr<std::string> SerializeGolden(const Golden& golden, const std::map<std::string, std::string>& metadata);

// One sequence of min(positions_max(), 64) ids that every program makes alike: x' = x * 6364136223846793005 +
// 1442695040888963407 modulo 2^64 from x = 0, and each id is (x' >> 33) modulo vocabulary().
TokenBatch DefaultTokens(const Model& model);

}  // namespace plumb

#endif  // PLUMB_INFERENCE_GOLDEN_H_
