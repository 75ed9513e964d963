// "Did you mean ...?"
#ifndef PLUMB_CLIENT_CLI_SUGGEST_H_
#define PLUMB_CLIENT_CLI_SUGGEST_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plumb::cli {

// Insertions, deletions, replacements and swaps of neighbours that turn `a`
// into `b`.
size_t EditDistance(std::string_view a, std::string_view b);

// The name closest to `word`, or empty when none is close: at most a third of
// its letters, at least one, may be wrong. A name that `word` starts counts as
// close. The first of several equally close ones.
std::string Nearest(std::string_view word, const std::vector<std::string>& names);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_SUGGEST_H_
