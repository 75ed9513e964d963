#include "verify/inference/smoke_report.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
BackendResult SummarizeBackend(const Backend& backend, std::vector<CaseResult> cases) {
  BackendResult result = {.name = std::string(backend.name()), .description = backend.description()};
  if (absl::Status status = backend.Available(); !status.ok() || cases.empty()) {
    result.detail = std::string(Message(status));
    return result;
  }
  result.verdict = Verdict::kPass;
  result.coverage = 1;
  for (const CaseResult& found : cases) {
    result.verdict = Worse(result.verdict, found.verdict);
    result.nmse = std::max(result.nmse, found.nmse);
    result.max_kl = std::max(result.max_kl, found.max_kl);
    result.top1_agreement = std::min(result.top1_agreement, found.top1_agreement);
    result.coverage = std::min(result.coverage, found.coverage);
    result.seconds += found.seconds;
    result.peak_bytes = std::max(result.peak_bytes, found.peak_bytes);
    result.planned_peak_bytes = std::max(result.planned_peak_bytes, found.planned_peak_bytes);
    if (found.detail.empty()) continue;
    result.detail += fmt::format("{}case \"{}\": {}", result.detail.empty() ? "" : "; ", found.name, found.detail);
  }
  result.cases = std::move(cases);
  return result;
}

Verdict SummarizeVerdict(const std::vector<BackendResult>& backends, bool by_name) {
  Verdict verdict = Verdict::kPass;
  bool any = false;
  for (const BackendResult& backend : backends) {
    if (backend.verdict == Verdict::kNotAvailable) {
      if (by_name) verdict = Worse(verdict, Verdict::kInconclusive);
      continue;
    }
    any = true;
    verdict = Worse(verdict, backend.verdict);
  }
  return any ? verdict : Verdict::kInconclusive;
}

}  // namespace plumb
