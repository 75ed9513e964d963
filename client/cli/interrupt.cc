#include "client/cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "client/cli/exit_code.h"

namespace plumb::cli {
namespace {

std::atomic<Cancellation*> current_cancellation{nullptr};
std::atomic<const termios*> terminal_settings{nullptr};
static_assert(std::atomic<Cancellation*>::is_always_lock_free, "the signal handler needs it");

// Only async-signal-safe calls.
void OnSignal(int /*signal*/) {
  Cancellation* cancellation = current_cancellation.load();
  if (cancellation != nullptr && !cancellation->cancelled()) {
    cancellation->Cancel();
    return;
  }
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
  signal(SIGPIPE, SIG_IGN);
}

void InterruptCancels(Cancellation* cancellation) { current_cancellation.store(cancellation); }

void RestoreTerminalOnInterrupt(const termios* settings) { terminal_settings.store(settings); }

}  // namespace plumb::cli
