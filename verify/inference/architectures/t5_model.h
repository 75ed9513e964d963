// T5 and its encoder alone: RMS norms, no biases, scores neither scaled nor with positions but for a bias by relative
// position that all blocks of a stack share.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_T5_MODEL_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_T5_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "verify/inference/architectures/config_reader.h"
#include "verify/inference/architectures/layer_builder.h"

namespace plumb {

enum class T5Kind { kModel, kConditionalGeneration, kEncoder };

// Names in a block: of an attention, `module` + `separator` + q, k, v or o.
struct T5AttentionNames {
  std::string part;  // Before what holds no weights.
  std::string norm;
  std::string module;
  std::string separator;
  std::string bias;
};

struct T5FeedForwardNames {
  std::string part;
  std::string norm;
  std::string module;  // Before the next four.
  std::string inner;
  std::string gate;
  std::string up;  // Beside a gate, instead of `inner`.
  std::string outer;
};

// Where the weights of the encoder or of the decoder stand.
struct T5StackNames {
  std::string embedding;  // Holds no weight: the table is shared.
  std::string block;      // Its number and a dot follow.
  T5AttentionNames attention;
  T5AttentionNames cross;
  T5FeedForwardNames feed_forward;
  std::string final_norm;
};

struct T5Names {
  std::string words;
  std::string head;
  T5StackNames encoder;
  T5StackNames decoder;
};

struct T5Config {
  std::string_view architecture = "t5";
  T5Kind kind = T5Kind::kModel;
  T5Names names;
  uint64_t vocabulary = 0;
  uint64_t positions_max = 0;
  uint64_t width = 0;
  uint64_t head_width = 0;
  uint64_t heads = 0;
  uint64_t inner = 0;
  uint64_t encoder_layers = 0;
  uint64_t decoder_layers = 0;
  uint64_t buckets = 0;
  uint64_t distance_max = 0;
  double epsilon = 0;
  UnaryFunction activation = UnaryFunction::kRelu;
  bool gated = false;
  bool tied = true;
};

// What the class has where a config is older than the key.
inline constexpr uint64_t kT5DistanceMax = 128;

// Refuses a number of buckets, which stands under `key`, that cannot reach the greatest distance.
void CheckT5Buckets(ConfigReader& reader, const std::string& key, const T5Config& config);

// `rules`: those beside the tensors of the graph.
absl::StatusOr<std::unique_ptr<Model>> MakeT5(T5Config config, TensorRules rules);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_T5_MODEL_H_
