#include "formats/hdf5/helper/lockdown.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "plumb/base/limits.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PLUMB_SANITIZED 1
#else
#define PLUMB_SANITIZED 0
#endif

namespace plumb::hdf5 {
namespace {

// Runs `act` in a child of its own behind the filter; its result is the exit code.
[[noreturn]] void Behind(const std::function<int()>& act) {
  LimitResources();
  if (!AllowOnlyComputing()) _exit(77);
  _exit(act());
}

bool HasFilter() { return access("/proc/sys/kernel/seccomp/actions_avail", R_OK) == 0; }

class LockdownTest : public testing::Test {
 protected:
  void SetUp() override {
    if (PLUMB_SANITIZED) GTEST_SKIP() << "sanitizers need more memory and system calls than are left";
    if (!HasFilter()) GTEST_SKIP() << "the kernel has no seccomp";
  }
};

TEST_F(LockdownTest, ComputingGoesOn) {
  EXPECT_EXIT(Behind([] {
                volatile char* memory = static_cast<char*>(std::malloc(8 << 20));
                memory[0] = 1;
                std::free(const_cast<char*>(memory));
                return write(2, "", 0) == 0 ? 0 : 1;
              }),
              testing::ExitedWithCode(0), "");
}

TEST_F(LockdownTest, FilesCannotBeOpened) {
  EXPECT_EXIT(Behind([] { return open("/dev/null", O_RDONLY) < 0 ? 0 : 1; }), testing::ExitedWithCode(0), "");
}

TEST_F(LockdownTest, MemoryIsLimited) {
  EXPECT_EXIT(Behind([] {
                return mmap(nullptr, limits::kHdf5MemoryBytesMax, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                               MAP_FAILED
                           ? 0
                           : 1;
              }),
              testing::ExitedWithCode(0), "");
}

TEST_F(LockdownTest, EverythingElseEndsIt) {
  const auto killed = testing::KilledBySignal(SIGSYS);
  EXPECT_EXIT(Behind([] { return socket(AF_INET, SOCK_STREAM, 0); }), killed, "");
  EXPECT_EXIT(Behind([] { return static_cast<int>(fork()); }), killed, "");
  EXPECT_EXIT(Behind([] { return execl("/bin/true", "true", nullptr); }), killed, "");
  EXPECT_EXIT(Behind([] { return kill(getppid(), 0); }), killed, "");
  EXPECT_EXIT(Behind([] { return unlink("/none"); }), killed, "");
  EXPECT_EXIT(Behind([] { return static_cast<int>(syscall(SYS_ptrace, 0, 0, 0, 0)); }), killed, "");
  EXPECT_EXIT(Behind([] {
                mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                return 0;
              }),
              killed, "");
}

}  // namespace
}  // namespace plumb::hdf5
