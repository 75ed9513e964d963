// The calls themselves, behind those that this library puts in their place.
#ifndef PLUMB_TESTS_FAULTS_REAL_CALLS_H_
#define PLUMB_TESTS_FAULTS_REAL_CALLS_H_

#include <sys/types.h>
#include <sys/uio.h>

namespace plumb::faults {

struct RealCalls {
  int (*open)(const char* path, int flags, ...);
  int (*openat)(int folder, const char* path, int flags, ...);
  ssize_t (*write)(int fd, const void* data, size_t size);
  ssize_t (*writev)(int fd, const iovec* parts, int count);
  ssize_t (*pwrite)(int fd, const void* data, size_t size, off_t offset);
  ssize_t (*pwritev)(int fd, const iovec* parts, int count, off_t offset);
  int (*ftruncate)(int fd, off_t size);
  int (*fallocate)(int fd, int mode, off_t offset, off_t size);
  int (*fsync)(int fd);
  int (*fdatasync)(int fd);
  int (*rename)(const char* from, const char* to);
  int (*unlink)(const char* path);
  int (*link)(const char* from, const char* to);
  int (*mkdir)(const char* path, mode_t mode);
};

// Looked up at the first call.
const RealCalls& Real();

}  // namespace plumb::faults

#endif  // PLUMB_TESTS_FAULTS_REAL_CALLS_H_
