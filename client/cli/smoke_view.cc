#include "client/cli/smoke_view.h"

#include <algorithm>
#include <set>
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

Json GateJson(const Gate& gate) {
  Json json = {{"name", gate.name},         {"verdict", VerdictName(gate.verdict)},
               {"measures", Json::array()}, {"limits_from", gate.limits_from},
               {"detail", gate.detail},     {"warnings", gate.warnings}};
  for (const Measure& measure : gate.measures) {
    json["measures"].push_back({{"name", measure.name},
                                {"value", measure.value},
                                {measure.at_least ? "at_least" : "at_most", measure.limit},
                                {"holds", measure.holds()}});
  }
  return json;
}

Json GatesJson(const std::vector<Gate>& gates) {
  Json json = Json::array();
  for (const Gate& gate : gates) json.push_back(GateJson(gate));
  return json;
}

// Of all cases, the worst verdict of each gate and the gate that has it.
std::vector<Gate> WorstGates(const BackendResult& backend) {
  std::vector<Gate> worst;
  for (const CaseResult& result : backend.cases) {
    for (const Gate& gate : result.gates) {
      auto known = std::find_if(worst.begin(), worst.end(), [&](const Gate& g) { return g.name == gate.name; });
      if (known == worst.end()) {
        worst.push_back(gate);
      } else if (known->verdict != gate.verdict && Worse(known->verdict, gate.verdict) == gate.verdict) {
        *known = gate;
      }
    }
  }
  return worst;
}

std::string MeasureText(const Measure& measure) {
  return fmt::format("{} {:.3g} ({} {:.3g})", measure.name, measure.value, measure.at_least ? "at least" : "at most",
                     measure.limit);
}

// One line for each gate of each case: what it said, and every number with its limit.
void PrintGates(Output& output, const SmokeReport& report) {
  Table table({{"BACKEND"}, {.header = "CASE", .fit = Fit::kMiddle, .min = 16}, {"GATE"}, {"VERDICT"}, {"MEASURED"}});
  for (const BackendResult& backend : report.backends) {
    for (const CaseResult& result : backend.cases) {
      for (const Gate& gate : result.gates) {
        std::vector<std::string> measures;
        for (const Measure& measure : gate.measures) measures.push_back(MeasureText(measure));
        if (!gate.limits_from.empty()) measures.push_back("limits: " + gate.limits_from);
        if (!gate.detail.empty()) measures.push_back(gate.detail);
        for (const std::string& warning : gate.warnings) measures.push_back("warning: " + warning);
        Cell verdict(std::string(VerdictName(gate.verdict)), VerdictColour(gate.verdict));
        if (measures.empty()) measures.push_back("");
        table.AddRow({backend.name, result.name, gate.name, verdict, measures.front()});
        for (size_t i = 1; i < measures.size(); ++i) table.AddRow({"", "", "", "", measures[i]});
      }
    }
  }
  if (table.empty()) return;
  output.PrintText("");
  output.PrintTable(table);
}

Json CaseJson(const CaseResult& result) {
  return {{"name", result.name},
          {"verdict", VerdictName(result.verdict)},
          {"nmse", result.nmse},
          {"max_kl", result.max_kl},
          {"top1_agreement", result.top1_agreement},
          {"coverage", result.coverage},
          {"seconds", result.seconds},
          {"peak_bytes", result.peak_bytes},
          {"planned_peak_bytes", result.planned_peak_bytes},
          {"detail", result.detail},
          {"gates", GatesJson(result.gates)}};
}

// How many cases passed, of how many.
std::string PassedText(const BackendResult& backend) {
  const auto passed = std::count_if(backend.cases.begin(), backend.cases.end(),
                                    [](const CaseResult& result) { return result.verdict == Verdict::kPass; });
  return fmt::format("{} of {}", passed, backend.cases.size());
}

// Why something did not pass. What is the same on several backends is said once.
void PrintReasons(Output& output, const SmokeReport& report) {
  struct Reason {
    Verdict verdict;
    std::vector<std::string> backends;
    std::string name;
    std::string detail;
  };
  std::vector<Reason> reasons;
  auto add = [&](Verdict verdict, const std::string& backend, const std::string& name, const std::string& detail) {
    auto known = std::find_if(reasons.begin(), reasons.end(), [&](const Reason& reason) {
      return reason.verdict == verdict && reason.name == name && reason.detail == detail;
    });
    if (known == reasons.end()) known = reasons.insert(known, {verdict, {}, name, detail});
    known->backends.push_back(backend);
  };
  for (const BackendResult& backend : report.backends) {
    for (const CaseResult& result : backend.cases) {
      if (result.verdict != Verdict::kPass) add(result.verdict, backend.name, result.name, result.detail);
    }
    if (backend.cases.empty() && !backend.detail.empty()) add(backend.verdict, backend.name, "", backend.detail);
  }
  if (reasons.empty()) return;
  Table table({{""}, {""}, {.header = "", .fit = Fit::kMiddle}, {""}});
  for (const Reason& reason : reasons) {
    table.AddRow({{std::string(VerdictName(reason.verdict)), VerdictColour(reason.verdict)},
                  fmt::to_string(fmt::join(reason.backends, ", ")),
                  reason.name,
                  reason.detail});
  }
  output.PrintText("");
  output.PrintTable(table);
}

// The cases that could not be checked, each once, with what was in the way.
std::vector<const CaseResult*> Unchecked(const SmokeReport& report) {
  std::vector<const CaseResult*> unchecked;
  for (const BackendResult& backend : report.backends) {
    for (const CaseResult& result : backend.cases) {
      const bool known = std::any_of(unchecked.begin(), unchecked.end(),
                                     [&](const CaseResult* other) { return other->name == result.name; });
      if (!result.obstacle.ok() && !known) unchecked.push_back(&result);
    }
  }
  return unchecked;
}

