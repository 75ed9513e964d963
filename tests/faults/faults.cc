#include "tests/faults/faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mutex>

#include "tests/faults/real_calls.h"
#include "tests/faults/undo_log.h"

namespace plumb::faults {
namespace {

struct State {
  std::mutex mutex;
  std::string root;
  Control* control = nullptr;
  int trace = -1;
  UndoLog log;
};

Control* MapControl() {
  const char* path = ::getenv("PLUMB_FAULTS_CONTROL");
  int fd = path == nullptr ? -1 : Real().open(path, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) return nullptr;
  void* mapped = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  return mapped == MAP_FAILED ? nullptr : static_cast<Control*>(mapped);
}

// Never destroyed: files are written until the process is gone.
State& Shared() {
  static State* const state = [] {
    auto* made = new State;
    made->control = MapControl();
    if (const char* root = ::getenv("PLUMB_FAULTS_ROOT")) made->root = std::string(root) + "/";
    if (const char* trace = ::getenv("PLUMB_FAULTS_TRACE")) {
      made->trace = Real().open(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    return made;
  }();
  return *state;
}

template <typename Call>
void Find(const char* name, Call* call) {
  *call = reinterpret_cast<Call>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

const RealCalls& Real() {
  static const RealCalls calls = [] {
    RealCalls found;
    Find("open", &found.open);
    Find("openat", &found.openat);
    Find("write", &found.write);
    Find("writev", &found.writev);
    Find("pwrite", &found.pwrite);
    Find("pwritev", &found.pwritev);
    Find("ftruncate", &found.ftruncate);
    Find("fallocate", &found.fallocate);
    Find("fsync", &found.fsync);
    Find("fdatasync", &found.fdatasync);
    Find("rename", &found.rename);
    Find("unlink", &found.unlink);
    Find("link", &found.link);
    Find("mkdir", &found.mkdir);
    return found;
  }();
  return calls;
}

std::string PathOf(int fd) {
  char path[PATH_MAX];
  std::string self = "/proc/self/fd/" + std::to_string(fd);
  ssize_t size = ::readlink(self.c_str(), path, sizeof path);
  return size > 0 ? std::string(path, static_cast<size_t>(size)) : "";
}

std::string Absolute(int folder, const char* path) {
  if (path == nullptr || path[0] == '/') return path == nullptr ? "" : path;
  if (folder != AT_FDCWD) return PathOf(folder) + "/" + path;
  char working[PATH_MAX];
  return ::getcwd(working, sizeof working) == nullptr ? path : std::string(working) + "/" + path;
}

bool IsWatched(const std::string& path) {
  State& state = Shared();
  return state.control != nullptr && path.starts_with(state.root);
}

int Enter(const char* operation, const std::string& path) {
  State& state = Shared();
  Control& control = *state.control;
  uint64_t number = ++control.count;
  if (state.trace >= 0) {
    std::string line = std::to_string(number) + " " + operation + " " + path.substr(state.root.size()) + "\n";
    [[maybe_unused]] ssize_t ignored = Real().write(state.trace, line.data(), line.size());
  }
  if (number != control.fail_at || control.mode == Mode::kCount) return 0;
  control.fired = 1;
  if (control.mode == Mode::kEio) return EIO;
  if (control.mode == Mode::kEnospc) return ENOSPC;
  state.log.TakeBack();
  ::_exit(kStoppedStatus);
}

Lock::Lock() { Shared().mutex.lock(); }
Lock::~Lock() { Shared().mutex.unlock(); }

UndoLog& Undo() { return Shared().log; }

}  // namespace plumb::faults
