#include "formats/hdf5/find_helper.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"

namespace plumb::hdf5 {

absl::StatusOr<std::string> FindHelper() {
  std::vector<std::string> places;
  if (const char* stated = std::getenv("PLUMB_HDF5_HELPER"); stated != nullptr) {
    places.emplace_back(stated);
  } else {
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) places.push_back((self.parent_path().parent_path() / "libexec/plumb/plumb-hdf5").string());
    places.emplace_back(PLUMB_HDF5_INSTALLED);
    places.emplace_back(PLUMB_HDF5_BUILT);
  }
  for (const std::string& place : places) {
    if (access(place.c_str(), X_OK) == 0) return place;
  }
  return FailedPrecondition(fmt::format("HDF5 is read by the program plumb-hdf5, which is not there: looked for {}",
                                        fmt::join(places, ", ")));
}

}  // namespace plumb::hdf5
