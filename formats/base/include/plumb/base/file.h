// Open files: ownership, exact reads and writes, mapping, durable replacement.
#ifndef PLUMB_BASE_FILE_H_
#define PLUMB_BASE_FILE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace plumb {

// Owns a file descriptor and closes it. Movable. Not thread-safe to move; the descriptor
// itself may be used from several threads with PreadExactly and PwriteAll.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  // Closes now; the result tells whether the kernel reported a late write error.
  absl::Status Close();

 private:
  int fd_ = -1;
};

// A whole file mapped read-only. The bytes stay valid as long as this object. A file that
// another process shortens meanwhile raises SIGBUS on access: map only files that are
// not being written. Thread-safe.
class MappedFile {
 public:
  // Maps what `fd` holds; the descriptor may be closed afterwards. An empty file maps to an empty span.
  static absl::StatusOr<MappedFile> FromFd(int fd, std::string_view name);
  static absl::StatusOr<MappedFile> Open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const uint8_t> bytes() const { return bytes_; }
  // Tells the kernel that bytes [begin, end) will not be needed again soon, so that their pages can go.
  void Release(uint64_t begin, uint64_t end) const;

 private:
  explicit MappedFile(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  std::span<const uint8_t> bytes_;
};

// Fills `out` from position `offset`. OUT_OF_RANGE when the file ends before. `name` is for messages.
absl::Status PreadExactly(int fd, std::span<uint8_t> out, uint64_t offset, std::string_view name);

// Writes all of `data` at position `offset`.
absl::Status PwriteAll(int fd, std::span<const uint8_t> data, uint64_t offset, std::string_view name);

// Size of an open file.
absl::StatusOr<uint64_t> FileSize(int fd, std::string_view name);

// Opens an ordinary path for reading. NOT_FOUND when there is none; INVALID_ARGUMENT for
// anything but a regular file.
absl::StatusOr<UniqueFd> OpenForReading(const std::string& path);

// The whole file at `path`. OUT_OF_RANGE when it is larger than `bytes_max`.
absl::StatusOr<std::string> ReadFile(const std::string& path, uint64_t bytes_max);

// Replaces the file at `path` by `data`, durably and all at once: a reader, or a machine
// that loses power, sees the old content or the new. The folder must exist.
absl::Status WriteFileAtomically(const std::string& path, std::string_view data, unsigned mode = 0644);

// Makes `path` and its missing parents. OK when it is there already.
absl::Status MakeDirectories(const std::string& path, unsigned mode = 0755);

// Makes the names in a folder durable.
absl::Status SyncDirectory(const std::string& path);

// Views of the same bytes.
inline std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view AsText(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace plumb

#endif  // PLUMB_BASE_FILE_H_
