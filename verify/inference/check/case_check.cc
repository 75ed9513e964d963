#include "verify/inference/check/case_check.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/inference/self_test.h"
#include "verify/inference/check/bisect.h"
#include "verify/inference/check/judge.h"

namespace plumb {
namespace {

// Less than this on the backend itself says little about the backend.
constexpr double kCoverageMin = 0.5;

// `otherwise`: the verdict when something is wrong.
Gate StructureGate(const absl::Status& status, Verdict otherwise) {
  Gate gate = {.name = kStructureGate, .verdict = Verdict::kPass};
  gate.measures.push_back({"faults", status.ok() ? 0.0 : 1.0, 0});
  if (status.ok()) return gate;
  gate.verdict = otherwise;
  gate.detail = std::string(Message(status));
  return gate;
}

Gate CoverageGate(double coverage) {
  Gate gate = {.name = kCoverageGate, .verdict = Verdict::kPass};
  gate.measures.push_back({"coverage", coverage, kCoverageMin, true});
  if (gate.measures.front().holds()) return gate;
  gate.verdict = Verdict::kInconclusive;
  gate.detail = fmt::format("only {:.1f} % of the arithmetic ran on the backend itself", 100 * coverage);
  return gate;
}

// One case on one backend, gate by gate.
class CaseCheck {
 public:
  CaseCheck(const Backend& backend, OpenCase& open, const SmokeOptions& options)
      : backend_(backend), open_(open), options_(options), tier_(TierFor(backend, open)) {
    result_.tier = tier_;
  }

  absl::StatusOr<CaseResult> Run() {
    absl::StatusOr<CaseRun> run = RunTraced(backend_, open_, open_.task, options_);
    if (absl::IsCancelled(run.status())) return run.status();
    PutStructure(run.status());
    result_.gates.push_back(SelfTest(backend_));
    result_.gates.push_back(open_.config);
    if (open_.text) result_.gates.push_back(*open_.text);
    if (run.ok()) {
      result_.coverage = run->summary.coverage();
      result_.fallbacks = run->summary.fallbacks;
      result_.seconds = run->result.seconds;
      result_.peak_bytes = run->result.peak_bytes;
      result_.planned_peak_bytes = run->summary.peak_bytes;
      result_.gates.front().warnings = SiblingWarnings(open_.weights->statistics());
      PLUMB_RETURN_IF_ERROR(CompareBackends(*run));
      PLUMB_RETURN_IF_ERROR(CompareGolden(*run));
      PLUMB_RETURN_IF_ERROR(SettleBlame());
      result_.gates.push_back(CoverageGate(result_.coverage));
      PLUMB_RETURN_IF_ERROR(Bisect(*run));
    }
    Conclude();
    return std::move(result_);
  }

 private:
  // Weights that are no numbers give outputs that are none: what was recorded was something else. Everything else that
  // is in the way of a run, or of a part that it does not read, says nothing about what is computed.
  void PutStructure(const absl::Status& run) {
    const bool computes_other = open_.golden && absl::IsOutOfRange(run) && ErrorClassOf(run) == ErrorClass::kPolicy;
    absl::Status structure = run;
    // Of weights that were still arriving the copies could not be compared before.
    if (structure.ok() && options_.await_tensor) structure = open_.model->CheckCopies();
    if (structure.ok()) structure = CheckTables(open_);
    if (!structure.ok() && !computes_other) result_.obstacle = structure;
    result_.gates.push_back(StructureGate(structure, computes_other ? Verdict::kFail : Verdict::kInconclusive));
  }

  void TakeMeasures(const Comparison& comparison) {
    result_.nmse = comparison.nmse;
    result_.max_kl = comparison.max_kl;
    result_.mean_kl = comparison.mean_kl;
    result_.top1_agreement = comparison.top1_agreement;
  }

