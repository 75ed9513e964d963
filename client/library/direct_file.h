// Writing large pieces of a file past the page cache.
#ifndef PLUMB_CLIENT_LIBRARY_DIRECT_FILE_H_
#define PLUMB_CLIENT_LIBRARY_DIRECT_FILE_H_

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "plumb/base/file.h"

namespace plumb {

// Writes to an open file of known size. Whole blocks go to the disk directly (O_DIRECT), which costs a tenth of the CPU
// time that the page cache does; the rest, and everything where the file system cannot, goes the usual way, with
// write-back begun at once. Write may be called from several threads for ranges that do not overlap.
class DirectFile {
 public:
  // Takes the file, open for reading and writing. `name` is for messages.
  DirectFile(UniqueFd fd, uint64_t file_bytes, std::string_view name);

  // Pays when the address of `bytes` has the position in its block that `offset` has.
  absl::Status Write(std::span<const uint8_t> bytes, uint64_t offset);
  // Makes everything written durable.
  absl::Status Sync() const;
  int fd() const { return fd_.get(); }
  absl::Status Close();

 private:
  absl::Status WriteBuffered(std::span<const uint8_t> bytes, uint64_t offset) const;

  UniqueFd fd_;
  UniqueFd direct_;
  std::string name_;
  std::atomic<bool> use_direct_{false};
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_DIRECT_FILE_H_
