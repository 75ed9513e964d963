// --help and Usage: lines.
#ifndef PLUMB_CLIENT_CLI_HELP_H_
#define PLUMB_CLIENT_CLI_HELP_H_

#include <cstddef>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"

namespace plumb::cli {

// `plumb pull [flags] REF [DIR]`.
std::string UsageLine(const CLI::App& command);

// `plumb pull --help`.
std::string HelpCommand(const CLI::App& command);

// All there is to say about a command; for the root, the overview of all
// commands. In lines of at most `width`, and of no more than 100.
std::string HelpText(const CLI::App& command, size_t width);

// The command that the call reached, `root` itself when none.
const CLI::App& DeepestParsed(const CLI::App& root);

// Names of the commands right below, other names included.
std::vector<std::string> CommandNames(const CLI::App& command);

// `--name` of every flag that `command` takes, those of the commands above
// included.
std::vector<std::string> FlagNames(const CLI::App& command);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_HELP_H_
