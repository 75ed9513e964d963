// Runs ONNX's backend test suite, as Debian packages it (libonnx-testdata), and counts.
//
//   onnx_suite [--root DIR] [--backend NAME] [--passed-min N] [--skipped FILE] [--only TEXT] [--write FILE]
//
// Each case runs in a process of its own with a time limit, so that a crash or a hang is one failure. Exit status: 77
// when the package is not there, 1 when fewer than N cases pass, one crashes, or the skipped cases and their reasons
// are not those of FILE.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
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

[[noreturn]] void RunInChild(const std::string& folder, const Backend& backend, int out) {
  alarm(kCaseSecondsMax);
  const rlimit memory = {kCaseMemoryMax, kCaseMemoryMax};
  setrlimit(RLIMIT_AS, &memory);
  const CaseOutcome result = RunCase(folder, backend);
  const std::string line =
      fmt::format("{} {} {} {}", static_cast<int>(result.outcome), result.cost, result.native_cost, result.reason);
  const ssize_t written = write(out, line.data(), line.size());
  _exit(written == static_cast<ssize_t>(line.size()) ? 0 : 1);
}

// The child's result; a failure that says so when it died. `crashed` tells that.
CaseOutcome RunApart(const std::string& folder, const Backend& backend, bool* crashed) {
  int ends[2];
  if (pipe(ends) != 0) return {Outcome::kFail, "no pipe"};
  const pid_t child = fork();
  if (child == 0) RunInChild(folder, backend, ends[1]);
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  *crashed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
  if (*crashed) {
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return {Outcome::kFail, signal == SIGALRM ? "hangs" : fmt::format("dies of signal {}", signal)};
  }
  CaseOutcome result;
  int outcome = 0;
  int read = 0;
  std::sscanf(text.c_str(), "%d %lf %lf %n", &outcome, &result.cost, &result.native_cost, &read);
  result.outcome = static_cast<Outcome>(outcome);
  result.reason = text.substr(std::min<size_t>(static_cast<size_t>(read), text.size()));
  return result;
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

std::vector<std::string> CasesOf(const std::string& folder) {
  std::vector<std::string> cases;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (std::filesystem::exists(entry.path() / "model.onnx")) cases.push_back(entry.path());
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
  if (absl::Status available = (*backend)->Available(); !available.ok()) {
    fmt::print("{}: {}\n", options.backend, Message(available));
    return 77;
  }
  Totals all;
  std::vector<std::string> skipped;
  for (const char* folder : {"node", "pytorch-converted", "pytorch-operator", "simple"}) {
    Totals totals;
    for (const std::string& path : CasesOf(options.root + "/" + folder)) {
      const std::string name = fmt::format("{}/{}", folder, std::filesystem::path(path).filename().string());
      if (name.find(options.only) == name.npos) continue;
      bool crashed = false;
      const CaseOutcome result = RunApart(path, **backend, &crashed);
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
