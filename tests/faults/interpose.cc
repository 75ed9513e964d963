// The calls that change files, counted and failed on demand (tests/e2e/faults_test.py). Preloaded into plumbd.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <string>

#include "tests/faults/faults.h"
#include "tests/faults/real_calls.h"
#include "tests/faults/undo_log.h"

#define PLUMB_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using plumb::faults::Absolute;
using plumb::faults::Enter;
using plumb::faults::IsWatched;
using plumb::faults::Lock;
using plumb::faults::PathOf;
using plumb::faults::Real;
using plumb::faults::Undo;

bool Exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

// Returns from the calling function when the operation is to fail.
#define PLUMB_ENTER(operation, path)                \
  do {                                              \
    if (int plumb_error = Enter(operation, path)) { \
      errno = plumb_error;                          \
      return -1;                                    \
    }                                               \
  } while (false)

int Open(int folder, const char* name, int flags, mode_t mode) {
  std::string path = Absolute(folder, name);
  bool writes = (flags & O_CREAT) != 0 || (flags & O_TRUNC) != 0;
  if (!writes || !IsWatched(path)) return Real().openat(folder, name, flags, mode);
  Lock lock;
  bool existed = Exists(path);
  bool cuts = existed && (flags & O_TRUNC) != 0;
  if (!existed) PLUMB_ENTER("create", path);
  if (cuts) {
    PLUMB_ENTER("truncate", path);
    Undo().BeforeTruncate(path);
  }
  int fd = Real().openat(folder, name, flags, mode);
  if (fd >= 0 && !existed) Undo().AfterCreate(path);
  return fd;
}

// `write` does it, at `offset`, or at the file's position when that is negative.
template <typename Write>
ssize_t DoWrite(int fd, size_t size, off_t offset, Write write) {
  std::string path = PathOf(fd);
  if (!IsWatched(path)) return write();
  Lock lock;
  PLUMB_ENTER("write", path);
  if (offset < 0) offset = ::lseek(fd, 0, (::fcntl(fd, F_GETFL) & O_APPEND) != 0 ? SEEK_END : SEEK_CUR);
  Undo().BeforeWrite(fd, static_cast<uint64_t>(offset), size);
  return write();
}

size_t SizeOf(const iovec* parts, int count) {
  size_t size = 0;
  for (int i = 0; i < count; ++i) size += parts[i].iov_len;
  return size;
}

template <typename Sync>
int DoSync(const char* operation, int fd, Sync sync) {
  std::string path = PathOf(fd) + "/";  // The watched folder itself counts.
  if (!IsWatched(path)) return sync();
  Lock lock;
  PLUMB_ENTER(operation, path);
  int result = sync();
  if (result == 0) Undo().Synced(fd);
  return result;
}

template <typename Resize>
int DoResize(const char* operation, int fd, off_t size, Resize resize) {
  std::string path = PathOf(fd);
  if (!IsWatched(path)) return resize();
  Lock lock;
  PLUMB_ENTER(operation, path);
  if (size >= 0) Undo().BeforeResize(fd, static_cast<uint64_t>(size));
  return resize();
}

int Rename(const std::string& from, const std::string& to) {
  if (!IsWatched(to)) return Real().rename(from.c_str(), to.c_str());
  Lock lock;
  PLUMB_ENTER("rename", to);
  Undo().BeforeRename(from, to);
  int result = Real().rename(from.c_str(), to.c_str());
  if (result == 0) Undo().AfterRename(from, to);
  return result;
}

int Unlink(const std::string& path) {
  if (!IsWatched(path) || !Exists(path)) return Real().unlink(path.c_str());
  Lock lock;
  PLUMB_ENTER("unlink", path);
  Undo().BeforeUnlink(path);
  return Real().unlink(path.c_str());
}

int Link(const std::string& from, const std::string& to) {
  if (!IsWatched(to)) return Real().link(from.c_str(), to.c_str());
  Lock lock;
  PLUMB_ENTER("link", to);
  int result = Real().link(from.c_str(), to.c_str());
  if (result == 0) Undo().AfterCreate(to);
  return result;
}

int MakeFolder(const std::string& path, mode_t mode) {
  if (!IsWatched(path + "/") || Exists(path)) return Real().mkdir(path.c_str(), mode);
  Lock lock;
  PLUMB_ENTER("mkdir", path);
  int result = Real().mkdir(path.c_str(), mode);
  if (result == 0) Undo().AfterMakeFolder(path);
  return result;
}

