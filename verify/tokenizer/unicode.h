// Characters of UTF-8 text that is known to be valid.
//
// Ids depend on the version of Unicode that a table was made from. Hugging Face `tokenizers` stands on several: Unicode
// 8 for punctuation, control characters and Mn, 9 for combining marks, 12 for normal forms. The functions below say
// which they follow; the others follow ICU's (15), which knows all but the newest characters.
#ifndef PLUMB_VERIFY_TOKENIZER_UNICODE_H_
#define PLUMB_VERIFY_TOKENIZER_UNICODE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace plumb::text {

// The replacement of a space in SentencePiece's vocabularies, U+2581.
inline constexpr std::string_view kMetaspace = "\xE2\x96\x81";

// The character at `at`, which is moved behind it. REQUIRES: valid UTF-8 and `at` at the start of a character.
char32_t NextCharacter(std::string_view text, size_t& at);
// Bytes of the character that starts with `lead`.
size_t CharacterBytes(char lead);
size_t CountCharacters(std::string_view text);
void AppendCharacter(char32_t character, std::string& out);
// The only character of `text`; nullopt when it has none or more.
std::optional<char32_t> OnlyCharacter(std::string_view text);

// Any bytes as UTF-8: each maximal ill-formed part becomes U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view bytes);

// Unicode's White_Space.
bool IsWhiteSpace(char32_t character);
// General categories Nd, Nl, No.
bool IsNumeric(char32_t character);
// General categories P* of Unicode 8, and the ASCII characters that are neither letters, digits, space nor control.
bool IsPunctuation(char32_t character);
// General categories Cc, Cf, Cs, Co of Unicode 8.
bool IsControl(char32_t character);
// General categories M* of Unicode 9.
bool IsMark(char32_t character);
// General category Mn of Unicode 8.
bool IsNonSpacingMark(char32_t character);
// A letter, mark, decimal digit, connector or joiner: \w of UTS #18.
bool IsWord(char32_t character);
// In the blocks that BERT calls Chinese.
bool IsChinese(char32_t character);

// One of Unicode's four normal forms, as of Unicode 12: younger characters stay as they are.
enum class NormalForm { kC, kD, kKC, kKD };
absl::Status Normalize(NormalForm form, std::string& text);

// Lower case, character by character, without regard to context.
std::string Lowercase(std::string_view text);

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_UNICODE_H_
