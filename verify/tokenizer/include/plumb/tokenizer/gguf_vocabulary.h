// A folder's tokenizer as the key-values of a GGUF file: the way back from ReadGgufVocabulary.
#ifndef PLUMB_TOKENIZER_GGUF_VOCABULARY_H_
#define PLUMB_TOKENIZER_GGUF_VOCABULARY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/weights/metadata.h"

namespace plumb {

struct GgufTokenizer {
  std::vector<MetadataEntry> keys;
  std::vector<std::string> remarks;  // What a person should hear, each a sentence.
};

// `tokenizer.ggml.*` and `tokenizer.chat_template` of the folder's tokenizer.json, tokenizer_config.json, config.json
// and generation_config.json. `folder` is "" or ends in '/'; `rows` is how many tokens the model's embedding has, up to
// which the vocabulary is filled. Byte-level BPE, SentencePiece's BPE with byte fallback, and WordPiece can be said.
//
// What is returned has been read back: ParseGgufTokenizer gives the ids of tokenizer.json for a list of awkward texts.
// NOT_FOUND without a tokenizer.json; INVALID_ARGUMENT (ErrorClass::kPolicy) names what GGUF cannot say, and the text
// whose ids would be others.
absl::StatusOr<GgufTokenizer> TokenizerAsGguf(const Directory& directory, std::string_view folder, uint64_t rows);

}  // namespace plumb

#endif  // PLUMB_TOKENIZER_GGUF_VOCABULARY_H_
