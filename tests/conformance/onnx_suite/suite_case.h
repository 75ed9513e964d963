// One case of ONNX's backend test suite: a model, inputs, and the outputs that are expected.
#ifndef PLUMB_TESTS_CONFORMANCE_ONNX_SUITE_SUITE_CASE_H_
#define PLUMB_TESTS_CONFORMANCE_ONNX_SUITE_SUITE_CASE_H_

#include <string>
#include <string_view>

#include "plumb/inference/backend.h"

namespace plumb::suite {

enum class Outcome { kPass, kFail, kSkip, kNotTensors };

struct CaseOutcome {
  Outcome outcome = Outcome::kFail;
  std::string reason;
  double cost = 0;  // Arithmetic of the case, and the part that the backend did itself.
  double native_cost = 0;
};

// Runs the case in `folder` on a backend. Skipped when the importer says that it does not read an operator.
CaseOutcome RunCase(const std::string& folder, const Backend& backend);

}  // namespace plumb::suite

#endif  // PLUMB_TESTS_CONFORMANCE_ONNX_SUITE_SUITE_CASE_H_
