#include "client/cli/interrupt.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>

#include "client/cli/exit_code.h"

namespace plumb::cli {
namespace {

std::atomic<Cancellation*> current_cancellation{nullptr};
std::atomic<const termios*> terminal_settings{nullptr};
static_assert(std::atomic<Cancellation*>::is_always_lock_free, "the signal handler needs it");

std::atomic<bool> says_json{false};

constexpr char kText[] = "\nError: interrupted\n";
constexpr char kJson[] = "{\"error\":\"interrupted\",\"code\":130,\"detail\":{\"status\":\"CANCELLED\"}}\n";

// A timer does the rest: what does not look at the wish to stop is ended without being asked.
void EndSoon() {
  itimerval soon{};
  soon.it_value.tv_sec = 1;
  soon.it_value.tv_usec = 500'000;
  setitimer(ITIMER_REAL, &soon, nullptr);
}

// Only async-signal-safe calls.
void OnSignal(int signal) {
  Cancellation* cancellation = current_cancellation.load();
  if (signal != SIGALRM && cancellation != nullptr && !cancellation->cancelled()) {
    cancellation->Cancel();
    EndSoon();
    return;
  }
  bool json = says_json.load();
  [[maybe_unused]] ssize_t written =
      json ? write(STDERR_FILENO, kJson, sizeof kJson - 1) : write(STDERR_FILENO, kText, sizeof kText - 1);
  if (const termios* settings = terminal_settings.load()) tcsetattr(STDIN_FILENO, TCSANOW, settings);
  _exit(kInterrupted);
}

}  // namespace

void InstallInterruptHandler() {
  struct sigaction action {};
  action.sa_handler = OnSignal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGALRM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

void InterruptSays(bool json) { says_json.store(json); }

void InterruptCancels(Cancellation* cancellation) { current_cancellation.store(cancellation); }

void RestoreTerminalOnInterrupt(const termios* settings) { terminal_settings.store(settings); }

}  // namespace plumb::cli
