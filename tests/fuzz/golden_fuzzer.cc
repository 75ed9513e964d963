// A golden file of either version, checked against a small language model and an encoder; what loads is written again
// and loads as the same.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "plumb/inference/architecture.h"
#include "plumb/inference/golden.h"
#include "tests/fuzz/fuzz_folder.h"

namespace plumb {
namespace {

constexpr char kGpt2[] = R"({"model_type": "gpt2", "vocab_size": 3, "n_positions": 4, "n_embd": 2, "n_layer": 1,
    "n_head": 1, "layer_norm_epsilon": 1e-5, "activation_function": "gelu"})";
constexpr char kBert[] =
    R"({"architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "hidden_size": 4,
    "intermediate_size": 5, "layer_norm_eps": 1e-12, "max_position_embeddings": 4, "num_attention_heads": 2,
    "num_hidden_layers": 1, "pad_token_id": 0, "position_embedding_type": "absolute", "type_vocab_size": 2,
    "vocab_size": 5})";

// The model must exist: a fuzzer that has none finds nothing.
std::unique_ptr<Model> Parsed(std::string_view config) {
  absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(config);
  if (!model.ok()) std::abort();
  return *std::move(model);
}

void Load(const FuzzFolder& folder, const Model& model) {
  absl::StatusOr<Golden> golden = LoadGolden(folder.Open(), "golden.safetensors", model);
  if (!golden.ok()) return;
  absl::StatusOr<std::string> text = SerializeGolden(*golden, model, {});
  if (!text.ok()) return;
  folder.Write("again.safetensors", *text);
  absl::StatusOr<Golden> again = LoadGolden(folder.Open(), "again.safetensors", model);
  if (!again.ok() || again->tokens.ids != golden->tokens.ids || again->logits != golden->logits) std::abort();
}

}  // namespace
}  // namespace plumb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const plumb::FuzzFolder folder;
  static const std::unique_ptr<plumb::Model> gpt2 = plumb::Parsed(plumb::kGpt2), bert = plumb::Parsed(plumb::kBert);
  folder.Write("golden.safetensors", {reinterpret_cast<const char*>(data), size});
  plumb::Load(folder, *gpt2);
  plumb::Load(folder, *bert);
  return 0;
}
