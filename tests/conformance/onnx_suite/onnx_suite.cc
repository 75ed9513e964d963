// Runs ONNX's backend test suite, as Debian packages it (libonnx-testdata), and counts.
//
//   onnx_suite [--root DIR] [--backend NAME] [--passed-min N] [--skipped FILE] [--only TEXT] [--write FILE]
//
// The cases run in a process apart, each with a time limit; after a crash or a hang the next case starts another
// process, so that it is one failure. Exit status: 77 when the package is not there, 1 when fewer than N cases pass,
// one crashes, or the skipped cases and their reasons are not those of FILE.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "tests/conformance/onnx_suite/suite_case.h"

namespace plumb::suite {
namespace {

constexpr unsigned kCaseSecondsMax = 60;
constexpr rlim_t kCaseMemoryMax = rlim_t{8} << 30;

struct Options {
  std::string root = "/usr/share/libonnx-testdata/data";
  std::string backend = "reference";
  std::string skipped;
  std::string only;
  std::string write;
  int passed_min = 0;
};

struct Totals {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  int crashed = 0;
  double cost = 0;
  double native_cost = 0;
};

// What a case's line says; a case whose process died has none.
struct Reply {
  CaseOutcome result;
  bool crashed = false;
};

std::string LineOf(const CaseOutcome& result) {
  std::string reason = result.reason;
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  return fmt::format("{} {} {} {}\n", static_cast<int>(result.outcome), result.cost, result.native_cost, reason);
}

CaseOutcome ResultOf(const std::string& line) {
  CaseOutcome result;
  int outcome = 0;
  int read = 0;
  std::sscanf(line.c_str(), "%d %lf %lf %n", &outcome, &result.cost, &result.native_cost, &read);
  result.outcome = static_cast<Outcome>(outcome);
  result.reason = line.substr(std::min<size_t>(static_cast<size_t>(read), line.size()));
  return result;
}

// Runs the cases in order and writes a line for each: a backend that compiles kernels does so once.
[[noreturn]] void RunAll(std::span<const std::string> folders, const Backend& backend, int out) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // Their shadows are terabytes of address space.
  const rlimit memory = {kCaseMemoryMax, kCaseMemoryMax};
  setrlimit(RLIMIT_AS, &memory);
#endif
  for (const std::string& folder : folders) {
    alarm(kCaseSecondsMax);
    const std::string line = LineOf(RunCase(folder, backend));
    if (write(out, line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(1);
  }
  _exit(0);
}

// Replies of the cases that one process gets through; the last one tells of the crash that ended it.
std::vector<Reply> RunApart(std::span<const std::string> folders, const Backend& backend) {
  int ends[2];
  if (pipe(ends) != 0) return {{{Outcome::kFail, "no pipe"}, true}};
  const pid_t child = fork();
  if (child == 0) RunAll(folders, backend, ends[1]);
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  std::vector<Reply> replies;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) replies.push_back({ResultOf(line)});
  if (replies.size() < folders.size()) {
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    replies.push_back({{Outcome::kFail, signal == SIGALRM ? "hangs" : fmt::format("dies of signal {}", signal)}, true});
  }
  return replies;
}

// Every case's reply. A process that dies is followed by another for the cases that are left.
std::vector<Reply> RunCases(std::span<const std::string> folders, const Backend& backend) {
  std::vector<Reply> replies;
  while (replies.size() < folders.size()) {
    for (Reply& reply : RunApart(folders.subspan(replies.size()), backend)) replies.push_back(std::move(reply));
  }
  return replies;
}

// In a process of its own too: threads that a driver starts would not follow into the others.
bool IsAvailable(const Backend& backend) {
  const pid_t child = fork();
  if (child == 0) {
    const absl::Status available = backend.Available();
    if (!available.ok()) fmt::print(stderr, "{}: {}\n", backend.name(), Message(available));
    _exit(available.ok() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void Count(const CaseOutcome& result, bool crashed, Totals& totals) {
  totals.passed += result.outcome == Outcome::kPass;
  totals.failed += result.outcome == Outcome::kFail;
  totals.skipped += result.outcome == Outcome::kSkip;
  totals.crashed += crashed;
  totals.cost += result.cost;
  totals.native_cost += result.native_cost;
}

std::string Show(const Totals& totals) {
  return fmt::format("{} of {} pass, {} fail ({} crash or hang), {} skipped", totals.passed,
                     totals.passed + totals.failed + totals.skipped, totals.failed, totals.crashed, totals.skipped);
}

// Those whose path below the root has `only` in it.
std::vector<std::string> CasesOf(const std::string& folder, const std::string& only) {
  std::vector<std::string> cases;
  const std::string group = std::filesystem::path(folder).filename().string();
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = group + "/" + entry.path().filename().string();
    const bool wanted = name.find(only) != std::string::npos;
    if (wanted && std::filesystem::exists(entry.path() / "model.onnx")) cases.push_back(entry.path());
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

bool ReadOptions(int argc, char** argv, Options& options) {
  const std::map<std::string, std::string*> texts = {{"--root", &options.root},
                                                     {"--backend", &options.backend},
                                                     {"--skipped", &options.skipped},
                                                     {"--only", &options.only},
                                                     {"--write", &options.write}};
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--passed-min") {
      options.passed_min = std::atoi(argv[i + 1]);
    } else if (auto found = texts.find(name); found != texts.end()) {
      *found->second = argv[i + 1];
    } else {
      fmt::print(stderr, "unknown option {}\n", name);
      return false;
    }
  }
  return true;
}

// Whether the skipped cases are those that the file lists.
bool SameAs(const std::string& path, const std::vector<std::string>& skipped) {
  std::ifstream file(path);
  std::vector<std::string> expected;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') expected.push_back(line);
  }
  std::vector<std::string> different;
  std::set_symmetric_difference(expected.begin(), expected.end(), skipped.begin(), skipped.end(),
                                std::back_inserter(different));
  for (const std::string& line : different) fmt::print("skipped list differs: {}\n", line);
  return different.empty();
}

int Run(const Options& options) {
  if (!std::filesystem::exists(options.root)) {
    fmt::print("{} is not there (Debian package libonnx-testdata): nothing is tested\n", options.root);
    return 77;
  }
  absl::StatusOr<const Backend*> backend = FindBackend(options.backend);
  if (!backend.ok()) return fmt::print("{}\n", Message(backend.status())), 2;
  if (!IsAvailable(**backend)) return 77;
  Totals all;
  std::vector<std::string> skipped;
  for (const char* folder : {"node", "pytorch-converted", "pytorch-operator", "simple"}) {
    Totals totals;
    const std::vector<std::string> paths = CasesOf(options.root + "/" + folder, options.only);
    const std::vector<Reply> replies = RunCases(paths, **backend);
    for (size_t i = 0; i < paths.size(); ++i) {
      const std::string name = fmt::format("{}/{}", folder, std::filesystem::path(paths[i]).filename().string());
      const auto& [result, crashed] = replies[i];
      if (result.outcome == Outcome::kNotTensors) continue;
      for (Totals* each : {&totals, &all}) Count(result, crashed, *each);
      const std::string line = fmt::format("{}: {}", name, result.reason);
      if (result.outcome == Outcome::kFail) fmt::print("FAIL {}\n", line);
      if (result.outcome == Outcome::kSkip) skipped.push_back(line);
    }
    fmt::print("{}: {}\n", folder, Show(totals));
  }
  std::sort(skipped.begin(), skipped.end());
  for (const std::string& line : skipped) fmt::print("SKIP {}\n", line);
  fmt::print("{}: {}; {:.1f} % of the arithmetic ran on the backend itself\n", options.backend, Show(all),
             all.cost > 0 ? 100 * all.native_cost / all.cost : 0);
  if (!options.write.empty()) {
    std::ofstream file(options.write);
    for (const std::string& line : skipped) file << line << "\n";
  }
  const bool same = options.skipped.empty() || SameAs(options.skipped, skipped);
  return all.passed >= options.passed_min && all.crashed == 0 && same ? 0 : 1;
}

}  // namespace
}  // namespace plumb::suite

int main(int argc, char** argv) {
  plumb::suite::Options options;
  return plumb::suite::ReadOptions(argc, argv, options) ? plumb::suite::Run(options) : 2;
}
