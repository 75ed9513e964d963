// Qwen2 and Qwen2.5: Llama with biases on queries, keys and values, and a window from some layer on.
//
// `use_sliding_window` and `tie_word_embeddings` are false when absent.
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

absl::StatusOr<std::unique_ptr<Model>> ParseQwen2(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "qwen2";
  ReadLlamaLayout(reader, {.class_name = "Qwen2ForCausalLM", .head_size_follows_width = true}, "hidden_act", spec);
  spec.qkv_bias = true;
  ReadQwenWindows(reader, spec);
  ReadOneRope(reader, {}, spec);
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kQwen2Architecture = {"qwen2", &ParseQwen2};

}  // namespace plumb
