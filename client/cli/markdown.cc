#include "client/cli/markdown.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "client/cli/text.h"
#include "client/cli/wrap.h"

namespace plumb::cli {
namespace {

constexpr std::string_view kSpaces = " \t\r";
// Bytes of a link or a tag; what is longer is taken for text, so that no card costs more than its length.
constexpr size_t kSpanBytesMax = 500;

std::string_view Trim(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(kSpaces), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kSpaces) + 1);
}

bool IsFence(std::string_view line) { return line.starts_with("```") || line.starts_with("~~~"); }

// `---`, `***`: a line across the page; under text, a heading.
bool IsRule(std::string_view line) {
  return line.size() >= 3 && (line.find_first_not_of('-') == line.npos || line.find_first_not_of('=') == line.npos ||
                              line.find_first_not_of('*') == line.npos);
}

// Columns of the mark of a list item with the space after it; 0 for another line.
size_t ItemMark(std::string_view line) {
  if (line.starts_with("- ") || line.starts_with("* ") || line.starts_with("+ ")) return 2;
  const size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  const std::string_view after = line.substr(digits);
  return digits > 0 && digits < 4 && (after.starts_with(". ") || after.starts_with(") ")) ? digits + 2 : 0;
}

// `[text](address)` at the start of `rest`, `![text](address)` likewise: what is shown for it, and how long it was.
struct Link {
  std::string shown;
  size_t size = 0;  // 0: there is none.
};

Link LinkAt(std::string_view rest, bool inner = false) {
  rest = rest.substr(0, kSpanBytesMax);
  const bool picture = rest.starts_with("![");
  if (!picture && !rest.starts_with('[')) return {};
  const size_t begin = picture ? 2 : 1;
  size_t end = begin;
  for (int depth = 1; end < rest.size(); ++end) {
    depth += rest[end] == '[' ? 1 : rest[end] == ']' ? -1 : 0;
    if (depth == 0) break;
  }
  if (rest.substr(end, 2) != "](") return {};
  const size_t close = rest.find(')', end);
  if (close == rest.npos) return {};
  std::string text(rest.substr(begin, end - begin));
  const std::string address(rest.substr(end + 2, close - end - 2));
  if (picture) return {.shown = text.empty() ? "" : "[picture: " + text + "]", .size = close + 1};
  // A badge: a picture with a link.
  const Link badge = inner ? Link() : LinkAt(text, /*inner=*/true);
  if (badge.size > 0 && badge.size == text.size()) text = badge.shown;
  const bool local = address.starts_with('#') || address == text;
  return {.shown = local || address.empty() ? text : text + " <" + address + ">", .size = close + 1};
}

// A tag or an address between angle brackets at the start of `rest`: how long it is, 0 for none.
size_t TagSize(std::string_view rest) {
  rest = rest.substr(0, kSpanBytesMax);
  if (rest.size() < 3 || rest[0] != '<') return 0;
  const bool name = std::isalpha(static_cast<unsigned char>(rest[1])) != 0 || rest[1] == '/' || rest[1] == '!';
  const size_t end = rest.find('>');
  return name && end != rest.npos ? end + 1 : 0;
}

// A line without the marks that say how it looks.
std::string PlainLine(std::string_view line) {
  std::string plain;
  while (!line.empty()) {
    size_t taken = 1;
    if (line[0] == '\\' && line.size() > 1 && std::ispunct(static_cast<unsigned char>(line[1])) != 0) {
      plain += line[1];
      taken = 2;
    } else if (line[0] == '`') {
      const size_t end = line.find('`', 1);
      taken = end == line.npos ? 1 : end + 1;
      plain += line.substr(0, taken);
    } else if (line.starts_with("**") || line.starts_with("__")) {
      taken = 2;
    } else if (const Link link = LinkAt(line); link.size > 0) {
      plain += PlainLine(link.shown.substr(0, link.shown.rfind(" <")));
      if (const size_t address = link.shown.rfind(" <"); address != link.shown.npos)
        plain += link.shown.substr(address);
      taken = link.size;
    } else if (const size_t tag = TagSize(line); tag > 0) {
      const std::string_view inside = line.substr(1, tag - 2);
      if (inside.find("://") != inside.npos && inside.find(' ') == inside.npos) plain += inside;
      taken = tag;
    } else {
      plain += line[0] == '\t' ? ' ' : line[0];
    }
    line.remove_prefix(taken);
  }
  return plain;
}

