// Where the program that links libhdf5 is.
#ifndef PLUMB_FORMATS_HDF5_FIND_HELPER_H_
#define PLUMB_FORMATS_HDF5_FIND_HELPER_H_

#include <string>

#include "absl/status/statusor.h"

namespace plumb::hdf5 {

// Its path. FAILED_PRECONDITION, with where it was looked for, when it is nowhere.
absl::StatusOr<std::string> FindHelper();

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_FIND_HELPER_H_
