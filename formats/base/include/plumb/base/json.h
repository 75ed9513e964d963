// JSON from strangers: RFC 8259, read strictly.
#ifndef PLUMB_BASE_JSON_H_
#define PLUMB_BASE_JSON_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace plumb {

// A key that an object has twice: an error, for two readers must not see two documents; or, in what other tools read
// and only describe, the last one, as nearly every reader takes it.
enum class RepeatedKeys { kRefused, kLastHolds };

// Parses one document. Unlike nlohmann::json::parse it refuses repeated keys unless
// told to take the last, nesting deeper than limits::kJsonDepthMax and
// invalid UTF-8, and it does not throw. INVALID_ARGUMENT names `what` and the position.
// The result may take a multiple of the text's size; bound the text before calling.
absl::StatusOr<nlohmann::json> ParseJson(std::string_view text, std::string_view what,
                                         RepeatedKeys repeated = RepeatedKeys::kRefused);

}  // namespace plumb

#endif  // PLUMB_BASE_JSON_H_
