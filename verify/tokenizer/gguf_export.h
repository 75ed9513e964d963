// What the files that write a GGUF vocabulary share.
#ifndef PLUMB_VERIFY_TOKENIZER_GGUF_EXPORT_H_
#define PLUMB_VERIFY_TOKENIZER_GGUF_EXPORT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "plumb/tokenizer/tokenizer.h"

namespace plumb::text {

// The value of `tokenizer.ggml.pre` for the section `pre_tokenizer` of byte-level BPE; INVALID_ARGUMENT names the rule
// that none of llama.cpp's has.
absl::StatusOr<std::string> GgufPreOf(const nlohmann::json& pre_tokenizer, bool ignore_merges);

// The vocabulary of a tokenizer.json that ParseTokenizerJson has accepted, with `rows` tokens: more than one where GGUF
// has more than one way to say it. Without what stands around a text.
absl::StatusOr<std::vector<GgufVocabulary>> GgufVocabulariesOf(const nlohmann::json& tokenizer, uint64_t rows);

// INVALID_ARGUMENT names the first text for which the two do not give the same ids. `specials` are put into texts.
absl::Status CheckSameIds(const Tokenizer& original, const Tokenizer& made, const std::vector<std::string>& specials);

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_GGUF_EXPORT_H_
