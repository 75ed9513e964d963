#include "client/cli/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

constexpr size_t kPrintedBytesMax = 64 << 20;
constexpr int kWatchMilliseconds = 100;  // How often the wish to stop is looked at.

// A pipe whose ends no other program inherits.
struct Pipe {
  UniqueFd read;
  UniqueFd write;

  static absl::StatusOr<Pipe> Make() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return Internal(fmt::format("make a pipe: {}", std::strerror(errno)));
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  }
};

// The environment with variables replaced or added.
std::vector<std::string> EnvironmentWith(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> lines;
  for (char** line = environ; *line != nullptr; ++line) {
    const std::string text = *line;
    if (!variables.contains(text.substr(0, text.find('=')))) lines.push_back(text);
  }
  for (const auto& [name, value] : variables) lines.push_back(fmt::format("{}={}", name, value));
  return lines;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

absl::StatusOr<pid_t> Start(const std::vector<std::string>& arguments,
                            const std::map<std::string, std::string>& variables, const Pipe& out, const Pipe& err) {
  constexpr char kThisProgram[] = "/proc/self/exe";
  std::vector<std::string> words = {"plumb"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = EnvironmentWith(variables);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write.get(), STDERR_FILENO);
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, kThisProgram, &actions, nullptr, Pointers(words).data(), Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return Internal(fmt::format("start this program once more: {}", std::strerror(failed)));
  return child;
}

// Appends what a stream has; false at its end.
bool ReadSome(int fd, std::string& text) {
  std::array<char, 1 << 16> room;
  const ssize_t got = read(fd, room.data(), room.size());
  if (got > 0) text.append(room.data(), static_cast<size_t>(got));
  return got > 0 || (got < 0 && errno == EINTR);
}

// Reads both streams until they end.
absl::Status ReadBoth(const Pipe& out, const Pipe& err, const Cancellation& cancellation, ChildOutcome& outcome) {
  std::array<pollfd, 2> watched = {pollfd{out.read.get(), POLLIN, 0}, pollfd{err.read.get(), POLLIN, 0}};
  while (watched[0].fd >= 0 || watched[1].fd >= 0) {
    if (cancellation.cancelled()) return absl::CancelledError("interrupted");
    if (outcome.out.size() + outcome.err.size() > kPrintedBytesMax) {
      return absl::ResourceExhaustedError("the process that was started prints without end");
    }
    if (poll(watched.data(), watched.size(), kWatchMilliseconds) <= 0) continue;
    if (watched[0].revents != 0 && !ReadSome(watched[0].fd, outcome.out)) watched[0].fd = -1;
    if (watched[1].revents != 0 && !ReadSome(watched[1].fd, outcome.err)) watched[1].fd = -1;
  }
  return absl::OkStatus();
}

}  // namespace

std::string ChildOutcome::Ending() const {
  if (signal == 0) return fmt::format("exit code {}", exit_code);
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? fmt::format("signal {}", name) : fmt::format("signal {}", signal);
}

absl::StatusOr<ChildOutcome> RunThisProgram(const std::vector<std::string>& arguments,
                                            const std::map<std::string, std::string>& variables,
                                            const Cancellation& cancellation) {
  PLUMB_ASSIGN_OR_RETURN(Pipe out, Pipe::Make());
  PLUMB_ASSIGN_OR_RETURN(Pipe err, Pipe::Make());
  PLUMB_ASSIGN_OR_RETURN(pid_t child, Start(arguments, variables, out, err));
  out.write = UniqueFd();
  err.write = UniqueFd();
  ChildOutcome outcome;
  const absl::Status status = ReadBoth(out, err, cancellation, outcome);
  if (!status.ok()) kill(child, SIGKILL);
  int ending = 0;
  while (waitpid(child, &ending, 0) < 0 && errno == EINTR) {
  }
  PLUMB_RETURN_IF_ERROR(status);
  if (WIFSIGNALED(ending)) outcome.signal = WTERMSIG(ending);
  if (WIFEXITED(ending)) outcome.exit_code = WEXITSTATUS(ending);
  return outcome;
}

}  // namespace plumb::cli
