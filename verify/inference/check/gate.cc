#include "plumb/inference/gate.h"

namespace plumb {

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kInconclusive:
      return "inconclusive";
    case Verdict::kNotAvailable:
      return "not available";
  }
  return "unknown";
}

Verdict Worse(Verdict a, Verdict b) {
  if (a == Verdict::kFail || b == Verdict::kFail) return Verdict::kFail;
  return a == Verdict::kInconclusive || b == Verdict::kInconclusive ? Verdict::kInconclusive : Verdict::kPass;
}

}  // namespace plumb
