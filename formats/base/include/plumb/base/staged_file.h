// A large file that is written out of sight and gets its name when it is whole.
#ifndef PLUMB_BASE_STAGED_FILE_H_
#define PLUMB_BASE_STAGED_FILE_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/file.h"

namespace plumb {

// For files that do not fit in memory; small ones have WriteFileAtomically. Until Publish there is nothing under the
// path. The bytes lie in a file without a name, which the kernel removes whatever ends the process; where the file
// system has no such files they lie beside the path, in a file with a name of its own that the destructor removes.
class StagedFile {
 public:
  // A file of `size_bytes` zeros, to be put at `path`, whose folder must exist. Its room is reserved: a full disk
  // (ErrorClass::kLocalStorage) is noticed here where the file system can tell.
  static absl::StatusOr<StagedFile> Create(const std::string& path, uint64_t size_bytes);

  StagedFile(StagedFile&&) noexcept = default;
  StagedFile& operator=(StagedFile&&) = delete;
  ~StagedFile();

  // May be called from several threads, for ranges that do not overlap.
  absl::Status Write(std::span<const uint8_t> bytes, uint64_t offset) const;
  // The open file, for reading back.
  int fd() const { return fd_.get(); }

  // Makes everything durable and gives the file its name. What stood under it is replaced at once, or, unless
  // `replace`, ALREADY_EXISTS. To be called once.
  absl::Status Publish(bool replace);

 private:
  StagedFile(std::string path, std::string temporary, UniqueFd fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}
  absl::Status GiveName(bool replace);

  std::string path_;
  std::string temporary_;  // Empty for a file without a name.
  UniqueFd fd_;
};

}  // namespace plumb

#endif  // PLUMB_BASE_STAGED_FILE_H_
