// What the injected file layer shares between its parts.
#ifndef PLUMB_TESTS_FAULTS_FAULTS_H_
#define PLUMB_TESTS_FAULTS_FAULTS_H_

#include <cstdint>
#include <string>

namespace plumb::faults {

// What happens at the chosen operation.
enum class Mode : uint64_t { kCount = 0, kEio = 1, kEnospc = 2, kStop = 3 };

// Shared with the test through a mapped file (environment variable PLUMB_FAULTS_CONTROL); little-endian.
struct Control {
  uint64_t count;    // Operations so far.
  uint64_t fail_at;  // The operation, from 1, at which `mode` happens.
  Mode mode;
  uint64_t fired;  // 1 once it happened.
};

// The exit status of a process that was stopped.
inline constexpr int kStoppedStatus = 137;

// Absolute form of a path below an open folder, or below the working directory for AT_FDCWD.
std::string Absolute(int folder, const char* path);
class UndoLog;
// What has to be taken back when the process is stopped. Call while holding Lock().
UndoLog& Undo();
// The path of an open file.
std::string PathOf(int fd);
// Whether the path is below the watched folder (PLUMB_FAULTS_ROOT).
bool IsWatched(const std::string& path);

// Counts an operation on `path`. 0 to go on with it, or the error it must return. Does not return when the process is
// to stop. Call while holding Lock().
int Enter(const char* operation, const std::string& path);

// One operation at a time, so that what has to be undone is known exactly.
class Lock {
 public:
  Lock();
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
};

}  // namespace plumb::faults

#endif  // PLUMB_TESTS_FAULTS_FAULTS_H_
