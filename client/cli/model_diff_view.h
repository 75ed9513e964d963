// A comparison of two models, for people and for programs.
#ifndef PLUMB_CLIENT_CLI_MODEL_DIFF_VIEW_H_
#define PLUMB_CLIENT_CLI_MODEL_DIFF_VIEW_H_

#include "client/cli/json.h"
#include "client/cli/output.h"
#include "plumb/client/model_diff.h"

namespace plumb::cli {

// Both sides, the pairs, what is on one side alone, the verdict. Pairs that differ in the number of their layer alone
// and came out alike are one entry, unless `each`.
void PrintModelDiff(Output& output, const ModelDiff& diff, bool each);

// docs/cli.md has the keys.
Json ModelDiffJson(const ModelDiff& diff);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_MODEL_DIFF_VIEW_H_
