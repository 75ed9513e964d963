// GPT-2's spelling of bytes as printable characters: 33..126, 161..172 and 174..255 stand for themselves, the other
// bytes, in order, for U+0100 and up.
#ifndef PLUMB_VERIFY_TOKENIZER_BYTE_LEVEL_H_
#define PLUMB_VERIFY_TOKENIZER_BYTE_LEVEL_H_

#include <string>
#include <string_view>

namespace plumb::text {

// One character for each byte.
std::string EncodeByteLevel(std::string_view bytes);

// The bytes that `text` spells; nothing and false when a character spells no byte.
bool DecodeByteLevel(std::string_view text, std::string& bytes);

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_BYTE_LEVEL_H_
