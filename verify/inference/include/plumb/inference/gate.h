// Gates: the steps of the inference check, each with what it measured and what was allowed.
#ifndef PLUMB_INFERENCE_GATE_H_
#define PLUMB_INFERENCE_GATE_H_

#include <string>
#include <string_view>
#include <vector>

namespace plumb {

// What a check found out.
enum class Verdict {
  kPass,          // Agrees with the recorded outputs.
  kFail,          // Was run, and does not.
  kInconclusive,  // Ran, but nothing recorded says whether the result is right; or could not be run.
  kNotAvailable,  // The backend does not work on this machine.
};

// `pass`, `fail`, `inconclusive`, `not available`.
std::string_view VerdictName(Verdict verdict);

// Fail is worse than inconclusive, which is worse than pass.
Verdict Worse(Verdict a, Verdict b);

// Names of the gates, in the order they are passed through.
inline constexpr char kStructureGate[] = "structure";
inline constexpr char kSelfTestGate[] = "self_test";
inline constexpr char kConfigGate[] = "config_hash";
inline constexpr char kTextGate[] = "text";
inline constexpr char kCrossBackendGate[] = "cross_backend";
inline constexpr char kGoldenGate[] = "golden";
inline constexpr char kCoverageGate[] = "coverage";

// One number and its limit.
struct Measure {
  std::string name;  // `nmse`, `mean_kl`, ...
  double value = 0;
  double limit = 0;
  bool at_least = false;  // The value must be at least the limit; otherwise at most.

  // NaN never holds.
  bool holds() const { return at_least ? value >= limit : value <= limit; }
};

// One gate of one case on one backend.
struct Gate {
  std::string name;
  Verdict verdict = Verdict::kInconclusive;
  std::vector<Measure> measures;
  std::string limits_from;            // How the limits were found; empty for gates whose limits never change.
  std::string detail;                 // Why the verdict is not pass; empty for pass.
  std::vector<std::string> warnings;  // Odd, but no fault by itself.
};

}  // namespace plumb

#endif  // PLUMB_INFERENCE_GATE_H_
