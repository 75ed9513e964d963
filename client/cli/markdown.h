// Markdown as plain text for a terminal.
#ifndef PLUMB_CLIENT_CLI_MARKDOWN_H_
#define PLUMB_CLIENT_CLI_MARKDOWN_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/table.h"

namespace plumb::cli {

// One line, or several of one colour.
struct StyledText {
  std::string text;
  Colour colour = Colour::kNone;
};

// The text of `markdown`, which may come from a stranger, sanitised: headings bold, paragraphs and list items wrapped
// at words where `width` is not 0, code and tables as they stand, links with their address after them, HTML tags,
// comments and the marks of emphasis left out. Never fails: what it does not know stays as it is.
std::vector<StyledText> RenderMarkdown(std::string_view markdown, size_t width);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_MARKDOWN_H_
