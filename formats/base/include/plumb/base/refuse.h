// What a reader of foreign bytes says of those it does not accept.
#ifndef PLUMB_BASE_REFUSE_H_
#define PLUMB_BASE_REFUSE_H_

#include <string>
#include <utility>

#include "plumb/base/status.h"

namespace plumb {

// INVALID_ARGUMENT of ErrorClass::kPolicy: the file breaks a rule, named by `why`.
inline absl::Status RefusedFile(std::string why) {
  return WithErrorClass(InvalidArgument(std::move(why)), ErrorClass::kPolicy);
}

// A file of a newer (or very old) kind than this Plumb knows: nothing is said against it.
inline absl::Status NotUnderstoodFile(std::string why) {
  return WithErrorClass(absl::UnimplementedError(std::move(why)), ErrorClass::kPolicy);
}

// A file that ends before what it is said to hold, or that its own checksum contradicts: it is not all there.
inline absl::Status DamagedFile(std::string why) {
  return WithErrorClass(DataLoss(std::move(why)), ErrorClass::kPolicy);
}

}  // namespace plumb

#endif  // PLUMB_BASE_REFUSE_H_
