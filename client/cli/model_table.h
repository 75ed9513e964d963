// Models as `list` and `search` print them.
#ifndef PLUMB_CLIENT_CLI_MODEL_TABLE_H_
#define PLUMB_CLIENT_CLI_MODEL_TABLE_H_

#include <string>
#include <vector>

#include "client/cli/output.h"
#include "plumb/v1/catalogue.pb.h"

namespace plumb::cli {

// A table, or {"models": [...]}. With `words` also where each of them was found.
void PrintModels(Output& output, const std::vector<v1::Model>& models, const std::vector<std::string>& words = {});

// What of `model` holds one of `words`: `name`, `title`, `task`, ...; in that order, each once.
std::vector<std::string> MatchedFields(const v1::Model& model, const std::vector<std::string>& words);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_MODEL_TABLE_H_
