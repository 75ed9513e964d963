// Bytes that can be read at any place: a mapped file, a piece of memory, a remote file by ranges.
//
// Readers of containers take these instead of paths, so that a file that lies elsewhere can be described by reading
// its header alone.
#ifndef PLUMB_BASE_BYTE_SOURCE_H_
#define PLUMB_BASE_BYTE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/base/file.h"

namespace plumb {

// Immutable bytes of a known number. Implementations are thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  virtual uint64_t Size() const = 0;
  // Fills `out` with the bytes from `offset` on. OUT_OF_RANGE when the source ends before; other errors are the
  // implementation's own (network, decompression).
  virtual absl::Status Read(uint64_t offset, std::span<uint8_t> out) const = 0;
  // All bytes, valid as long as the source, when they lie in memory or are mapped; else empty.
  virtual std::span<const uint8_t> Mapped() const { return {}; }
  // A hint for readers ahead: having read the byte at `offset`, those up to here cost nothing more. The end where it
  // makes no difference.
  virtual uint64_t CheapEnd(uint64_t offset) const;
  // Bytes [begin, end) will not be needed again soon.
  virtual void Release(uint64_t begin, uint64_t end) const;
};

// A mapped file. The descriptor may be closed afterwards; `name` is for messages.
absl::StatusOr<std::shared_ptr<const ByteSource>> MapByteSource(int fd, std::string_view name);
// Bytes in memory, owned by the source.
std::shared_ptr<const ByteSource> MemoryByteSource(std::string bytes);

// OUT_OF_RANGE unless [offset, offset + count) lies within a source of `size` bytes.
absl::Status CheckWithin(uint64_t offset, uint64_t count, uint64_t size);

// Files under names, as a container with several files finds its other parts. Implementations are thread-safe.
class ByteFolder {
 public:
  virtual ~ByteFolder() = default;
  // `path` is relative with `/` between parts. NOT_FOUND when there is none; INVALID_ARGUMENT for a path that
  // ValidateRelativePath refuses and for what is no regular file.
  virtual absl::StatusOr<std::shared_ptr<const ByteSource>> Open(std::string_view path) const = 0;
};

// The files of a directory, mapped. Borrows `directory`.
class DirectoryByteFolder : public ByteFolder {
 public:
  explicit DirectoryByteFolder(const Directory* directory) : directory_(directory) {}
  absl::StatusOr<std::shared_ptr<const ByteSource>> Open(std::string_view path) const override;

 private:
  const Directory* directory_;
};

// Reads a source mostly forwards without asking for every few bytes: borrows mapped bytes, else keeps a window that
// grows from 64 KiB to 1 MiB as reading goes on, as long as that is cheap. Not thread-safe.
class ByteWindow {
 public:
  // Borrows `source`.
  explicit ByteWindow(const ByteSource& source) : source_(source) {}

  // Bytes [offset, offset + count), valid until the next call. OUT_OF_RANGE when they are not all there: nothing is
  // allocated then. For a source that is not mapped memory of `count` bytes is needed; bound it before.
  absl::StatusOr<std::span<const uint8_t>> At(uint64_t offset, uint64_t count);
  uint64_t size() const { return source_.Size(); }

 private:
  const ByteSource& source_;
  std::vector<uint8_t> window_;
  uint64_t begin_ = 0;  // Where the window lies.
  uint64_t next_bytes_ = 64u << 10;
};

}  // namespace plumb

#endif  // PLUMB_BASE_BYTE_SOURCE_H_
