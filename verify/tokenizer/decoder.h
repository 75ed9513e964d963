// Tokens back to text.
#ifndef PLUMB_VERIFY_TOKENIZER_DECODER_H_
#define PLUMB_VERIFY_TOKENIZER_DECODER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "verify/tokenizer/work.h"

namespace plumb::text {

// One rule, or several in a row, on the tokens of a text. Joined, the result is the text. Thread-safe.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual absl::Status Apply(std::vector<std::string>& tokens, Work& work) const = 0;
};

// The section `decoder` of a tokenizer.json; as ParseNormalizer.
absl::StatusOr<std::unique_ptr<Decoder>> ParseDecoder(const nlohmann::json& json, std::string_view where,
                                                      size_t& stages);

// `all` one after another.
std::unique_ptr<Decoder> MakeDecoderSequence(std::vector<std::unique_ptr<Decoder>> all);
// GPT-2's characters back to bytes; a token with any other character stands for itself.
std::unique_ptr<Decoder> MakeByteLevelDecoder();
// <0x00> to <0xFF> back to bytes.
std::unique_ptr<Decoder> MakeByteFallbackDecoder();
// Every `from`, which is not empty, becomes `to`.
std::unique_ptr<Decoder> MakeReplaceDecoder(std::string from, std::string to);
// All tokens become one.
std::unique_ptr<Decoder> MakeFuseDecoder();
// Up to `start` times `content` at the start and up to `stop` times at the end of each token go.
std::unique_ptr<Decoder> MakeStripDecoder(char32_t content, uint64_t start, uint64_t stop);
// `prefix` joins a token to the one before, others follow a space; `cleanup` takes spaces from before punctuation.
std::unique_ptr<Decoder> MakeWordPieceDecoder(std::string prefix, bool cleanup);

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_DECODER_H_
