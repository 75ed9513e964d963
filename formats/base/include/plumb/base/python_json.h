// JSON as Python programs write it: config.json and its like.
#ifndef PLUMB_BASE_PYTHON_JSON_H_
#define PLUMB_BASE_PYTHON_JSON_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "plumb/base/json.h"

namespace plumb {

// As ParseJson, but for two things that Python's `json` does. Of a key that an object has twice the last holds, unless
// told otherwise. And numbers that JSON has no spelling for are bare NaN, Infinity and -Infinity: here they come as the
// texts "NaN", "Infinity" and "-Infinity", so that whoever asks for a number does not get one. INVALID_ARGUMENT names
// `what` and the position.
absl::StatusOr<nlohmann::json> ParsePythonJson(std::string_view text, std::string_view what,
                                               RepeatedKeys repeated = RepeatedKeys::kLastHolds);

}  // namespace plumb

#endif  // PLUMB_BASE_PYTHON_JSON_H_
