// The folder that a server owns.
#ifndef PLUMB_REGISTRY_STORAGE_DATA_DIRECTORY_H_
#define PLUMB_REGISTRY_STORAGE_DATA_DIRECTORY_H_

#include <string>

#include "absl/status/statusor.h"
#include "plumb/base/file.h"

namespace plumb {

// A data folder held by this process alone, as long as the object lives. The lock is the
// kernel's (flock), so a killed server leaves none behind.
class DataDirectory {
 public:
  // Makes the folder (mode 0700) when missing and locks it. FAILED_PRECONDITION
  // (ErrorClass::kLocalStorage) naming the process when another one holds it.
  static absl::StatusOr<DataDirectory> Open(const std::string& path);

  const std::string& path() const { return path_; }
  // `path()/name`.
  std::string Join(std::string_view name) const;

 private:
  DataDirectory(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  UniqueFd lock_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_DATA_DIRECTORY_H_
