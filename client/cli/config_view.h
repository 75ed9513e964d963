// Changes of configuration files as people and programs read them.
#ifndef PLUMB_CLIENT_CLI_CONFIG_VIEW_H_
#define PLUMB_CLIENT_CLI_CONFIG_VIEW_H_

#include <string>
#include <vector>

#include "client/cli/json.h"
#include "client/cli/table.h"
#include "plumb/client/config_diff.h"

namespace plumb::cli {

// A line for each change, under `CONFIG`, `a_title` and `b_title`.
Table ConfigTable(const std::vector<ConfigChange>& changes, const std::string& a_title, const std::string& b_title);
// [{"path","key","kind","a","b","remark"}]: kind is `added`, `removed` or `changed`; values are those of the file.
Json ConfigJson(const std::vector<ConfigChange>& changes);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_CONFIG_VIEW_H_
