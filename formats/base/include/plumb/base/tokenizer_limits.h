// Limits on tokenizers from strangers, beside those in limits.h.
#ifndef PLUMB_BASE_TOKENIZER_LIMITS_H_
#define PLUMB_BASE_TOKENIZER_LIMITS_H_

#include <cstddef>

namespace plumb::limits {

// One token of a vocabulary. Published ones have tokens of 2,048 bytes (runs of spaces); encoding a text of
// kPromptBytesMax stays within seconds at this length. kTokenBytesMax is for tokens that are added.
inline constexpr size_t kVocabularyTokenBytesMax = 16u << 10;

}  // namespace plumb::limits

#endif  // PLUMB_BASE_TOKENIZER_LIMITS_H_