// Whether an obstacle is a fault of the folder's: a file that is missing, unreadable or not what it must be. Others are
// the machine's, a backend's or this program's, and no reason to stop.
bool IsFault(const absl::Status& obstacle) {
  return ErrorClassOf(obstacle) != ErrorClass::kNone || absl::IsNotFound(obstacle) || absl::IsOutOfRange(obstacle) ||
         absl::IsDataLoss(obstacle);
}

// What names a fault: a file that is there and not what it must be is refused, whatever found it.
absl::Status FaultStatus(const CaseResult& result, const std::string& subject) {
  absl::Status status = Annotate(result.obstacle, fmt::format("{}: {} could not be checked", subject, result.name));
  const bool malformed = absl::IsOutOfRange(status) || absl::IsDataLoss(status);
  return malformed && ErrorClassOf(status) == ErrorClass::kNone ? WithErrorClass(status, ErrorClass::kPolicy) : status;
}

// Names the models that no backend could decide on, beside others that passed.
std::string InconclusiveText(const SmokeReport& report, const std::string& subject) {
  std::set<std::string> undecided;
  bool passed = false;
  for (const BackendResult& backend : report.backends) {
    for (const CaseResult& result : backend.cases) {
      passed = passed || result.verdict == Verdict::kPass;
      if (result.verdict == Verdict::kInconclusive) undecided.insert(result.name);
    }
  }
  const std::string what = passed && !undecided.empty() ? fmt::to_string(fmt::join(undecided, ", ")) : "the model";
  return fmt::format("{}: the smoke check is inconclusive: nothing showed that {} is right, or that it is wrong",
                     subject, what);
}

absl::Status UndecidedOutcome(Output& output, const SmokeReport& report, const std::string& subject) {
  if (report.verdict != Verdict::kInconclusive) return absl::OkStatus();
  absl::Status fault;
  const std::vector<const CaseResult*> unchecked = Unchecked(report);
  for (const CaseResult* result : unchecked) {
    if (!IsFault(result->obstacle)) {
      output.Warn(fmt::format("{}: {} was not checked: {}", subject, result->name, Message(result->obstacle)));
    } else if (fault.ok()) {
      fault = FaultStatus(*result, subject);
    }
  }
  for (const BackendResult& backend : report.backends) {
    if (backend.verdict != Verdict::kInconclusive || !backend.cases.empty()) continue;
    output.Warn(fmt::format("{}: {} gave no result: {}", subject, backend.name, backend.detail));
  }
  if (unchecked.empty()) output.Warn(InconclusiveText(report, subject));
  return fault;
}

}  // namespace

Json SmokeJson(const SmokeReport& report) {
  Json json = {{"verdict", VerdictName(report.verdict)}, {"backends", Json::array()}};
  for (const BackendResult& backend : report.backends) {
    Json entry = {{"name", backend.name},
                  {"verdict", VerdictName(backend.verdict)},
                  {"nmse", backend.nmse},
                  {"max_kl", backend.max_kl},
                  {"top1_agreement", backend.top1_agreement},
                  {"coverage", backend.coverage},
                  {"seconds", backend.seconds},
                  {"peak_bytes", backend.peak_bytes},
                  {"planned_peak_bytes", backend.planned_peak_bytes},
                  {"detail", backend.detail},
                  {"gates", GatesJson(WorstGates(backend))},
                  {"cases", Json::array()}};
    for (const CaseResult& result : backend.cases) entry["cases"].push_back(CaseJson(result));
    json["backends"].push_back(entry);
  }
  return json;
}

void PrintSmoke(Output& output, const SmokeReport& report, bool explain) {
  Table table({{"BACKEND"},
               {"VERDICT"},
               {.header = "PASSED", .align = Align::kRight, .drop = 2},
               {"NMSE", Align::kRight},
               {.header = "MAX KL", .align = Align::kRight, .drop = 3},
               {.header = "TOP-1", .align = Align::kRight, .drop = 1},
               {"COVERAGE", Align::kRight},
               {"TIME", Align::kRight},
               {.header = "PEAK MEMORY", .align = Align::kRight, .fit = Fit::kWhole, .drop = 4}});
  for (const BackendResult& backend : report.backends) {
    Cell verdict(std::string(VerdictName(backend.verdict)), VerdictColour(backend.verdict));
    if (!Ran(backend)) {
      table.AddRow({backend.name, verdict, "", "", "", "", "", "", ""});
      continue;
    }
    table.AddRow({backend.name, verdict, PassedText(backend), fmt::format("{:.1e}", backend.nmse),
                  fmt::format("{:.1e}", backend.max_kl), fmt::format("{:.1f}%", 100 * backend.top1_agreement),
                  fmt::format("{:.0f}%", 100 * backend.coverage), FormatSeconds(backend.seconds),
                  FormatBytes(backend.peak_bytes)});
  }
  output.PrintTable(table);
  PrintReasons(output, report);
  if (explain) PrintGates(output, report);
}

absl::Status SmokeOutcome(Output& output, const SmokeReport& report, const std::string& subject) {
  if (report.verdict != Verdict::kFail) return UndecidedOutcome(output, report, subject);
  std::vector<std::string> failed;
  for (const BackendResult& backend : report.backends) {
    if (backend.cases.empty() && backend.verdict == Verdict::kFail) failed.push_back(backend.name);
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
