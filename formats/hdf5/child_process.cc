#include "formats/hdf5/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>

#include "fmt/format.h"
#include "formats/hdf5/protocol.h"
#include "plumb/base/status.h"

namespace plumb::hdf5 {
namespace {

// What the program starts with, freed at the end.
class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }

  // The result is the first error, or 0.
  int Fill(int socket) {
    int error = posix_spawn_file_actions_adddup2(&actions, socket, kSocket);
    for (int fd : {1, 2}) {
      if (error == 0) error = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
    }
    if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    // A group of its own, so that an interrupt at the terminal is ours to handle; no signal blocked or ignored.
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    const int flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (error == 0) error = posix_spawnattr_setflags(&attributes, static_cast<short>(flags));
    if (error == 0) error = posix_spawnattr_setpgroup(&attributes, 0);
    if (error == 0) error = posix_spawnattr_setsigmask(&attributes, &none);
    if (error == 0) error = posix_spawnattr_setsigdefault(&attributes, &all);
    return error;
  }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const std::vector<std::string>& command,
                                                                  double seconds_max) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return ErrnoStatus(errno, "make a socket pair");
  UniqueFd ours(ends[0]), theirs(ends[1]);
  SpawnSettings settings;
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  // libhdf5 takes plugins, drivers and debugging from the environment.
  char no_plugins[] = "HDF5_PLUGIN_PRELOAD=::";
  char* environment[] = {no_plugins, nullptr};
  pid_t pid = -1;
  int error = settings.Fill(theirs.get());
  if (error == 0) {
    error =
        posix_spawn(&pid, command[0].c_str(), &settings.actions, &settings.attributes, arguments.data(), environment);
  }
  if (error != 0) return FailedPrecondition(fmt::format("start {}: {}", command[0], std::strerror(error)));
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, std::move(ours), seconds_max));
}

ChildProcess::~ChildProcess() {
  if (!reaped_) kill(pid_, SIGKILL);
  Reap();
}

void ChildProcess::Reap() {
  while (!reaped_) {
    const pid_t result = waitpid(pid_, &wait_status_, 0);
    // Where children are reaped by somebody else, there is nothing to wait for.
    reaped_ = result == pid_ || (result < 0 && errno != EINTR);
  }
}

absl::Status ChildProcess::Ended() {
  // Its end of the socket is closed. A program that is ending anyway keeps its exit status over this.
  if (!reaped_) kill(pid_, SIGKILL);
  Reap();
  if (WIFSIGNALED(wait_status_)) {
    const int signal = WTERMSIG(wait_status_);
    return absl::AbortedError(fmt::format("it was ended by signal {} ({})", signal, strsignal(signal)));
  }
  return absl::AbortedError(fmt::format("it ended too early, with exit code {}", WEXITSTATUS(wait_status_)));
}

absl::Status ChildProcess::Await(short events) {
  while (true) {
    if (seconds_left_ <= 0) return absl::DeadlineExceededError("its time is up");
    pollfd wait = {socket_.get(), events, 0};
    const auto begin = std::chrono::steady_clock::now();
    const int ready = poll(&wait, 1, static_cast<int>(std::ceil(std::min(seconds_left_, 3600.0) * 1000)));
    seconds_left_ -= std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return ErrnoStatus(errno, "wait for the process");
  }
}

absl::Status ChildProcess::Send(std::span<const uint8_t> data) {
  while (!data.empty()) {
    const ssize_t count = send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      data = data.subspan(static_cast<size_t>(count));
    } else if (errno == EAGAIN) {
      PLUMB_RETURN_IF_ERROR(Await(POLLOUT));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return Ended();
    } else if (errno != EINTR) {
      return ErrnoStatus(errno, "send to the process");
    }
  }
  return absl::OkStatus();
}

absl::Status ChildProcess::Receive(std::span<uint8_t> out) {
  while (!out.empty()) {
    const ssize_t count = recv(socket_.get(), out.data(), out.size(), MSG_DONTWAIT);
    if (count > 0) {
      out = out.subspan(static_cast<size_t>(count));
    } else if (count == 0 || errno == ECONNRESET) {
      return Ended();
    } else if (errno == EAGAIN) {
      PLUMB_RETURN_IF_ERROR(Await(POLLIN));
    } else if (errno != EINTR) {
      return ErrnoStatus(errno, "receive from the process");
    }
  }
  return absl::OkStatus();
}

}  // namespace plumb::hdf5
