// The variables by which people ask every program for text without colours.
#ifndef PLUMB_CLIENT_CLI_NO_COLOR_H_
#define PLUMB_CLIENT_CLI_NO_COLOR_H_

#include "client/cli/settings.h"

namespace plumb::cli {

// Whether NO_COLOR (not empty) or CLICOLOR=0 is set.
inline bool NoColourWanted(const VariableLookup& variable) {
  return !variable("NO_COLOR").value_or("").empty() || variable("CLICOLOR") == "0";
}

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_NO_COLOR_H_
