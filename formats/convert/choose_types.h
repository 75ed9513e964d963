// Which type each tensor gets.
#ifndef PLUMB_FORMATS_CONVERT_CHOOSE_TYPES_H_
#define PLUMB_FORMATS_CONVERT_CHOOSE_TYPES_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "formats/convert/target.h"

namespace plumb {

// Parallel to the source's tensors; floats among `float32` become F32 in any case. INVALID_ARGUMENT names the first
// tensor that the target cannot hold, and what to ask for instead.
absl::StatusOr<std::vector<DType>> ChooseTypes(const TensorSource& source, const TargetFormat& target,
                                               std::optional<DType> wanted, const std::set<std::string>& float32);

// The type as --dtype has it: `bf16`, `q4_k`.
std::string FlagOf(DType dtype);

}  // namespace plumb

#endif  // PLUMB_FORMATS_CONVERT_CHOOSE_TYPES_H_