  // The outputs on the inputs on which backends are compared, running once more if those are others.
  absl::StatusOr<std::vector<TensorValue>> CrossOutputs(const CaseRun& run) {
    if (!open_.long_task) return run.result.outputs;
    PLUMB_ASSIGN_OR_RETURN(CaseRun longer, RunTask(backend_, open_, *open_.long_task, options_, nullptr));
    result_.seconds += longer.result.seconds;
    result_.peak_bytes = std::max(result_.peak_bytes, longer.result.peak_bytes);
    result_.planned_peak_bytes = std::max(result_.planned_peak_bytes, longer.summary.peak_bytes);
    return std::move(longer.result.outputs);
  }

  absl::Status CompareBackends(const CaseRun& run) {
    Gate gate = {.name = kCrossBackendGate};
    const bool is_reference = backend_.name() == "reference";
    if (is_reference && open_.reference.empty()) {
      absl::StatusOr<std::vector<TensorValue>> outputs = CrossOutputs(run);
      if (absl::IsCancelled(outputs.status())) return outputs.status();
      if (outputs.ok()) open_.reference = *std::move(outputs);
    }
    if (is_reference) {
      gate.detail = "this backend is the one that others are compared with";
    } else if (open_.reference.empty()) {
      gate.detail = "reference has not run";
    } else {
      absl::StatusOr<std::vector<TensorValue>> outputs = CrossOutputs(run);
      if (absl::IsCancelled(outputs.status())) return outputs.status();
      if (outputs.ok()) {
        PLUMB_ASSIGN_OR_RETURN(Judgement judgement, JudgeByReference(backend_, open_, options_, *outputs));
        gate = std::move(judgement.gate);
        if (!open_.golden) TakeMeasures(judgement.comparison);
      } else {
        gate.detail = std::string(Message(outputs.status()));
      }
    }
    result_.gates.push_back(std::move(gate));
    return absl::OkStatus();
  }

  absl::Status CompareGolden(const CaseRun& run) {
    if (open_.golden) {
      PLUMB_ASSIGN_OR_RETURN(Judgement judgement, JudgeByGolden(backend_, open_, options_, run));
      TakeMeasures(judgement.comparison);
      result_.gates.push_back(std::move(judgement.gate));
      return absl::OkStatus();
    }
    Gate gate = {.name = kGoldenGate};
    const bool agrees = result_.gates.back().verdict == Verdict::kPass;
    gate.detail =
        agrees ? "agrees with reference; nothing is recorded to compare with" : "nothing is recorded to compare with";
    result_.gates.push_back(std::move(gate));
    return absl::OkStatus();
  }

  // What departs from `reference` alone is the backend's fault and no evidence against the model: where `reference`
  // computes what was recorded, where this backend does so on the recorded inputs, and where nothing is recorded.
  absl::Status SettleBlame() {
    Gate& cross = Find(kCrossBackendGate);
    Gate& golden = Find(kGoldenGate);
    if (golden.verdict == Verdict::kFail && backend_.name() != "reference") {
      PLUMB_ASSIGN_OR_RETURN(const bool reference_agrees, ReferenceAgrees(open_, options_));
      if (reference_agrees) {
        golden.verdict = Verdict::kInconclusive;
        golden.detail = fmt::format(
            "the backend {} is at fault here, not the model: reference computes what was recorded, it does not: {}",
            backend_.name(), golden.detail);
      }
    }
    if (cross.verdict != Verdict::kFail || golden.verdict == Verdict::kFail) return absl::OkStatus();
    cross.verdict = Verdict::kInconclusive;
    cross.warnings.push_back(
        golden.verdict == Verdict::kPass
            ? fmt::format("{} departs from reference on inputs that were made up, not on the recorded ones",
                          backend_.name())
            : fmt::format("{} departs from reference: one of the two is wrong, which says nothing of the model",
                          backend_.name()));
    return absl::OkStatus();
  }

  Gate& Find(std::string_view name) {
    return *std::find_if(result_.gates.begin(), result_.gates.end(), [&](const Gate& g) { return g.name == name; });
  }

