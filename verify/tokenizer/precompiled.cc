#include "verify/tokenizer/precompiled.h"

#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include <memory>

#include "fmt/format.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/section.h"
#include "verify/tokenizer/unicode.h"

namespace plumb::text {
namespace {

constexpr size_t kGraphemeBytesMax = 5;  // The longest grapheme looked up whole.

uint32_t ReadU32(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t b = 0; b < sizeof(value); ++b) value |= uint32_t{static_cast<uint8_t>(bytes[at + b])} << (8 * b);
  return value;
}

bool HasValue(uint32_t unit) { return ((unit >> 8) & 1) == 1; }
uint32_t Value(uint32_t unit) { return unit & 0x7FFFFFFF; }
uint32_t Label(uint32_t unit) { return unit & 0x800000FF; }
uint32_t Offset(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }

}  // namespace

absl::StatusOr<CharacterMap> CharacterMap::Parse(std::string_view bytes, std::string_view where) {
  constexpr size_t kUnit = sizeof(uint32_t);
  if (bytes.size() < kUnit) return Refuse(where, "a character map of less than four bytes");
  const uint64_t trie_bytes = ReadU32(bytes, 0);
  if (trie_bytes % kUnit != 0 || trie_bytes == 0 || trie_bytes > bytes.size() - kUnit) {
    return Refuse(where, fmt::format("a character map of {} bytes with a trie of {}", bytes.size(), trie_bytes));
  }
  CharacterMap map;
  map.bytes_ = bytes;
  map.forms_begin_ = kUnit + trie_bytes;
  if (!IsValidUtf8(bytes.substr(map.forms_begin_)))
    return Refuse(where, "a character map with forms that are not UTF-8");
  for (size_t at = kUnit; at < map.forms_begin_; at += kUnit) map.units_.push_back(ReadU32(bytes, at));
  return map;
}

std::optional<std::string_view> CharacterMap::Find(std::string_view text) const {
  uint64_t node = Offset(units_[0]);
  for (char c : text) {
    if (c == '\0') return std::nullopt;
    node ^= static_cast<uint8_t>(c);
    if (node >= units_.size() || Label(units_[node]) != static_cast<uint8_t>(c)) return std::nullopt;
    const uint32_t unit = units_[node];
    node ^= Offset(unit);
    if (!HasValue(unit)) continue;
    const std::string_view forms = std::string_view(bytes_).substr(forms_begin_);
    if (node >= units_.size() || Value(units_[node]) >= forms.size()) return std::nullopt;
    const std::string_view form = forms.substr(Value(units_[node]));
    const std::string_view whole = form.substr(0, form.find('\0'));
    // An offset into the middle of a character is a damaged table.
    if (!whole.empty() && (static_cast<uint8_t>(whole[0]) & 0xC0) == 0x80) return std::nullopt;
    return whole;
  }
  return std::nullopt;
}

absl::StatusOr<std::string> ApplyCharacterMap(const CharacterMap& map, std::string_view text) {
  UErrorCode error = U_ZERO_ERROR;
  UText utext = UTEXT_INITIALIZER;
  utext_openUTF8(&utext, text.data(), static_cast<int64_t>(text.size()), &error);
  const std::unique_ptr<UText, UText* (*)(UText*)> close_text(&utext, utext_close);
  const std::unique_ptr<UBreakIterator, void (*)(UBreakIterator*)> graphemes(
      ubrk_open(UBRK_CHARACTER, "", nullptr, 0, &error), ubrk_close);
  if (U_SUCCESS(error)) ubrk_setUText(graphemes.get(), &utext, &error);
  if (U_FAILURE(error)) return Internal(fmt::format("load ICU's grapheme rules: {}", u_errorName(error)));
  std::string out;
  out.reserve(text.size());
  auto begin = static_cast<size_t>(ubrk_first(graphemes.get()));
  for (int32_t next = ubrk_next(graphemes.get()); next != UBRK_DONE; next = ubrk_next(graphemes.get())) {
    const std::string_view grapheme = text.substr(begin, static_cast<size_t>(next) - begin);
    begin = static_cast<size_t>(next);
    std::optional<std::string_view> form;
    if (grapheme.size() <= kGraphemeBytesMax) form = map.Find(grapheme);
    if (form) {
      out += *form;
      continue;
    }
    for (size_t at = 0; at < grapheme.size();) {
      const std::string_view character = grapheme.substr(at, CharacterBytes(grapheme[at]));
      out += map.Find(character).value_or(character);
      at += character.size();
    }
  }
  return out;
}

}  // namespace plumb::text
