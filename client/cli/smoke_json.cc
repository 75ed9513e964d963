// Smoke reports read from the JSON that another process of this program printed.
#include <limits>

#include "client/cli/smoke_view.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

// Numbers that JSON cannot hold were written as null.
double Number(const Json& json, const char* key) {
  const Json& value = json.at(key);
  return value.is_null() ? std::numeric_limits<double>::infinity() : value.get<double>();
}

Verdict ParseVerdict(const Json& json) {
  const auto name = json.at("verdict").get<std::string>();
  for (Verdict verdict : {Verdict::kPass, Verdict::kFail, Verdict::kNotAvailable}) {
    if (VerdictName(verdict) == name) return verdict;
  }
  return Verdict::kInconclusive;
}

Gate ParseGate(const Json& json) {
  Gate gate = {.name = json.at("name").get<std::string>(), .verdict = ParseVerdict(json)};
  gate.limits_from = json.at("limits_from").get<std::string>();
  gate.detail = json.at("detail").get<std::string>();
  gate.warnings = json.at("warnings").get<std::vector<std::string>>();
  for (const Json& measure : json.at("measures")) {
    const bool at_least = measure.contains("at_least");
    gate.measures.push_back({measure.at("name").get<std::string>(), Number(measure, "value"),
                             Number(measure, at_least ? "at_least" : "at_most"), at_least});
  }
  return gate;
}

// What cases and backends have in common.
template <typename Result>
Result ParseResult(const Json& json) {
  Result result;
  result.name = json.at("name").get<std::string>();
  result.verdict = ParseVerdict(json);
  result.nmse = Number(json, "nmse");
  result.max_kl = Number(json, "max_kl");
  result.top1_agreement = Number(json, "top1_agreement");
  result.coverage = Number(json, "coverage");
  result.seconds = Number(json, "seconds");
  result.peak_bytes = json.at("peak_bytes").get<uint64_t>();
  result.planned_peak_bytes = json.at("planned_peak_bytes").get<uint64_t>();
  result.detail = json.at("detail").get<std::string>();
  return result;
}

SmokeReport ParseReport(const Json& json) {
  SmokeReport report = {.verdict = ParseVerdict(json), .backends = {}};
  for (const Json& backend : json.at("backends")) {
    report.backends.push_back(ParseResult<BackendResult>(backend));
    for (const Json& one : backend.at("cases")) {
      CaseResult& result = report.backends.back().cases.emplace_back(ParseResult<CaseResult>(one));
      for (const Json& gate : one.at("gates")) result.gates.push_back(ParseGate(gate));
    }
  }
  return report;
}

}  // namespace

absl::StatusOr<SmokeReport> ParseSmokeJson(const std::string& text) {
  try {
    return ParseReport(Json::parse(text));
  } catch (const Json::exception& error) {
    return InvalidArgument(std::string("no smoke report: ") + error.what());
  }
}

}  // namespace plumb::cli
