// Text to token ids and back, as the files of a model define it. docs/tokenizers.md says what is read and what is
// refused.
//
// The files come from strangers: each is bounded before it is believed, and a kind or key that would change ids and
// that this library does not know is refused by name (INVALID_ARGUMENT, ErrorClass::kPolicy), never skipped. What is
// read gives exactly the ids of the software that defined the format: Hugging Face `tokenizers`, llama.cpp,
// SentencePiece.
#ifndef PLUMB_TOKENIZER_TOKENIZER_H_
#define PLUMB_TOKENIZER_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/weights/metadata.h"

namespace plumb {

// How to encode a text.
struct EncodeOptions {
  // Add what the model wants around a text: [CLS] and [SEP], a beginning-of-sequence token, ...
  bool add_special = true;
  // Read `<|endoftext|>` and its like inside the text as the special token, as prompts mean it. When false they are
  // ordinary text. SentencePiece models never read control tokens from text.
  bool parse_special = true;
};

// A vocabulary with its rules. Thread-safe: all methods are const and share nothing that changes.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // The ids of `text`. INVALID_ARGUMENT when it is not UTF-8, longer than limits::kPromptBytesMax, or has a character
  // the vocabulary has no answer to; RESOURCE_EXHAUSTED when the file's own rules cost too much on it.
  virtual absl::StatusOr<std::vector<int32_t>> Encode(std::string_view text,
                                                      const EncodeOptions& options = {}) const = 0;

  // The text of `ids`, special tokens included. Bytes that do not form UTF-8 together become U+FFFD. INVALID_ARGUMENT
  // names an id that is not in the vocabulary.
  virtual absl::StatusOr<std::string> Decode(std::span<const int32_t> ids) const = 0;

  // One more than the largest id: what a model's embedding must have at least.
  virtual uint64_t VocabularySize() const = 0;

  // SHA-256, 64 lower-case digits, over everything that decides ids: kind, vocabulary, scores, merges, normalizers,
  // pre-tokenizers, added and special tokens. Two files that say the same in another order or spelling agree.
  virtual std::string Fingerprint() const = 0;
};

// Reads a Hugging Face tokenizer.json.
absl::StatusOr<std::unique_ptr<Tokenizer>> ParseTokenizerJson(std::string_view json);

// GPT-2's own pair of files: `vocab` is vocab.json, `merges` merges.txt. `<|endoftext|>` is special when it is there.
absl::StatusOr<std::unique_ptr<Tokenizer>> ParseGpt2Files(std::string_view vocab, std::string_view merges);

// What a GGUF file says of its vocabulary, key by key; nullopt or empty where the key is missing.
struct GgufVocabulary {
  // Values of `tokenizer.ggml.token_type`.
  enum TokenType : int32_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

  std::string model;                     // tokenizer.ggml.model: "gpt2", "llama", "bert".
  std::string pre;                       // tokenizer.ggml.pre.
  std::vector<std::string> tokens;       // tokenizer.ggml.tokens; the index is the id.
  std::vector<float> scores;             // tokenizer.ggml.scores: one a token, or none.
  std::vector<int32_t> types;            // tokenizer.ggml.token_type: one a token, or none.
  std::vector<std::string> merges;       // tokenizer.ggml.merges: "left right".
  std::optional<int64_t> bos_id;         // tokenizer.ggml.bos_token_id
  std::optional<int64_t> eos_id;         // tokenizer.ggml.eos_token_id
  std::optional<int64_t> unknown_id;     // tokenizer.ggml.unknown_token_id
  std::optional<int64_t> separator_id;   // tokenizer.ggml.seperator_token_id (so spelt)
  std::optional<int64_t> cls_id;         // tokenizer.ggml.cls_token_id
  std::optional<bool> add_bos;           // tokenizer.ggml.add_bos_token
  std::optional<bool> add_eos;           // tokenizer.ggml.add_eos_token
  std::optional<bool> add_space_prefix;  // tokenizer.ggml.add_space_prefix
  std::optional<bool> lowercase;         // tokenizer.ggml.normalizer.lowercase
  std::optional<bool> strip_accents;     // tokenizer.ggml.normalizer.strip_accents
  std::optional<bool> nfc;               // tokenizer.ggml.normalizer.nfc
};

// The vocabulary among a GGUF file's key-values. A key below `tokenizer.ggml.` that Plumb does not know is refused, as
// is one of another type than expected.
absl::StatusOr<GgufVocabulary> ReadGgufVocabulary(const Metadata& metadata);

// Builds what llama.cpp builds from the same keys.
absl::StatusOr<std::unique_ptr<Tokenizer>> ParseGgufTokenizer(const GgufVocabulary& vocabulary);

// What Encode adds around a text when asked for special tokens; a SentencePiece model does not say.
struct SentencePieceOptions {
  bool add_bos = false;
  bool add_eos = false;
};

// Reads a SentencePiece model (tokenizer.model, spiece.model) with the SentencePiece library.
absl::StatusOr<std::unique_ptr<Tokenizer>> ParseSentencePieceModel(std::string_view bytes,
                                                                   const SentencePieceOptions& options = {});

// The tokenizer of a model's folder: `folder` is "" or ends in '/', below `directory`. Takes the first there is of
// tokenizer.json; tokenizer.model or spiece.model with tokenizer_config.json; vocab.json with merges.txt when
// config.json says gpt2; the vocabulary that all GGUF files there have. NOT_FOUND when there is none.
// Of a path that ends in ".gguf" it is the vocabulary in that file, or else the one beside it.
absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const Directory& directory, std::string_view folder = "");

}  // namespace plumb

#endif  // PLUMB_TOKENIZER_TOKENIZER_H_
