#include "formats/hdf5/helper/lockdown.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "plumb/base/limits.h"

namespace plumb::hdf5 {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kArchitecture = 0;
#endif

constexpr uint32_t kAllowed[] = {
    SYS_read,         SYS_write,   SYS_munmap,       SYS_mremap,    SYS_brk,
    SYS_madvise,      SYS_exit,    SYS_exit_group,   SYS_futex,     SYS_clock_gettime,
    SYS_gettimeofday, SYS_sysinfo, SYS_rt_sigreturn, SYS_getrandom, SYS_restart_syscall,
#ifdef SYS_time
    SYS_time,
#endif
};

// What libhdf5 tries and gets along without: it sleeps after a wrong checksum.
constexpr uint32_t kDenied[] = {
    SYS_openat, SYS_newfstatat, SYS_fstat,  SYS_getcwd, SYS_nanosleep, SYS_clock_nanosleep,
#ifdef SYS_open
    SYS_open,   SYS_stat,       SYS_access,
#endif
};

void Limit(__rlimit_resource resource, uint64_t value) {
  const rlimit limit = {value, value};
  setrlimit(resource, &limit);
}

sock_filter Load(size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)); }
sock_filter Return(uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }

// Returns `action` when the loaded value is `value`.
void ReturnIf(std::vector<sock_filter>& program, uint32_t value, uint32_t action) {
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
  program.push_back(Return(action));
}

// Memory that can be run is refused: system calls that make it return here with the protection as third argument.
void AllowUnlessExecutable(std::vector<sock_filter>& program, uint32_t call) {
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4));
  program.push_back(Load(offsetof(seccomp_data, args) + 2 * sizeof(uint64_t)));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
  program.push_back(Return(SECCOMP_RET_KILL_PROCESS));
  program.push_back(Return(SECCOMP_RET_ALLOW));
}

}  // namespace

void LimitResources() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_FSIZE, 0);
  Limit(RLIMIT_NPROC, 0);
  Limit(RLIMIT_NOFILE, 0);
  // The second that is left over is for the signal that says which limit it was.
  const rlimit seconds = {limits::kHdf5CpuSecondsMax, limits::kHdf5CpuSecondsMax + 1};
  setrlimit(RLIMIT_CPU, &seconds);
  Limit(RLIMIT_AS, limits::kHdf5MemoryBytesMax);
}

bool AllowOnlyComputing() {
  if (kArchitecture == 0) return false;
  std::vector<sock_filter> program = {Load(offsetof(seccomp_data, arch))};
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
  program.push_back(Return(SECCOMP_RET_KILL_PROCESS));
  program.push_back(Load(offsetof(seccomp_data, nr)));
  for (uint32_t call : kAllowed) ReturnIf(program, call, SECCOMP_RET_ALLOW);
  for (uint32_t call : kDenied) ReturnIf(program, call, SECCOMP_RET_ERRNO | EACCES);
  for (uint32_t call : {SYS_mmap, SYS_mprotect}) AllowUnlessExecutable(program, call);
  program.push_back(Return(SECCOMP_RET_KILL_PROCESS));
  const sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

}  // namespace plumb::hdf5
