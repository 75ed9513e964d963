// JSON that keeps its keys in the order they were set.
#ifndef PLUMB_CLIENT_CLI_JSON_H_
#define PLUMB_CLIENT_CLI_JSON_H_

#include <string>

#include "nlohmann/json.hpp"

namespace plumb::cli {

using Json = nlohmann::ordered_json;

// `value` in ASCII (safe on any terminal); bytes that are not UTF-8 become
// U+FFFD, numbers that JSON cannot hold become null. Over several lines when
// `pretty`.
std::string DumpJson(const Json& value, bool pretty);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_JSON_H_
