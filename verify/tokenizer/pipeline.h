// A tokenizer as a row of steps: added tokens, normalizer, pre-tokenizer, model, surroundings; a decoder back.
#ifndef PLUMB_VERIFY_TOKENIZER_PIPELINE_H_
#define PLUMB_VERIFY_TOKENIZER_PIPELINE_H_

#include <memory>
#include <string>
#include <vector>

#include "plumb/tokenizer/tokenizer.h"
#include "verify/tokenizer/added_tokens.h"
#include "verify/tokenizer/decoder.h"
#include "verify/tokenizer/model.h"
#include "verify/tokenizer/normalizer.h"
#include "verify/tokenizer/post_processor.h"
#include "verify/tokenizer/pre_tokenizer.h"

namespace plumb::text {

// What a pipeline is made of.
struct Steps {
  std::vector<AddedToken> added_tokens;
  std::unique_ptr<Normalizer> normalizer;       // May be null.
  std::unique_ptr<PreTokenizer> pre_tokenizer;  // May be null: the model then sees the text whole.
  std::unique_ptr<TokenModel> model;
  Surroundings surroundings;
  std::unique_ptr<Decoder> decoder;  // May be null: tokens are then joined by spaces.
};

absl::StatusOr<std::unique_ptr<Tokenizer>> MakePipeline(Steps steps);

// OK for a text that Encode accepts: UTF-8 of at most limits::kPromptBytesMax.
absl::Status CheckPrompt(std::string_view text);

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_PIPELINE_H_
