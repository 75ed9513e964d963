// Shell completion: the shells' scripts ask the program itself.
#ifndef PLUMB_CLIENT_CLI_COMPLETION_H_
#define PLUMB_CLIENT_CLI_COMPLETION_H_

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "client/cli/environment.h"

namespace plumb::cli {

// The hidden command that the scripts call with the words so far, the last one
// unfinished.
inline constexpr const char* kCompleteCommand = "__complete";

// One way to go on.
struct Candidate {
  std::string word;
  std::string description;
};

// Commands and flags that fit after `words`. When a reference may stand there
// instead, `wants_reference` is set.
std::vector<Candidate> CompleteWords(const CLI::App& root, const std::vector<std::string>& words,
                                     bool* wants_reference);

// The reference before the last of `words` when that word is a path inside the release it names (`plumb cat REF PATH`);
// else empty.
std::string ReferenceOfPath(const std::vector<std::string>& words);

// Prints what fits, one a line, a tab before the description. References come
// from the configured registry, when it answers within a second; nothing else
// is ever said. Returns 0.
int RunComplete(const CLI::App& root, const std::vector<std::string>& words, const Environment& environment);

// The script for `bash`, `zsh` or `fish`; empty for another shell.
std::string CompletionScript(const std::string& shell);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_COMPLETION_H_
