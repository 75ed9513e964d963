// Breaking text into lines that fit a terminal.
#ifndef PLUMB_CLIENT_CLI_WRAP_H_
#define PLUMB_CLIENT_CLI_WRAP_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plumb::cli {

// One line of sanitised `text` as lines of at most `columns`, broken at spaces; at least one. The first has
// `first` columns where that is not 0. A word that fits no line is broken where people expect it: a digest after
// `sha256:` and half of its digits, a path after a slash, else anywhere. `columns` of 0 breaks nothing.
std::vector<std::string> WrapWords(std::string_view text, size_t columns, size_t first = 0);

// Columns of the longest word of sanitised `text`.
size_t LongestWord(std::string_view text);

// Sanitised `text`, whose line feeds stay, in lines of at most `width`: what goes on in a further line begins `hang`
// columns to the right of the line it belongs to. `taken` columns of the first line are not part of the text
// (`Error: `). `width` of 0 changes nothing.
std::string WrapText(std::string_view text, size_t width, size_t hang = 2, size_t taken = 0);

// A command in lines that a shell takes as one: each but the last ends in ` \`.
std::string WrapCommand(std::string_view command, size_t width, size_t taken = 0);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_WRAP_H_
