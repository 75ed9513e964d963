#include "client/cli/wrap.h"

#include <algorithm>
#include <utility>

#include "client/cli/text.h"

namespace plumb::cli {
namespace {

constexpr std::string_view kDigestPrefix = "sha256:";
constexpr size_t kDigestDigits = 64;
// No line is planned shorter than this, however narrow the terminal.
constexpr size_t kColumnsMin = 8;
constexpr size_t kCommandHang = 4;

bool IsDigest(std::string_view word) {
  return word.starts_with(kDigestPrefix) && word.size() >= kDigestPrefix.size() + kDigestDigits;
}

// How many bytes of `word`, which is wider than `columns`, stay on the line.
size_t BreakAt(std::string_view word, size_t columns) {
  const size_t half = kDigestPrefix.size() + kDigestDigits / 2;
  if (IsDigest(word) && columns >= half) return half;
  const std::string_view fits = word.substr(0, PrefixBytes(word, columns));
  const size_t place = fits.find_last_of("/,;=");
  if (place != fits.npos && place >= fits.size() / 2) return place + 1;
  return fits.empty() ? PrefixBytes(word, 2) : fits.size();
}

// The next word of `*rest` with the spaces before it, taken off.
std::pair<std::string_view, std::string_view> TakeWord(std::string_view* rest) {
  const size_t begin = std::min(rest->find_first_not_of(' '), rest->size());
  const size_t end = std::min(rest->find(' ', begin), rest->size());
  std::pair<std::string_view, std::string_view> taken(rest->substr(0, begin), rest->substr(begin, end - begin));
  rest->remove_prefix(end);
  return taken;
}

size_t Room(size_t width, size_t indent) { return std::max(width - std::min(width, indent), kColumnsMin); }

}  // namespace

std::vector<std::string> WrapWords(std::string_view text, size_t columns, size_t first) {
  size_t room = first == 0 ? columns : first;
  if (columns == 0 || DisplayWidth(text) <= room) return {std::string(text)};
  std::vector<std::string> lines(1);
  size_t used = 0;
  auto next_line = [&] {
    lines.emplace_back();
    room = columns;
    used = 0;
  };
  while (!text.empty()) {
    auto [spaces, word] = TakeWord(&text);
    size_t width = DisplayWidth(word);
    if (used > 0 && used + spaces.size() + width > room) {
      next_line();
    } else if (used > 0) {
      lines.back() += spaces;
      used += spaces.size();
    }
    if (width > room && width <= columns) next_line();
    for (; width > room; width = DisplayWidth(word)) {
      const size_t kept = BreakAt(word, room);
      lines.back() += word.substr(0, kept);
      word.remove_prefix(kept);
      next_line();
    }
    lines.back() += word;
    used += width;
  }
  return lines;
}

size_t LongestWord(std::string_view text) {
  size_t longest = 0;
  while (!text.empty()) longest = std::max(longest, DisplayWidth(TakeWord(&text).second));
  return longest;
}

std::string WrapText(std::string_view text, size_t width, size_t hang, size_t taken) {
  if (width == 0) return std::string(text);
  std::string wrapped;
  while (true) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const size_t indent = std::min(line.find_first_not_of(' '), line.size());
    const size_t further = indent + hang;
    const std::vector<std::string> lines =
        WrapWords(line.substr(indent), Room(width, further), Room(width, indent + taken));
    wrapped.append(indent, ' ');
    for (size_t i = 0; i < lines.size(); ++i) {
      if (i > 0) wrapped.append("\n").append(further, ' ');
      wrapped += lines[i];
    }
    if (end == text.size()) return wrapped;
    wrapped += '\n';
    text.remove_prefix(end + 1);
    taken = 0;
  }
}

std::string WrapCommand(std::string_view command, size_t width, size_t taken) {
  if (width == 0 || DisplayWidth(command) + taken <= width) return std::string(command);
  const std::vector<std::string> lines = WrapWords(command, Room(width, kCommandHang + 2), Room(width, taken + 2));
  std::string wrapped;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) wrapped.append(" \\\n").append(kCommandHang, ' ');
    wrapped += lines[i];
  }
  return wrapped;
}

}  // namespace plumb::cli
