// What a reader says of a description that it does not know the meaning of.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_NOT_UNDERSTOOD_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_NOT_UNDERSTOOD_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace plumb {

// UNIMPLEMENTED. It says nothing against what is described: another program may understand it.
inline absl::Status NotUnderstood(std::string_view why) { return absl::UnimplementedError(std::string(why)); }

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_NOT_UNDERSTOOD_H_