mode_t ModeOf(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

#define PLUMB_OPEN(name, folder, ...)       \
  PLUMB_EXPORT int name(__VA_ARGS__, ...) { \
    va_list arguments;                      \
    va_start(arguments, flags);             \
    mode_t mode = ModeOf(flags, arguments); \
    va_end(arguments);                      \
    return Open(folder, path, flags, mode); \
  }
PLUMB_OPEN(open, AT_FDCWD, const char* path, int flags)
PLUMB_OPEN(open64, AT_FDCWD, const char* path, int flags)
PLUMB_OPEN(openat, folder_fd, int folder_fd, const char* path, int flags)
PLUMB_OPEN(openat64, folder_fd, int folder_fd, const char* path, int flags)

PLUMB_EXPORT ssize_t write(int fd, const void* data, size_t size) {
  return DoWrite(fd, size, -1, [=] { return Real().write(fd, data, size); });
}
PLUMB_EXPORT ssize_t writev(int fd, const iovec* parts, int count) {
  return DoWrite(fd, SizeOf(parts, count), -1, [=] { return Real().writev(fd, parts, count); });
}
PLUMB_EXPORT ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return DoWrite(fd, size, offset, [=] { return Real().pwrite(fd, data, size, offset); });
}
PLUMB_EXPORT ssize_t pwrite64(int fd, const void* data, size_t size, off_t offset) {
  return pwrite(fd, data, size, offset);
}
PLUMB_EXPORT ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  return DoWrite(fd, SizeOf(parts, count), offset, [=] { return Real().pwritev(fd, parts, count, offset); });
}
PLUMB_EXPORT ssize_t pwritev64(int fd, const iovec* parts, int count, off_t offset) {
  return pwritev(fd, parts, count, offset);
}
PLUMB_EXPORT int fsync(int fd) {
  return DoSync("fsync", fd, [=] { return Real().fsync(fd); });
}
PLUMB_EXPORT int fdatasync(int fd) {
  return DoSync("fdatasync", fd, [=] { return Real().fdatasync(fd); });
}
PLUMB_EXPORT int ftruncate(int fd, off_t size) {
  return DoResize("ftruncate", fd, size, [=] { return Real().ftruncate(fd, size); });
}
PLUMB_EXPORT int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }
PLUMB_EXPORT int fallocate(int fd, int mode, off_t offset, off_t size) {
  bool grows = (mode & FALLOC_FL_KEEP_SIZE) == 0;
  return DoResize("fallocate", fd, grows ? offset + size : -1,
                  [=] { return Real().fallocate(fd, mode, offset, size); });
}
PLUMB_EXPORT int fallocate64(int fd, int mode, off_t offset, off_t size) { return fallocate(fd, mode, offset, size); }
PLUMB_EXPORT int rename(const char* from, const char* to) {
  return Rename(Absolute(AT_FDCWD, from), Absolute(AT_FDCWD, to));
}
PLUMB_EXPORT int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  return Rename(Absolute(from_folder, from), Absolute(to_folder, to));
}
PLUMB_EXPORT int unlink(const char* path) { return Unlink(Absolute(AT_FDCWD, path)); }
PLUMB_EXPORT int remove(const char* path) {
  std::string absolute = Absolute(AT_FDCWD, path);
  struct stat info {};
  bool is_folder = ::lstat(absolute.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
  return is_folder ? ::rmdir(path) : Unlink(absolute);
}
PLUMB_EXPORT int unlinkat(int folder, const char* path, int flags) {
  std::string absolute = Absolute(folder, path);
  return (flags & AT_REMOVEDIR) != 0 ? ::rmdir(absolute.c_str()) : Unlink(absolute);
}
PLUMB_EXPORT int link(const char* from, const char* to) {
  return Link(Absolute(AT_FDCWD, from), Absolute(AT_FDCWD, to));
}
PLUMB_EXPORT int mkdir(const char* path, mode_t mode) { return MakeFolder(Absolute(AT_FDCWD, path), mode); }
PLUMB_EXPORT int mkdirat(int folder, const char* path, mode_t mode) { return MakeFolder(Absolute(folder, path), mode); }
