#include "formats/document/markdown.h"

#include <cctype>

namespace plumb {
namespace {

// True for a line that cannot be part of a paragraph of prose.
bool IsBlock(std::string_view line) {
  static constexpr std::string_view kStarts[] = {"#",  "<",  "|",   ">",   "- ",  "* ",
                                                 "+ ", "![", "[![", "---", "===", "***"};
  for (const std::string_view start : kStarts) {
    if (line.starts_with(start)) return true;
  }
  size_t digits = 0;
  while (digits < line.size() && std::isdigit(static_cast<unsigned char>(line[digits]))) ++digits;
  return digits > 0 && line.substr(digits).starts_with(". ");
}

// `# Title` or `# Title #` -> `Title`; empty for another line.
std::string_view HeadingText(std::string_view line) {
  if (!line.starts_with("# ") && !line.starts_with("#\t")) return {};
  line = Trim(line.substr(1));
  size_t end = line.size();
  while (end > 0 && line[end - 1] == '#') --end;
  if (end < line.size() && (end == 0 || line[end - 1] == ' ')) line = Trim(line.substr(0, end));
  return line;
}

// Shortens `text` to `bytes_max`, at a space when one is near, never inside a character.
void Shorten(std::string* text, size_t bytes_max) {
  static constexpr std::string_view kEllipsis = "\u2026";
  if (text->size() <= bytes_max) return;
  size_t end = bytes_max - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>((*text)[end]) & 0xC0) == 0x80) --end;
  const size_t space = text->rfind(' ', end);
  if (space != std::string::npos && space > end / 2) end = space;
  text->resize(end);
  text->append(kEllipsis);
}

// Follows fences and comments from line to line.
class Skipper {
 public:
  // True when `line` is part of a code fence or an HTML comment.
  bool Skip(std::string_view line) {
    if (in_comment_) {
      in_comment_ = line.find("-->") == std::string_view::npos;
      return true;
    }
    const bool fence = line.starts_with("```") || line.starts_with("~~~");
    if (!fence_.empty()) {
      if (line.starts_with(fence_)) fence_ = {};
      return true;
    }
    if (fence) fence_ = line[0] == '`' ? "```" : "~~~";
    if (line.starts_with("<!--")) in_comment_ = line.find("-->") == std::string_view::npos;
    return fence;
  }

 private:
  std::string_view fence_;
  bool in_comment_ = false;
};

}  // namespace

std::string_view TakeLine(std::string_view* rest) {
  const size_t end = rest->find('\n');
  std::string_view line = rest->substr(0, end);
  rest->remove_prefix(end == std::string_view::npos ? rest->size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

MarkdownSummary SummariseMarkdown(std::string_view body, size_t description_bytes_max) {
  MarkdownSummary summary;
  std::string before_title;  // Prose seen before any heading; used when no prose follows one.
  std::string* paragraph = &before_title;
  bool open = false;  // Inside the paragraph that is being collected.
  Skipper skipper;
  while (!body.empty()) {
    const std::string_view line = Trim(TakeLine(&body));
    const bool skipped = skipper.Skip(line);
    const std::string_view heading = skipped ? std::string_view() : HeadingText(line);
    if (!heading.empty() && summary.title.empty()) {
      summary.title = heading;
      paragraph = &summary.description;
      open = false;
      continue;
    }
    const bool prose = !skipped && !line.empty() && !IsBlock(line);
    if (!prose) {
      if (open && paragraph == &summary.description) break;
      open = false;
    } else if (open || paragraph->empty()) {
      if (!paragraph->empty()) *paragraph += ' ';
      *paragraph += line;
      open = true;
    }
  }
  if (summary.description.empty()) summary.description = before_title;
  Shorten(&summary.description, description_bytes_max);
  Shorten(&summary.title, description_bytes_max);
  return summary;
}

}  // namespace plumb
