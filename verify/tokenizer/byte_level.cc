#include "verify/tokenizer/byte_level.h"

#include <array>
#include <cstdint>

#include "verify/tokenizer/unicode.h"

namespace plumb::text {
namespace {

constexpr size_t kBytes = 256;
constexpr size_t kSpellings = 512;  // More than the largest character used.
constexpr int16_t kNone = -1;

struct Tables {
  std::array<char32_t, kBytes> character{};
  std::array<int16_t, kSpellings> byte{};
};

constexpr Tables MakeTables() {
  Tables tables;
  tables.byte.fill(kNone);
  char32_t next = kBytes;
  for (size_t b = 0; b < kBytes; ++b) {
    const bool itself = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    tables.character[b] = itself ? static_cast<char32_t>(b) : next++;
    tables.byte[tables.character[b]] = static_cast<int16_t>(b);
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

}  // namespace

std::string EncodeByteLevel(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char c : bytes) AppendCharacter(kTables.character[static_cast<uint8_t>(c)], out);
  return out;
}

bool DecodeByteLevel(std::string_view text, std::string& bytes) {
  bytes.clear();
  for (size_t at = 0; at < text.size();) {
    const char32_t character = NextCharacter(text, at);
    if (character >= kSpellings || kTables.byte[character] == kNone) return false;
    bytes += static_cast<char>(kTables.byte[character]);
  }
  return true;
}

}  // namespace plumb::text
