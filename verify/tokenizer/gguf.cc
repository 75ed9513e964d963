// Tokenizers from a GGUF file's keys, as llama.cpp builds them.
#include <cmath>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/tokenizer/tokenizer.h"
#include "verify/tokenizer/gguf_pre_list.h"
#include "verify/tokenizer/pipeline.h"
#include "verify/tokenizer/section.h"
#include "verify/tokenizer/unicode.h"

namespace plumb {
namespace {

using text::NotKnown;
using text::Refuse;

// One of the file's ids: inside the vocabulary, or an error that names its key.
absl::StatusOr<int32_t> CheckId(const std::optional<int64_t>& id, std::string_view key, const GgufVocabulary& in) {
  if (!id) return NotKnown("GGUF", fmt::format("tokenizer.ggml.{} is missing, but the tokenizer needs it", key));
  if (*id < 0 || static_cast<uint64_t>(*id) >= in.tokens.size()) {
    return Refuse("GGUF", fmt::format("tokenizer.ggml.{} is {}, expected 0 to {}", key, *id, in.tokens.size() - 1));
  }
  return static_cast<int32_t>(*id);
}

absl::Status CheckCounts(const GgufVocabulary& in) {
  if (in.tokens.empty()) return Refuse("GGUF", "no tokens");
  if (!in.types.empty() && in.types.size() != in.tokens.size()) {
    return Refuse("GGUF", fmt::format("{} token types for {} tokens", in.types.size(), in.tokens.size()));
  }
  if (!in.scores.empty() && in.scores.size() != in.tokens.size()) {
    return Refuse("GGUF", fmt::format("{} scores for {} tokens", in.scores.size(), in.tokens.size()));
  }
  for (float score : in.scores) {
    if (std::isnan(score)) return Refuse("GGUF", "a score is not a number");
  }
  return absl::OkStatus();
}

// Tokens found in the text itself: control and unknown ones as special, those a user defined always.
std::vector<text::AddedToken> AddedTokensOf(const GgufVocabulary& in) {
  std::vector<text::AddedToken> added;
  for (size_t id = 0; id < in.types.size(); ++id) {
    const int32_t type = in.types[id];
    const bool special = type == GgufVocabulary::kControl || type == GgufVocabulary::kUnknown;
    if ((!special && type != GgufVocabulary::kUserDefined) || in.tokens[id].empty()) continue;
    added.push_back({.id = static_cast<int32_t>(id), .content = in.tokens[id], .special = special});
  }
  return added;
}

absl::StatusOr<text::Surroundings> SurroundingsOf(const GgufVocabulary& in, bool add_bos, bool add_eos) {
  text::Surroundings around;
  if (in.add_bos.value_or(add_bos)) {
    PLUMB_ASSIGN_OR_RETURN(const int32_t id, CheckId(in.bos_id, "bos_token_id", in));
    around.before.push_back(id);
  }
  if (in.add_eos.value_or(add_eos)) {
    PLUMB_ASSIGN_OR_RETURN(const int32_t id, CheckId(in.eos_id, "eos_token_id", in));
    around.behind.push_back(id);
  }
  return around;
}

absl::StatusOr<const text::GgufPre*> FindPre(const std::string& name) {
  for (const text::GgufPre& pre : text::kGgufPres) {
    if (pre.name == name) return &pre;
  }
  return NotKnown("GGUF", fmt::format("tokenizer.ggml.pre '{}' is a pre-tokenizer that Plumb does not know", name));
}

absl::StatusOr<std::unique_ptr<text::PreTokenizer>> MakePre(const text::GgufPre& pre) {
  std::vector<std::unique_ptr<text::PreTokenizer>> all;
  for (std::string_view pattern : *pre.patterns) {
    if (pattern.empty()) continue;
    PLUMB_ASSIGN_OR_RETURN(text::Regex regex, text::Regex::Compile(pattern, pre.name));
    all.push_back(text::MakeRegexSplit(std::move(regex), text::SplitBehavior::kIsolated, false));
  }
  PLUMB_ASSIGN_OR_RETURN(auto spelling, text::MakeByteLevel(false, false));
  all.push_back(std::move(spelling));
  return text::MakePreTokenizerSequence(std::move(all));
}

// Byte-level pair encoding.
absl::Status BuildGpt2(const GgufVocabulary& in, text::Steps& steps) {
  if (in.pre.empty()) return NotKnown("GGUF", "tokenizer.ggml.pre is missing: how to split a text is not known");
  PLUMB_ASSIGN_OR_RETURN(const text::GgufPre* pre, FindPre(in.pre));
  text::BpeRules rules;
  rules.ignore_merges = pre->ignore_merges;
  if (in.merges.size() > limits::kMergesMax) return NotKnown("GGUF", fmt::format("{} merges", in.merges.size()));
  for (const std::string& merge : in.merges) {
    const size_t space = merge.find(' ', 1);  // A token may start with a space, but not end in one.
    if (space == std::string::npos) return Refuse("GGUF", fmt::format("merge '{}' is not two tokens", merge));
    rules.merges.emplace_back(merge.substr(0, space), merge.substr(space + 1));
  }
  PLUMB_ASSIGN_OR_RETURN(steps.surroundings, SurroundingsOf(in, pre->add_bos, false));
  if (in.nfc.value_or(false)) {
    size_t stages = 0;
    PLUMB_ASSIGN_OR_RETURN(steps.normalizer, text::ParseNormalizer({{"type", "NFC"}}, "GGUF", stages));
  }
  PLUMB_ASSIGN_OR_RETURN(steps.pre_tokenizer, MakePre(*pre));
  PLUMB_ASSIGN_OR_RETURN(text::Vocabulary vocabulary, text::Vocabulary::FromList(in.tokens, "GGUF"));
  PLUMB_ASSIGN_OR_RETURN(steps.model, text::MakeBpe(std::move(vocabulary), rules, "GGUF"));
  steps.decoder = text::MakeByteLevelDecoder();
  return absl::OkStatus();
}

// The ids of <0x00> to <0xFF>; empty when one is missing.
std::vector<int32_t> AllByteIds(const text::Vocabulary& vocabulary) {
  std::vector<int32_t> ids;
  for (int b = 0; b < 256; ++b) {
    const std::optional<int32_t> id = vocabulary.Find(text::ByteToken(static_cast<uint8_t>(b)));
    if (!id) return {};
    ids.push_back(*id);
  }
  return ids;
}

// SentencePiece's pair encoding.
absl::Status BuildLlama(const GgufVocabulary& in, text::Steps& steps) {
  if (in.scores.empty()) return NotKnown("GGUF", "tokenizer.ggml.scores is missing: how to pair is not known");
  const bool add_space = in.add_space_prefix.value_or(true);
  std::vector<std::unique_ptr<text::Normalizer>> rules;
  if (add_space) rules.push_back(text::MakePrepend(std::string(text::kMetaspace)));
  rules.push_back(text::MakeReplaceText(" ", std::string(text::kMetaspace)));
  steps.normalizer = text::MakeNormalizerSequence(std::move(rules));
  PLUMB_ASSIGN_OR_RETURN(text::Vocabulary vocabulary, text::Vocabulary::FromList(in.tokens, "GGUF"));
  std::vector<int32_t> bytes = AllByteIds(vocabulary);
  int32_t unknown = 0;
  if (bytes.empty()) {
    PLUMB_ASSIGN_OR_RETURN(unknown, CheckId(in.unknown_id, "unknown_token_id", in));
  }
  PLUMB_ASSIGN_OR_RETURN(steps.model, text::MakeScoredBpe(std::move(vocabulary), in.scores, std::move(bytes), unknown));
  PLUMB_ASSIGN_OR_RETURN(steps.surroundings, SurroundingsOf(in, true, false));
  std::vector<std::unique_ptr<text::Decoder>> back;
  back.push_back(text::MakeReplaceDecoder(std::string(text::kMetaspace), " "));
  back.push_back(text::MakeByteFallbackDecoder());
  back.push_back(text::MakeFuseDecoder());
  if (add_space) back.push_back(text::MakeStripDecoder(U' ', 1, 0));
  steps.decoder = text::MakeDecoderSequence(std::move(back));
  return absl::OkStatus();
}

// WordPiece, whose tokens mark the start of a word where Hugging Face's mark its continuation.
absl::Status BuildBert(const GgufVocabulary& in, text::Steps& steps) {
  text::BertRules rules;
  rules.lowercase = in.lowercase.value_or(true);
  rules.strip_accents = in.strip_accents.value_or(rules.lowercase);
  steps.normalizer = text::MakeBertNormalizer(rules);
  steps.pre_tokenizer = text::MakeBertPreTokenizer();
  PLUMB_ASSIGN_OR_RETURN(const int32_t unknown, CheckId(in.unknown_id, "unknown_token_id", in));
  PLUMB_ASSIGN_OR_RETURN(const int32_t cls, CheckId(in.cls_id ? in.cls_id : in.bos_id, "cls_token_id", in));
  PLUMB_ASSIGN_OR_RETURN(const int32_t separator,
                         CheckId(in.separator_id ? in.separator_id : in.eos_id, "seperator_token_id", in));
  steps.surroundings = {{cls}, {separator}};
  PLUMB_ASSIGN_OR_RETURN(text::Vocabulary vocabulary, text::Vocabulary::FromList(in.tokens, "GGUF"));
  const text::WordPieceRules words = {.unknown = in.tokens[static_cast<size_t>(unknown)],
                                      .word_prefix = std::string(text::kMetaspace),
                                      .continuing_prefix = "",
                                      .word_characters_max = limits::kNormalizedBytesMax};
  PLUMB_ASSIGN_OR_RETURN(steps.model, text::MakeWordPiece(std::move(vocabulary), words, "GGUF"));
  std::vector<std::unique_ptr<text::Decoder>> back;
  back.push_back(text::MakeReplaceDecoder(std::string(text::kMetaspace), " "));
  back.push_back(text::MakeFuseDecoder());
  back.push_back(text::MakeStripDecoder(U' ', 1, 0));
  steps.decoder = text::MakeDecoderSequence(std::move(back));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tokenizer>> ParseGgufTokenizer(const GgufVocabulary& vocabulary) {
  PLUMB_RETURN_IF_ERROR(CheckCounts(vocabulary));
  text::Steps steps;
  steps.added_tokens = AddedTokensOf(vocabulary);
  if (vocabulary.model == "gpt2") {
    PLUMB_RETURN_IF_ERROR(BuildGpt2(vocabulary, steps));
  } else if (vocabulary.model == "llama") {
    PLUMB_RETURN_IF_ERROR(BuildLlama(vocabulary, steps));
  } else if (vocabulary.model == "bert") {
    PLUMB_RETURN_IF_ERROR(BuildBert(vocabulary, steps));
  } else {
    return NotKnown("GGUF",
                    fmt::format("tokenizer.ggml.model '{}' is a tokenizer that Plumb does not know", vocabulary.model));
  }
  return text::MakePipeline(std::move(steps));
}

}  // namespace plumb
