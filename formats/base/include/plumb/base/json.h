// JSON from strangers: RFC 8259, read strictly.
#ifndef PLUMB_BASE_JSON_H_
#define PLUMB_BASE_JSON_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace plumb {

// Parses one document. Unlike nlohmann::json::parse it refuses duplicate keys (two readers
// must not see two different documents), nesting deeper than limits::kJsonDepthMax and
// invalid UTF-8, and it does not throw. INVALID_ARGUMENT names `what` and the position.
// The result may take a multiple of the text's size; bound the text before calling.
absl::StatusOr<nlohmann::json> ParseJson(std::string_view text, std::string_view what);

}  // namespace plumb

#endif  // PLUMB_BASE_JSON_H_
