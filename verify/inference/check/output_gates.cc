#include "verify/inference/check/output_gates.h"

#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/weights/weight_set.h"
#include "verify/inference/check/layer_trace.h"

namespace plumb {
namespace {

// How far a text's negative log-likelihood may be from the recorded one: so much, or so large a part of it.
constexpr double kNllMax = 0.01;
constexpr double kNllPart = 0.01;

// The worst of each measure of two outputs.
Comparison WorseOf(const Comparison& a, const Comparison& b) {
  Comparison worse = a;
  worse.nmse = std::max(a.nmse, b.nmse);
  worse.max_kl = std::max(a.max_kl, b.max_kl);
  worse.mean_kl = std::max(a.mean_kl, b.mean_kl);
  worse.top1_agreement = std::min(a.top1_agreement, b.top1_agreement);
  worse.max_delta = std::max(a.max_delta, b.max_delta);
  worse.positions += b.positions;
  worse.decided_flips += b.decided_flips;
  worse.broken += b.broken;
  return worse;
}

// Floats of any width as float32; `room` holds those that were not.
std::span<const float> AsFloats(const TensorValue& value, std::vector<float>& room) {
  if (value.type == ElementType::kF32) return value.As<float>();
  const DType dtype = value.type == ElementType::kF64    ? DType::kF64
                      : value.type == ElementType::kBF16 ? DType::kBF16
                                                         : DType::kF16;
  room.resize(value.bytes.size() / ElementBytes(value.type));
  // Whole elements of a type that decodes: it cannot fail.
  if (!DecodeToF32(dtype, value.bytes, 0, room).ok()) room.clear();
  return room;
}

absl::StatusOr<Comparison> CompareOutputs(const std::vector<OutputSpec>& specs,
                                          const std::vector<TensorValue>& expected,
                                          const std::vector<TensorValue>& actual, const Thresholds& thresholds) {
  Comparison worst;
  for (size_t i = 0; i < specs.size(); ++i) {
    const TensorValue& want = expected.at(i);
    const TensorValue& got = actual.at(i);
    if (want.type != got.type || want.shape != got.shape || !IsFloat(got.type)) {
      // Places and flags: the same or not.
      if (want.type != got.type || want.shape != got.shape || want.bytes != got.bytes) ++worst.broken;
      continue;
    }
    if (want.bytes.empty()) continue;
    std::vector<float> want_room, got_room;
    const std::span<const float> wanted = AsFloats(want, want_room);
    const std::span<const float> found = AsFloats(got, got_room);
    const bool logits = specs[i].kind == OutputKind::kLogits && got.shape.size() > 1;
    PLUMB_ASSIGN_OR_RETURN(Comparison one, logits ? CompareLogits(wanted, found, got.shape.back(), thresholds)
                                                  : CompareFeatures(wanted, found));
    worst = WorseOf(worst, one);
  }
  return worst;
}

Judgement Conclude(std::string_view name, const absl::StatusOr<Comparison>& comparison, const Thresholds& thresholds) {
  Judgement judgement;
  judgement.gate.name = name;
  if (!comparison.ok()) {
    judgement.gate.detail = std::string(Message(comparison.status()));
    return judgement;
  }
  judgement.comparison = *comparison;
  judgement.gate.measures = MeasuresOf(*comparison, thresholds);
  judgement.gate.detail = JudgeComparison(*comparison, thresholds);
  judgement.gate.verdict = judgement.gate.detail.empty() ? Verdict::kPass : Verdict::kFail;
  return judgement;
}

// Adds a measure of its own to a gate that was concluded.
void AddMeasure(Gate& gate, Measure measure, std::string_view text) {
  gate.measures.push_back(measure);
  if (measure.holds()) return;
  gate.verdict = Verdict::kFail;
  gate.detail += fmt::format("{}{}", gate.detail.empty() ? "" : "; ", text);
}

void AddNll(const OpenCase& open, std::span<const float> logits, Gate& gate) {
  const Golden& golden = *open.golden;
  const std::vector<double> found =
      SequenceNll(logits, golden.tokens.ids, golden.tokens.sequences, open.model->model().vocabulary());
  for (size_t i = 0; i < found.size(); ++i) {
    const double recorded = golden.summary->nll[i];
    const double limit = std::max(kNllMax, kNllPart * std::abs(recorded));
    AddMeasure(gate, {"nll_difference", std::abs(found[i] - recorded), limit},
               fmt::format("the text's negative log-likelihood is {:.4f}, recorded {:.4f}", found[i], recorded));
  }
}

void AddHidden(const OpenCase& open, const CaseRun& run, const Thresholds& thresholds, Gate& gate) {
  if (!open.golden->hidden || run.hidden.empty()) return;
  const double nmse = HiddenDifference(*open.golden->hidden, run.hidden);
  AddMeasure(gate, {"hidden_nmse", nmse, thresholds.nmse_max},
             fmt::format("NMSE of the last hidden state's largest elements is {:.3g}, limit {:.3g}", nmse,
                         thresholds.nmse_max));
}

}  // namespace

Tier TierFor(const Backend& backend, const OpenCase& open) {
  if (backend.precision() != Precision::kF32) return Tier::k16Bit;
  return open.golden ? open.golden->tier : Tier::kF32;
}

Judgement JudgeCrossBackend(const OpenCase& open, Tier tier, const std::vector<TensorValue>& actual) {
  const Thresholds thresholds = ThresholdsFor(tier, open.model->model().layers());
  return Conclude(kCrossBackendGate, CompareOutputs(open.model->model().Outputs(), open.reference, actual, thresholds),
                  thresholds);
}

Judgement JudgeGolden(const OpenCase& open, Tier tier, const CaseRun& run) {
  const Model& model = open.model->model();
  const Golden& golden = *open.golden;
  const Thresholds thresholds = ThresholdsFor(tier, model.layers());
  if (!open.language) {
    std::vector<TensorValue> found;
    for (const TensorValue& output : run.result.outputs) found.push_back(open.model->Recorded(output));
    return Conclude(kGoldenGate, CompareOutputs(model.Outputs(), golden.outputs, found, thresholds), thresholds);
  }
  const std::span<const float> logits = run.result.output();
  if (!golden.summary) {
    return Conclude(kGoldenGate, CompareLogits(golden.logits, logits, model.vocabulary(), thresholds), thresholds);
  }
  Judgement judgement =
      Conclude(kGoldenGate, CompareWithSummary(*golden.summary, logits, model.vocabulary(), thresholds), thresholds);
  if (judgement.comparison.broken == 0 && judgement.gate.verdict != Verdict::kInconclusive) {
    AddNll(open, logits, judgement.gate);
    AddHidden(open, run, thresholds, judgement.gate);
  }
  return judgement;
}

}  // namespace plumb
