// What the configs of decoder-only families have in common.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_CONFIG_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "verify/inference/architectures/config_reader.h"
#include "verify/inference/architectures/decoder_spec.h"

namespace plumb {

// What a family itself defines when a key is absent.
struct DecoderDefaults {
  std::string class_name;                // "LlamaForCausalLM".
  bool tied = false;                     // Without `tie_word_embeddings`.
  bool kv_heads_are_heads = false;       // Without `num_key_value_heads` each head has keys of its own.
  bool head_size_follows_width = false;  // Without `head_dim` a head has hidden_size / num_attention_heads dimensions.
};

// `vocab_size`, `hidden_size`, `num_hidden_layers`, `num_attention_heads`, `max_position_embeddings`.
void ReadSizes(ConfigReader& reader, DecoderSpec& spec);

// `num_key_value_heads` and `head_dim`, and the scale of scores that follows.
void ReadKeyHeads(ConfigReader& reader, const DecoderDefaults& defaults, DecoderSpec& spec);
// A head has hidden_size / `heads_key` dimensions, and keys of its own.
void SplitWidthIntoHeads(ConfigReader& reader, const std::string& heads_key, DecoderSpec& spec);

// The same where other keys state the number of key heads and, unless 0, the dimensions of a head.
void SplitWidthIntoHeads(ConfigReader& reader, const std::string& heads_key, uint64_t kv_heads, uint64_t head_size,
                         DecoderSpec& spec);

// One rotation for all layers. Takes a longer positions_max from dynamic scaling.
void ReadOneRope(ConfigReader& reader, RopeContext context, DecoderSpec& spec);

// `tie_word_embeddings`, `architectures`, and what no config's result depends on.
void ReadLanguageModel(ConfigReader& reader, const DecoderDefaults& defaults, DecoderSpec& spec);

// Everything that the families with llama's layout share, but for rotation.
void ReadLlamaLayout(ConfigReader& reader, const DecoderDefaults& defaults, const std::string& activation_key,
                     DecoderSpec& spec);

// `layer_types`, or `implied` without it: true for layers with a window. When `by` is not empty, `implied` is what the
// key of that name says and must not differ.
std::vector<bool> ReadLayerTypes(ConfigReader& reader, const std::vector<bool>& implied, const std::string& by);

// `use_sliding_window`, `sliding_window`, `max_window_layers`, `layer_types`, as Qwen2 and Qwen3 have them.
void ReadQwenWindows(ConfigReader& reader, DecoderSpec& spec);

// Finishes the reader and makes the model.
absl::StatusOr<std::unique_ptr<Model>> FinishDecoder(const ConfigReader& reader, DecoderSpec spec);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_CONFIG_H_
