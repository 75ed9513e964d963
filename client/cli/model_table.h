// Models as `list` and `search` print them.
#ifndef PLUMB_CLIENT_CLI_MODEL_TABLE_H_
#define PLUMB_CLIENT_CLI_MODEL_TABLE_H_

#include <vector>

#include "client/cli/output.h"
#include "plumb/v1/catalogue.pb.h"

namespace plumb::cli {

// A table, or {"models": [...]}.
void PrintModels(Output& output, const std::vector<v1::Model>& models);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_MODEL_TABLE_H_
