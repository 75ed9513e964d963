// Mistral: Llama with keys shared by heads and a window.
//
// `sliding_window` must be stated, as null where there is none: the class's own 4096 is not what most published models
// mean. `head_dim` follows from the width when absent; `tie_word_embeddings` is false.
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

absl::StatusOr<std::unique_ptr<Model>> ParseMistral(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "mistral";
  ReadLlamaLayout(reader, {.class_name = "MistralForCausalLM", .head_size_follows_width = true}, "hidden_act", spec);
  const uint64_t window = reader.SizeOrNull("sliding_window", limits::kModelWidthMax).value_or(0);
  for (LayerSpec& layer : spec.layers) layer.window = window;
  ReadOneRope(reader, {}, spec);
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kMistralArchitecture = {"mistral", &ParseMistral};

}  // namespace plumb
