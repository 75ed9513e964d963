// What a config means, as one hash: for everything that numerics cannot see.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_CONFIG_HASH_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_CONFIG_HASH_H_

#include <string>

#include "absl/status/statusor.h"
#include "plumb/inference/architecture.h"
#include "plumb/inference/graph.h"

namespace plumb {

// `plumb-graph-1:sha256:` and 64 digits. Each value of the graph is hashed from its operator, its attributes (doubles
// by their bits), its shape and its operands' hashes; inputs and weights by their names, constants by their bytes.
// Names of other nodes, their order and what no output depends on do not count, and neither does how config.json spells
// it.
std::string GraphHash(const Graph& graph);

// The GraphHash of the model's graph for one sequence of min(positions_max, 8) tokens. Norm epsilons, RoPE angles and
// first positions, activations, scales, windows and soft caps are all in it.
absl::StatusOr<std::string> ConfigHash(const Model& model);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_CONFIG_HASH_H_
