#include "verify/tokenizer/unicode.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::text {
namespace {

// Whether `character` is in one of the general categories of `mask`.
bool In(char32_t character, uint32_t mask) { return (U_GET_GC_MASK(static_cast<UChar32>(character)) & mask) != 0; }

// Whether Unicode had `character` in its version `major`.0.
bool Since(char32_t character, uint8_t major) {
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(character), age);
  return age[0] < major || (age[0] == major && age[1] == 0);
}

// Characters whose category changed after Unicode 8.
constexpr char32_t kCanadianChiSign = 0x166D;    // Po, now So.
constexpr char32_t kSharadaSandhi = 0x111C9;     // Po, now Mn.
constexpr char32_t kHanunooPamudpod = 0x1734;    // Mn, now Mc.
constexpr char32_t kVedicArdhavisarga = 0x1CF2;  // And the next: Mc, now Lo.

// The normal form `name` in `mode` of characters that Unicode 12 has.
const icu::Normalizer2* MakeNormalizer(const char* name, UNormalization2Mode mode) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* all = icu::Normalizer2::getInstance(nullptr, name, mode, error);
  auto* known = new icu::UnicodeSet(u"[:Age=12.0:]", error);
  if (U_FAILURE(error)) return nullptr;
  known->freeze();
  return new icu::FilteredNormalizer2(*all, *known);  // Kept until the program ends, as is the set.
}

// nullptr when ICU lacks its data.
const icu::Normalizer2* NormalizerOf(NormalForm form) {
  static const icu::Normalizer2* const kForms[] = {
      MakeNormalizer("nfc", UNORM2_COMPOSE), MakeNormalizer("nfc", UNORM2_DECOMPOSE),
      MakeNormalizer("nfkc", UNORM2_COMPOSE), MakeNormalizer("nfkc", UNORM2_DECOMPOSE)};
  return kForms[static_cast<size_t>(form)];
}

}  // namespace

char32_t NextCharacter(std::string_view text, size_t& at) {
  UChar32 character = 0;
  U8_NEXT_UNSAFE(text.data(), at, character);
  return static_cast<char32_t>(character);
}

size_t CharacterBytes(char lead) { return 1 + U8_COUNT_TRAIL_BYTES_UNSAFE(static_cast<uint8_t>(lead)); }

size_t CountCharacters(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += U8_IS_TRAIL(c) ? 0 : 1;
  return count;
}

void AppendCharacter(char32_t character, std::string& out) {
  char bytes[U8_MAX_LENGTH];
  size_t size = 0;
  U8_APPEND_UNSAFE(bytes, size, static_cast<UChar32>(character));
  out.append(bytes, size);
}

std::optional<char32_t> OnlyCharacter(std::string_view text) {
  if (text.empty()) return std::nullopt;
  size_t at = 0;
  const char32_t character = NextCharacter(text, at);
  return at == text.size() ? std::optional(character) : std::nullopt;
}

std::string ReplaceInvalidUtf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  const auto size = static_cast<int32_t>(bytes.size());
  for (int32_t at = 0; at < size;) {
    UChar32 character = 0;
    U8_NEXT_OR_FFFD(bytes.data(), at, size, character);
    AppendCharacter(static_cast<char32_t>(character), out);
  }
  return out;
}

bool IsWhiteSpace(char32_t character) { return u_isUWhiteSpace(static_cast<UChar32>(character)); }

bool IsNumeric(char32_t character) { return In(character, U_GC_N_MASK); }

bool IsPunctuation(char32_t character) {
  if (character < 0x80) return In(character, U_GC_P_MASK | U_GC_S_MASK);
  if (character == kCanadianChiSign || character == kSharadaSandhi) return true;
  return In(character, U_GC_P_MASK) && Since(character, 8);
}

bool IsControl(char32_t character) {
  return In(character, U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CS_MASK | U_GC_CO_MASK) && Since(character, 8);
}

bool IsMark(char32_t character) {
  if (character == kSharadaSandhi) return false;
  if (character == kVedicArdhavisarga || character == kVedicArdhavisarga + 1) return true;
  return In(character, U_GC_M_MASK) && Since(character, 9);
}

bool IsNonSpacingMark(char32_t character) {
  if (character == kHanunooPamudpod) return true;
  const bool was_another = character == 0x1885 || character == 0x1886 || character == 0xA9BD;
  if (was_another || character == kSharadaSandhi) return false;
  return In(character, U_GC_MN_MASK) && Since(character, 8);
}

bool IsWord(char32_t character) {
  if (In(character, U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) return true;
  const auto c = static_cast<UChar32>(character);
  return u_hasBinaryProperty(c, UCHAR_ALPHABETIC) || u_hasBinaryProperty(c, UCHAR_JOIN_CONTROL);
}

bool IsChinese(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

absl::Status Normalize(NormalForm form, std::string& text) {
  const icu::Normalizer2* normalizer = NormalizerOf(form);
  if (normalizer == nullptr) return Internal("load ICU's normalisation data");
  UErrorCode error = U_ZERO_ERROR;
  icu::UnicodeString normal = normalizer->normalize(icu::UnicodeString::fromUTF8(text), error);
  if (U_FAILURE(error)) return Internal(fmt::format("normalise text: {}", u_errorName(error)));
  text.clear();
  normal.toUTF8String(text);
  return absl::OkStatus();
}

std::string Lowercase(std::string_view text) {
  constexpr char32_t kCapitalIWithDot = 0x130;  // The one character whose lower case is two.
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const char32_t character = NextCharacter(text, at);
    if (character == kCapitalIWithDot) {
      out += "i\xCC\x87";
    } else {
      AppendCharacter(static_cast<char32_t>(u_tolower(static_cast<UChar32>(character))), out);
    }
  }
  return out;
}

}  // namespace plumb::text
