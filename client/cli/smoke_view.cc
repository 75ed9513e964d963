#include "client/cli/smoke_view.h"

#include <algorithm>
#include <vector>

#include "client/cli/table.h"
#include "client/cli/text.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

Colour VerdictColour(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return Colour::kGreen;
    case Verdict::kFail:
      return Colour::kRed;
    default:
      return Colour::kYellow;
  }
}

// Without anything computed there is nothing to show.
bool Ran(const BackendResult& backend) { return backend.peak_bytes > 0 || backend.seconds > 0; }

Json CaseJson(const CaseResult& result) {
  return {{"name", result.name},       {"verdict", VerdictName(result.verdict)},  {"nmse", result.nmse},
          {"max_kl", result.max_kl},   {"top1_agreement", result.top1_agreement}, {"coverage", result.coverage},
          {"seconds", result.seconds}, {"peak_bytes", result.peak_bytes},         {"detail", result.detail}};
}

}  // namespace

Json SmokeJson(const SmokeReport& report) {
  Json json = {{"verdict", VerdictName(report.verdict)}, {"backends", Json::array()}};
  for (const BackendResult& backend : report.backends) {
    Json entry = {
        {"name", backend.name},       {"verdict", VerdictName(backend.verdict)},  {"nmse", backend.nmse},
        {"max_kl", backend.max_kl},   {"top1_agreement", backend.top1_agreement}, {"coverage", backend.coverage},
        {"seconds", backend.seconds}, {"peak_bytes", backend.peak_bytes},         {"detail", backend.detail},
        {"cases", Json::array()}};
    for (const CaseResult& result : backend.cases) entry["cases"].push_back(CaseJson(result));
    json["backends"].push_back(entry);
  }
  return json;
}

void PrintSmoke(Output& output, const SmokeReport& report) {
  Table table({{"BACKEND"},
               {"VERDICT"},
               {"CASES", Align::kRight},
               {"NMSE", Align::kRight},
               {"MAX KL", Align::kRight},
               {"TOP-1", Align::kRight},
               {"COVERAGE", Align::kRight},
               {"TIME", Align::kRight},
               {"PEAK MEMORY", Align::kRight}});
  for (const BackendResult& backend : report.backends) {
    Cell verdict(std::string(VerdictName(backend.verdict)), VerdictColour(backend.verdict));
    if (!Ran(backend)) {
      table.AddRow({backend.name, verdict, "", "", "", "", "", "", ""});
      continue;
    }
    table.AddRow({backend.name, verdict, fmt::to_string(backend.cases.size()), fmt::format("{:.1e}", backend.nmse),
                  fmt::format("{:.1e}", backend.max_kl), fmt::format("{:.1f}%", 100 * backend.top1_agreement),
                  fmt::format("{:.0f}%", 100 * backend.coverage), FormatSeconds(backend.seconds),
                  FormatBytes(backend.peak_bytes)});
  }
  output.PrintTable(table);
  Table reasons({{""}, {""}, {""}, {""}});
  for (const BackendResult& backend : report.backends) {
    for (const CaseResult& result : backend.cases) {
      if (result.verdict == Verdict::kPass) continue;
      reasons.AddRow({{std::string(VerdictName(result.verdict)), VerdictColour(result.verdict)},
                      backend.name,
                      result.name,
                      result.detail});
    }
    if (backend.cases.empty() && !backend.detail.empty()) {
      reasons.AddRow({{std::string(VerdictName(backend.verdict)), VerdictColour(backend.verdict)},
                      backend.name,
                      "",
                      backend.detail});
    }
  }
  if (reasons.empty()) return;
  output.PrintText("");
  output.PrintTable(reasons);
}

absl::Status SmokeOutcome(Output& output, const SmokeReport& report, const std::string& subject) {
  if (report.verdict == Verdict::kInconclusive) {
    output.Warn(subject +
                ": the smoke check is inconclusive: nothing showed "
                "that the model is right, or that it is wrong");
  }
  if (report.verdict != Verdict::kFail) return absl::OkStatus();
  std::vector<std::string> failed;
  for (const BackendResult& backend : report.backends) {
    for (const CaseResult& result : backend.cases) {
      std::string name = fmt::format("{} on {}", result.name, backend.name);
      if (result.verdict == Verdict::kFail) failed.push_back(name);
    }
  }
  absl::Status status = FailedPrecondition(
      fmt::format("{}: the model does not compute what was recorded: {}", subject, fmt::join(failed, ", ")));
  return WithErrorClass(status, ErrorClass::kSmoke);
}

}  // namespace plumb::cli
