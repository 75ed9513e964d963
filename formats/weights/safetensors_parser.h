// The JSON of a safetensors header, read as a stream: no document is built.
#ifndef PLUMB_FORMATS_WEIGHTS_SAFETENSORS_PARSER_H_
#define PLUMB_FORMATS_WEIGHTS_SAFETENSORS_PARSER_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/quote.h"
#include "plumb/weights/safetensors.h"

namespace plumb {

// Why a tensor without a name is not given, whose type is known all the same.
inline constexpr std::string_view kEmptyName = "has an empty name";

// What the JSON says, in its order. Fields have the right types and are all there; nothing is known
// yet about sizes, ranges, or tensor names that occur twice.
struct SafetensorsJson {
  // `begin` and `end` count from the start of the tensor data.
  std::vector<TensorInfo> tensors;
  std::map<std::string, std::string> metadata;
  // Of tensors that cannot be given: why, by name. The element type of those is none of ours.
  std::map<std::string, std::string> unreadable;
  std::vector<std::string> notes;
};

// What a person should hear of a header that Parse takes: what it passes over, tensors that cannot be given.
std::vector<std::string> NotesOnSafetensorsJson(std::string_view json);

// Parses the header's bytes, without the length before them. INVALID_ARGUMENT names the position and rule.
absl::StatusOr<SafetensorsJson> ParseSafetensorsJson(std::string_view json);

}  // namespace plumb

#endif  // PLUMB_FORMATS_WEIGHTS_SAFETENSORS_PARSER_H_