  // The limit that a gate's NMSE broke.
  static double NmseMaxOf(const Gate& gate) {
    for (const Measure& measure : gate.measures) {
      if (measure.name == "nmse") return measure.limit;
    }
    return 0;
  }

  // Adds to what failed where it went wrong first.
  absl::Status Bisect(const CaseRun& run) {
    if (!options_.bisect) return absl::OkStatus();
    Gate& golden = Find(kGoldenGate);
    if (Gate& cross = Find(kCrossBackendGate); cross.verdict == Verdict::kFail || !cross.warnings.empty()) {
      absl::StatusOr<std::string> found = FindDeparture(backend_, open_, NmseMaxOf(cross), options_);
      if (absl::IsCancelled(found.status())) return found.status();
      if (found.ok() && !found->empty()) cross.detail += "; " + *found;
      if (golden.verdict != Verdict::kFail) return absl::OkStatus();
    }
    if (golden.verdict != Verdict::kFail || !open_.golden) return absl::OkStatus();
    if (Find(kCrossBackendGate).verdict == Verdict::kPass) {
      golden.detail += "; reference gives the same: the weights or the config are not those that were recorded";
    }
    const std::string layer = FindRecordedDeparture(open_.golden->layers, run.layers, NmseMaxOf(golden));
    if (!layer.empty()) golden.detail += "; " + layer;
    return absl::OkStatus();
  }

  // Fail when a gate fails; pass when the golden's passes and enough ran on the backend itself.
  void Conclude() {
    std::vector<std::string> failed;
    std::vector<std::string> open_questions;
    bool golden = false;
    bool doubtful = false;
    for (const Gate& gate : result_.gates) {
      // A backend that computes wrongly says nothing of the model.
      const bool backend_fault = gate.verdict == Verdict::kFail && gate.name == kSelfTestGate;
      if (gate.verdict == Verdict::kFail && !backend_fault) failed.push_back(gate.detail);
      if (gate.name == kGoldenGate) golden = gate.verdict == Verdict::kPass;
      if (gate.verdict != Verdict::kInconclusive && !backend_fault) continue;
      // A hash or a comparison that nobody asked for or recorded leaves the golden's word standing.
      if (gate.name == kConfigGate || (gate.name == kCrossBackendGate && (open_.golden || gate.warnings.empty()))) {
        continue;
      }
      doubtful = true;
      open_questions.push_back(gate.detail);
    }
    if (!failed.empty()) {
      result_.obstacle = absl::OkStatus();
      result_.verdict = Verdict::kFail;
      result_.detail = fmt::format("{}", fmt::join(failed, "; "));
    } else if (golden && !doubtful) {
      result_.verdict = Verdict::kPass;
    } else {
      result_.detail = fmt::format("{}", fmt::join(open_questions, "; "));
    }
  }

  const Backend& backend_;
  OpenCase& open_;
  const SmokeOptions& options_;
  const Tier tier_;
  CaseResult result_;
};

}  // namespace

CaseResult ResultOfObstacle(const absl::Status& status) {
  CaseResult result;
  result.gates.push_back(StructureGate(status, Verdict::kInconclusive));
  result.detail = result.gates.front().detail;
  result.obstacle = status;
  return result;
}

absl::Status RunReference(OpenCase& open, const SmokeOptions& options) {
  if (!open.reference.empty()) return absl::OkStatus();
  PLUMB_ASSIGN_OR_RETURN(const Backend* reference, FindBackend("reference"));
  absl::StatusOr<CaseRun> run = RunTask(*reference, open, open.cross_task(), options, nullptr);
  if (run.ok()) open.reference = std::move(run->result.outputs);
  return absl::IsCancelled(run.status()) ? run.status() : absl::OkStatus();
}

absl::StatusOr<CaseResult> CheckCase(const Backend& backend, OpenCase& open, const SmokeOptions& options) {
  return CaseCheck(backend, open, options).Run();
}

}  // namespace plumb