// `text` without HTML comments.
std::string WithoutComments(std::string_view text) {
  std::string rest;
  while (true) {
    const size_t begin = text.find("<!--");
    rest += text.substr(0, begin);
    if (begin == text.npos) return rest;
    const size_t end = text.find("-->", begin);
    if (end == text.npos) return rest;
    text.remove_prefix(end + 3);
  }
}

class Renderer {
 public:
  explicit Renderer(size_t width) : width_(width) {}

  void Line(std::string_view raw) {
    if (!raw.empty() && raw.back() == '\r') raw.remove_suffix(1);
    const std::string_view line = Trim(raw);
    if (IsFence(line)) {
      EndParagraph();
      in_code_ = !in_code_;
    } else if (in_code_ || line.starts_with('|')) {
      EndParagraph();
      Add(std::string(in_code_ ? raw : line), Colour::kNone);
    } else if (line.empty()) {
      EndParagraph();
      if (!lines_.empty() && !lines_.back().text.empty()) Add("", Colour::kNone);
    } else if (line.starts_with('#')) {
      EndParagraph();
      Heading(Trim(line.substr(std::min(line.find_first_not_of('#'), line.size()))));
    } else if (IsRule(line)) {
      const bool heading = !paragraph_.empty() && hang_ == 0;
      if (heading) Heading(std::exchange(paragraph_, ""));
      EndParagraph();
    } else {
      Words(raw, line);
    }
  }

  std::vector<StyledText> Finish() {
    EndParagraph();
    while (!lines_.empty() && lines_.back().text.empty()) lines_.pop_back();
    return std::move(lines_);
  }

 private:
  void Add(std::string text, Colour colour) {
    for (size_t at = text.find('\t'); at != text.npos; at = text.find('\t', at)) text.replace(at, 1, "    ");
    lines_.push_back({Sanitise(text, /*keep_lines=*/true), colour});
  }

  void Heading(std::string_view text) {
    if (!lines_.empty() && !lines_.back().text.empty()) Add("", Colour::kNone);
    Add(WrapText(Sanitise(PlainLine(text)), width_, 0), Colour::kBold);
  }

  // Part of a paragraph, or the start of a list item, which keeps its indentation.
  void Words(std::string_view raw, std::string_view line) {
    const size_t mark = ItemMark(line);
    const bool quoted = line.starts_with('>');
    if (mark > 0) EndParagraph();
    if (quoted) line = Trim(line.substr(1));
    const std::string plain = PlainLine(line);
    // A line of tags alone.
    if (Trim(plain).empty()) return;
    if (paragraph_.empty()) {
      const size_t indent = mark > 0 ? std::min(raw.find_first_not_of(kSpaces), raw.size()) : quoted ? 2 : 0;
      paragraph_ = std::string(indent, ' ') + std::string(Trim(plain));
      hang_ = mark;
    } else {
      paragraph_ += " " + std::string(Trim(plain));
    }
    // Two spaces, or a backslash, at the end of a line break it.
    if (raw.ends_with("  ") || raw.ends_with('\\')) EndParagraph();
  }

  void EndParagraph() {
    if (!paragraph_.empty()) Add(WrapText(Sanitise(paragraph_), width_, hang_), Colour::kNone);
    paragraph_.clear();
    hang_ = 0;
  }

  const size_t width_;
  std::vector<StyledText> lines_;
  std::string paragraph_;
  size_t hang_ = 0;
  bool in_code_ = false;
};

}  // namespace

std::vector<StyledText> RenderMarkdown(std::string_view markdown, size_t width) {
  const std::string text = WithoutComments(markdown);
  Renderer renderer(width);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    renderer.Line(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
  }
  return renderer.Finish();
}

}  // namespace plumb::cli
