// The failed system call behind an error.
#ifndef PLUMB_BASE_ERRNO_OF_H_
#define PLUMB_BASE_ERRNO_OF_H_

#include "absl/status/status.h"

namespace plumb {

// The errno that ErrnoStatus made `status` of; 0 when no system call failed. Stays on this machine: it is no part of
// what a server answers.
int ErrnoOf(const absl::Status& status);

// A failed system call counts as this machine's storage at fault: gives `status` ErrorClass::kLocalStorage when a
// system call failed and no class is attached. For work of which every path is one to write to.
absl::Status AsLocalStorage(absl::Status status);

}  // namespace plumb

#endif  // PLUMB_BASE_ERRNO_OF_H_
