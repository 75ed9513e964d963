// `plumb admin token`.
#ifndef PLUMB_CLIENT_CLI_COMMAND_ADMIN_TOKEN_H_
#define PLUMB_CLIENT_CLI_COMMAND_ADMIN_TOKEN_H_

#include "client/cli/command.h"

namespace plumb::cli {

void RegisterAdminToken(Command& admin, Action* action);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_COMMAND_ADMIN_TOKEN_H_
