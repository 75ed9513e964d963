// plumbd, the registry.
#include <malloc.h>
#include <pthread.h>
#include <signal.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "plumb/base/status.h"
#include "registry/server/flags.h"
#include "registry/server/request_log.h"
#include "registry/server/server.h"
#include "spdlog/sinks/stdout_color_sinks.h"
#include "spdlog/spdlog.h"

namespace {

// The exit codes of every program of Plumb.
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kLocalStorage = 8;

int ExitCode(const absl::Status& status) {
  switch (plumb::ErrorClassOf(status)) {
    case plumb::ErrorClass::kUsage:
      return kUsage;
    case plumb::ErrorClass::kLocalStorage:
      return kLocalStorage;
    default:
      return kFailed;
  }
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "Error: %s\n", std::string(plumb::Message(status)).c_str());
  if (plumb::ErrorClassOf(status) == plumb::ErrorClass::kUsage) {
    std::fprintf(stderr, "Usage: plumbd --data DIR [--listen HOST:PORT]\n");
  }
  return ExitCode(status);
}

// Threads inherit the mask, so the signals wait for sigwait below whichever thread they reach.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

// Returns the signal that ends the server. SIGHUP has it read its certificate anew.
int WaitForTheEnd(const sigset_t& signals, plumb::Server* server) {
  while (true) {
    int received = 0;
    sigwait(&signals, &received);
    if (received != SIGHUP) return received;
    absl::Status reloaded = server->ReloadCertificate();
    if (reloaded.ok()) {
      spdlog::info("SIGHUP: the certificate was looked at again");
    } else {
      spdlog::error("SIGHUP: the certificate in use stays: {}", plumb::Message(reloaded));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  absl::StatusOr<plumb::Flags> flags = plumb::ParseFlags(std::vector<std::string>(argv + 1, argv + argc));
  if (!flags.ok()) return Fail(flags.status());
  if (!flags->text.empty()) return std::fputs(flags->text.c_str(), stdout) < 0 ? kFailed : 0;
  // Many threads each keeping a heap of its own would hold memory that nobody uses.
  mallopt(M_ARENA_MAX, 4);
  // Frames come and go by the thousand: to give their memory back, and have it cleared anew, costs as much as reading
  // them.
  mallopt(M_MMAP_THRESHOLD, 8 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
  spdlog::set_default_logger(spdlog::stderr_color_mt("plumbd"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  plumb::TakeOverTransportLog();
  spdlog::set_level(spdlog::level::from_str(flags->log_level));
  sigset_t signals = BlockSignals();
  absl::StatusOr<std::unique_ptr<plumb::Server>> server = plumb::Server::New(flags->options);
  if (!server.ok()) return Fail(server.status());
  std::printf("plumbd ready on %s\n", (*server)->address().c_str());
  std::fflush(stdout);
  spdlog::info("stopping on signal {}", WaitForTheEnd(signals, server->get()));
  (*server)->Shutdown();
  return 0;
}
