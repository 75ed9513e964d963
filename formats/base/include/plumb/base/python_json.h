// JSON as Python programs write it: config.json and its like.
#ifndef PLUMB_BASE_PYTHON_JSON_H_
#define PLUMB_BASE_PYTHON_JSON_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace plumb {

// As ParseJson, and as strict. But Python's `json` writes numbers that JSON has no spelling for as bare NaN, Infinity
// and -Infinity, and reads them: here they come as the texts "NaN", "Infinity" and "-Infinity", so that whoever asks
// for a number does not get one. INVALID_ARGUMENT names `what` and the position.
absl::StatusOr<nlohmann::json> ParsePythonJson(std::string_view text, std::string_view what);

}  // namespace plumb

#endif  // PLUMB_BASE_PYTHON_JSON_H_
