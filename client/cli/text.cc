#include "client/cli/text.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <vector>

#include "fmt/chrono.h"
#include "fmt/format.h"
#include "plumb/base/human_bytes.h"

namespace plumb::cli {
namespace {

constexpr std::string_view kEllipsis = "\u2026";

// Calls `visit(code_point, piece)` for each character; an invalid byte comes
// alone, as -1.
template <typename Visitor>
void ForEachCharacter(std::string_view text, Visitor visit) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  for (size_t i = 0; i < text.size();) {
    size_t begin = i;
    UChar32 c = 0;
    U8_NEXT(bytes, i, text.size(), c);
    if (c < 0) i = begin + 1;
    visit(c, text.substr(begin, i - begin));
  }
}

bool IsHarmful(UChar32 c) {
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return true;
  switch (u_charType(c)) {
    case U_FORMAT_CHAR:  // Direction marks, zero-width characters, tags.
    case U_LINE_SEPARATOR:
    case U_PARAGRAPH_SEPARATOR:
    case U_SURROGATE:
      return true;
    default:
      return false;
  }
}

size_t CharacterWidth(UChar32 c) {
  if (c < 0) return 1;
  int8_t type = u_charType(c);
  if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_FORMAT_CHAR) return 0;
  // Vowels and final consonants of Hangul stand in the syllable that they belong to.
  if (c >= 0x1160 && c <= 0x11ff) return 0;
  int width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

std::string FormatTimestamp(const google::protobuf::Timestamp& time, const char* layout) {
  if (time.seconds() == 0) return "";
  std::time_t seconds = time.seconds();
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "";
  return fmt::format(fmt::runtime(layout), parts);
}

}  // namespace

std::string Sanitise(std::string_view text, bool keep_lines) {
  std::string safe;
  safe.reserve(text.size());
  ForEachCharacter(text, [&](UChar32 c, std::string_view piece) {
    if (c < 0) {
      safe += fmt::format("\\x{:02x}", static_cast<uint8_t>(piece[0]));
    } else if (c == '\n' && !keep_lines) {
      safe += "\\n";
    } else if (IsHarmful(c) && c != '\n') {
      safe += c < 0x100 ? fmt::format("\\x{:02x}", c) : fmt::format("\\u{{{:x}}}", c);
    } else {
      safe += piece;
    }
  });
  return safe;
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  ForEachCharacter(text, [&](UChar32 c, std::string_view) { width += CharacterWidth(c); });
  return width;
}

std::string Truncate(std::string_view text, size_t columns) {
  if (DisplayWidth(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  return std::string(text.substr(0, PrefixBytes(text, columns - 1))).append(kEllipsis);
}

std::string TruncateFront(std::string_view text, size_t columns) {
  size_t width = DisplayWidth(text);
  if (width <= columns) return std::string(text);
  if (columns == 0) return "";
  std::string kept(kEllipsis);
  ForEachCharacter(text, [&](UChar32 c, std::string_view piece) {
    if (width <= columns - 1) kept += piece;
    width -= CharacterWidth(c) * (width > columns - 1 ? 1 : 0);
  });
  return kept;
}

std::string TruncateMiddle(std::string_view text, size_t columns) {
  if (DisplayWidth(text) <= columns) return std::string(text);
  const size_t front = PrefixBytes(text, (columns - std::min<size_t>(columns, 1)) / 3);
  const size_t rest = columns - std::min(columns, DisplayWidth(text.substr(0, front)));
  return std::string(text.substr(0, front)) + TruncateFront(text.substr(front), rest);
}

size_t PrefixBytes(std::string_view text, size_t columns) {
  size_t bytes = 0;
  size_t width = 0;
  bool full = false;
  ForEachCharacter(text, [&](UChar32 c, std::string_view piece) {
    width += CharacterWidth(c);
    full = full || width > columns;
    bytes += full ? 0 : piece.size();
  });
  return bytes;
}

std::string FormatBytes(uint64_t bytes) { return HumanBytes(bytes); }

std::string FormatSeconds(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  if (seconds < 9.995) return fmt::format("{:.2f} s", seconds);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  auto whole = static_cast<uint64_t>(std::min(seconds, 1e15) + 0.5);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string FormatTime(const google::protobuf::Timestamp& time) { return FormatTimestamp(time, "{:%Y-%m-%d %H:%M}"); }

std::string FormatTimeRfc3339(const google::protobuf::Timestamp& time) {
  return FormatTimestamp(time, "{:%Y-%m-%dT%H:%M:%SZ}");
}

std::string Count(uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

}  // namespace plumb::cli
