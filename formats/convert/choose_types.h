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

// What becomes of one tensor.
struct ChosenType {
  DType dtype = DType::kF32;
  bool fell_back = false;  // Its rows do not fit the type that was asked for.
  std::string why_not;     // The target cannot hold it: as UnreadableTensor::why; empty for most.
};

// Parallel to the source's tensors; floats among `float32` become F32 in any case. INVALID_ARGUMENT when the target
// does not have the type, and (ErrorClass::kPolicy) when it is a block type and no tensor of the source fits it.
absl::StatusOr<std::vector<ChosenType>> ChooseTypes(const TensorSource& source, const TargetFormat& target,
                                                    std::optional<DType> wanted, const std::set<std::string>& float32);

// The type as --dtype has it: `bf16`, `q4_k`.
std::string FlagOf(DType dtype);

}  // namespace plumb

#endif  // PLUMB_FORMATS_CONVERT_CHOOSE_TYPES_H_
