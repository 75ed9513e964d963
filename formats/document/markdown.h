// The little of Markdown that a catalogue needs.
#ifndef PLUMB_FORMATS_DOCUMENT_MARKDOWN_H_
#define PLUMB_FORMATS_DOCUMENT_MARKDOWN_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace plumb {

struct MarkdownSummary {
  std::string title;        // The first `# ` heading; empty when there is none.
  std::string description;  // The first paragraph of prose after it, on one line.
};

// Finds title and first paragraph of `body`, skipping code fences, HTML, tables, lists,
// quotes and lines that only show images. `description_bytes_max` bounds the description.
MarkdownSummary SummariseMarkdown(std::string_view body, size_t description_bytes_max);

// Cuts the first line off `*rest` and returns it without its end of line (`\n` or `\r\n`).
std::string_view TakeLine(std::string_view* rest);

// `text` without the spaces and tabs around it.
std::string_view Trim(std::string_view text);

}  // namespace plumb

#endif  // PLUMB_FORMATS_DOCUMENT_MARKDOWN_H_
