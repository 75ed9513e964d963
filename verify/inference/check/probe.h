// Runs one operator of a backend on given operands, and watches what lies beside the result.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_PROBE_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_PROBE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/inference/backend.h"

namespace plumb {

// An operand: a weight of the graph, or an input.
struct ProbeOperand {
  Shape shape;
  std::vector<float> values;
  bool weight = false;
};

// What a probe asks for, and what the result must be.
struct Probe {
  std::string name;
  OpKind op = OpKind::kUnary;
  Attributes attributes;
  std::vector<ProbeOperand> operands;
  std::vector<double> expected;
  bool exact = false;     // Equal bit by bit (NaN: any NaN); otherwise NMSE at most kProbeNmseMax.
  bool integers = false;  // The operator is given int32 and gives it: operands and result are whole numbers.
};

// What running a probe gave.
struct ProbeResult {
  double error = 0;        // Exact: elements that differ. Otherwise the NMSE.
  uint64_t disturbed = 0;  // Elements beside the result, or of an operand, that were changed.
};

// Runs the operator between two copies of a pattern, all three of them outputs of one graph, from operands with guards
// around them.
absl::StatusOr<ProbeResult> RunProbe(const Backend& backend, const Probe& probe);

// Every probe of the self-test. The same at each call.
std::vector<Probe> SelfTestProbes();
// Those of quantised arithmetic, which are among them.
std::vector<Probe> IntegerProbes();

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_PROBE_H_
