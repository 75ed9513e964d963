// What `plumb pull` prints.
#ifndef PLUMB_CLIENT_CLI_PULL_VIEW_H_
#define PLUMB_CLIENT_CLI_PULL_VIEW_H_

#include <string>

#include "client/cli/json.h"
#include "client/cli/output.h"
#include "plumb/client/pull.h"

namespace plumb::cli {

Json PullJson(const PullResult& result, double seconds);
void PrintPull(Output& output, const PullResult& result, const std::string& folder, double seconds);

Json ForecastJson(const PullForecast& forecast);
void PrintForecast(Output& output, const PullForecast& forecast, const std::string& folder);

// Warns of a yank, and of files of another release that were kept; notes what was removed.
void RemarkOnPull(Output& output, const PullResult& result);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_PULL_VIEW_H_
