// The key-values of a GGUF file as a config that is read key by key.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_KEYS_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_KEYS_H_

#include <string>
#include <string_view>

#include "nlohmann/json.hpp"
#include "plumb/weights/tensor_source.h"
#include "verify/inference/architectures/config_reader.h"

namespace plumb {

// All key-values but those about the file: `general.*`, `tokenizer.*`, `split.*`, `quantize.*`.
nlohmann::json GgufModelKeys(const TensorSource& source);

// One file being read. Borrows the source and the keys.
struct GgufKeys {
  const TensorSource& source;
  const std::string architecture;
  ConfigReader reader;

  GgufKeys(const TensorSource& from, std::string name, const nlohmann::json& keys)
      : source(from), architecture(std::move(name)), reader(keys) {}

  // `llama.block_count` of `block_count`.
  std::string Key(std::string_view part) const;
  // A size that models have: see ConfigReader.
  uint64_t Size(std::string_view part);
  uint64_t SizeOr(std::string_view part, uint64_t absent);
  bool HasTensor(std::string_view name) const { return source.Find(name) != nullptr; }
  // Rows of token_embd.weight, which a `vocab_size` must not contradict. 0 after an error.
  uint64_t ReadVocabulary();
  // Refuses the tensors that describe rotations, of which the model has none.
  void RefuseRopeFactors();
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_KEYS_H_
