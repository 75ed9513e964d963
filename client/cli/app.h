// The program `plumb`: everything but main.
#ifndef PLUMB_CLIENT_CLI_APP_H_
#define PLUMB_CLIENT_CLI_APP_H_

#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "client/cli/command.h"
#include "client/cli/environment.h"
#include "client/cli/settings.h"

namespace plumb::cli {

// All commands and global flags. `flags` and `action` are set by parsing and
// must outlive the result.
std::unique_ptr<CLI::App> MakeApp(GlobalFlags* flags, Action* action);

// Runs one call; `arguments` without the program's name. Returns the exit code.
int RunApp(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_APP_H_
