// What stands behind a sentence encoder's transformer: modules.json, the configuration of 1_Pooling and that of
// 2_Dense, separated by NUL. What is read can be built.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plumb/inference/architecture.h"
#include "tests/fuzz/fuzz_folder.h"
#include "verify/inference/sentence_model.h"

namespace {

constexpr char kBert[] =
    R"({"architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "hidden_size": 12,
    "intermediate_size": 20, "layer_norm_eps": 1e-12, "max_position_embeddings": 16, "num_attention_heads": 3,
    "num_hidden_layers": 1, "pad_token_id": 0, "position_embedding_type": "absolute", "type_vocab_size": 2,
    "vocab_size": 53})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const plumb::FuzzFolder* const folder = [] {
    static const plumb::FuzzFolder made;
    made.Write("config.json", kBert);
    return &made;
  }();
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"modules.json", "1_Pooling/config.json", "2_Dense/config.json"}) {
    const size_t end = std::min(rest.find('\0'), rest.size());
    folder->Write(name, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  absl::StatusOr<plumb::FolderModel> read = plumb::ParseFolderModel(folder->Open(), "config.json");
  if (!read.ok()) return 0;
  constexpr uint64_t kPositions = 8;
  if (!read->model->BuildGraph(2, kPositions).ok()) std::abort();
  plumb::CountParameters(*read->model);
  return 0;
}
