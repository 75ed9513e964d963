// SentencePiece's `precompiled_charsmap`: a table from strings to their normal forms.
#ifndef PLUMB_VERIFY_TOKENIZER_PRECOMPILED_H_
#define PLUMB_VERIFY_TOKENIZER_PRECOMPILED_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace plumb::text {

// The table's bytes are
//
//   u32 LE size | size bytes: a double-array trie of u32 LE units | NUL-terminated normal forms
//
// and a key's value is an offset into the normal forms. Unit layout: bit 31 marks a value (the other 31 bits); else
// bits 0..7 are the label, bit 8 says that a value hangs on this node, bit 9 scales the offset in bits 10..30 by 256.
// Thread-safe.
class CharacterMap {
 public:
  // Checks sizes; every look-up stays inside the table whatever it holds. The normal forms must be UTF-8.
  static absl::StatusOr<CharacterMap> Parse(std::string_view bytes, std::string_view where);

  // The normal form of the shortest key that `text` starts with, as Hugging Face's reader takes it.
  std::optional<std::string_view> Find(std::string_view text) const;

  // As given to Parse.
  const std::string& bytes() const { return bytes_; }

 private:
  CharacterMap() = default;

  std::string bytes_;
  std::vector<uint32_t> units_;
  size_t forms_begin_ = 0;  // In bytes_.
};

// `text` normalised grapheme by grapheme: a grapheme of less than 6 bytes as one key if there is one, else character by
// character. Error only when ICU lacks its data.
absl::StatusOr<std::string> ApplyCharacterMap(const CharacterMap& map, std::string_view text);

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_PRECOMPILED_H_
