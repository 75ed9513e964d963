#include "verify/inference/check/output_gates.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/weights/weight_set.h"
#include "verify/inference/check/layer_trace.h"

namespace plumb {
namespace {

// How far a text's negative log-likelihood may be from the recorded one: so much, or so large a part of it.
constexpr double kNllMax = 0.01;
constexpr double kNllPart = 0.01;

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

// Places, flags and quantised numbers: each is the same or not.
Comparison CompareIntegers(const TensorValue& want, const TensorValue& got) {
  const uint64_t width = ElementBytes(want.type);
  Comparison comparison = {.integers = want.bytes.size() / width};
  for (uint64_t at = 0; at < want.bytes.size(); at += width) {
    if (std::memcmp(&want.bytes[at], &got.bytes[at], width) != 0) ++comparison.differing;
  }
  return comparison;
}

absl::StatusOr<Comparison> CompareOutput(const OutputSpec& spec, const TensorValue& want, const TensorValue& got,
                                         const Thresholds& thresholds) {
  if (want.type != got.type || want.shape != got.shape) return Comparison{.broken = 1};
  if (want.bytes.empty()) return Comparison{};
  if (!IsFloat(got.type)) return CompareIntegers(want, got);
  std::vector<float> want_room, got_room;
  const std::span<const float> wanted = AsFloats(want, want_room);
  const std::span<const float> found = AsFloats(got, got_room);
  if (spec.kind != OutputKind::kLogits || got.shape.size() < 2) return CompareFeatures(wanted, found);
  return CompareLogits(wanted, found, got.shape.back(), thresholds);
}

// Whether a measure is nearer to its limit, or further past it.
bool IsWorse(const Measure& a, const Measure& b) {
  if (a.holds() != b.holds()) return !a.holds();
  return a.at_least ? a.value - a.limit < b.value - b.limit : a.value * b.limit > b.value * a.limit;
}

void MergeMeasures(const std::vector<Measure>& from, std::vector<Measure>& into) {
  for (const Measure& measure : from) {
    auto known = std::find_if(into.begin(), into.end(), [&](const Measure& m) { return m.name == measure.name; });
    if (known == into.end()) {
      into.push_back(measure);
    } else if (IsWorse(measure, *known)) {
      *known = measure;
    }
  }
}

Judgement Conclude(std::string_view name, const absl::StatusOr<std::vector<Comparison>>& comparisons,
                   const std::vector<OutputSpec>& specs, const Limits& limits) {
  Judgement judgement;
  judgement.gate.name = name;
  judgement.gate.limits_from = limits.from;
  if (!comparisons.ok()) {
    judgement.gate.detail = std::string(Message(comparisons.status()));
    return judgement;
  }
  judgement.outputs = *comparisons;
  std::vector<std::string> faults;
  for (size_t i = 0; i < comparisons->size(); ++i) {
    const Comparison& comparison = comparisons->at(i);
    judgement.comparison = i == 0 ? comparison : WorseOf(judgement.comparison, comparison);
    MergeMeasures(MeasuresOf(comparison, limits.outputs[i]), judgement.gate.measures);
    std::string fault = JudgeComparison(comparison, limits.outputs[i]);
    if (fault.empty()) continue;
    faults.push_back(comparisons->size() == 1 ? std::move(fault) : fmt::format("{}: {}", specs[i].name, fault));
  }
  judgement.gate.detail = fmt::format("{}", fmt::join(faults, "; "));
  judgement.gate.verdict = faults.empty() ? Verdict::kPass : Verdict::kFail;
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

Limits LimitsOf(const OpenCase& open, Tier tier) {
  const Model& model = open.model->model();
  return {.outputs = std::vector<Thresholds>(model.Outputs().size(), ThresholdsFor(tier, model.layers())),
          .from = fmt::format("of the {} tier", TierName(tier))};
}

absl::StatusOr<std::vector<Comparison>> CompareOutputs(const OpenCase& open, const std::vector<TensorValue>& expected,
                                                       const std::vector<TensorValue>& actual, const Limits& limits) {
  const std::vector<OutputSpec> specs = open.model->model().Outputs();
  std::vector<Comparison> found;
  for (size_t i = 0; i < specs.size(); ++i) {
    PLUMB_ASSIGN_OR_RETURN(Comparison one, CompareOutput(specs[i], expected.at(i), actual.at(i), limits.outputs.at(i)));
    found.push_back(one);
  }
  return found;
}

absl::StatusOr<std::vector<Comparison>> CompareRecorded(const OpenCase& open, const Golden& golden, const CaseRun& run,
                                                        const Limits& limits) {
  if (!open.language) {
    std::vector<TensorValue> found;
    for (const TensorValue& output : run.result.outputs) found.push_back(open.model->Recorded(output));
    return CompareOutputs(open, golden.outputs, found, limits);
  }
  const std::span<const float> logits = run.result.output();
  const uint64_t vocabulary = open.model->model().vocabulary();
  PLUMB_ASSIGN_OR_RETURN(Comparison one,
                         golden.summary ? CompareWithSummary(*golden.summary, logits, vocabulary, limits.outputs.at(0))
                                        : CompareLogits(golden.logits, logits, vocabulary, limits.outputs.at(0)));
  return std::vector<Comparison>{one};
}

Golden RecordedAs(const OpenCase& open, const Golden& golden, const CaseRun& run) {
  Golden recorded;
  if (!open.language) {
    for (const TensorValue& output : run.result.outputs) recorded.outputs.push_back(open.model->Recorded(output));
    return recorded;
  }
  const std::span<const float> logits = run.result.output();
  if (golden.summary) {
    recorded.summary =
        SummarizeLogits(logits, golden.tokens.ids, golden.tokens.sequences, open.model->model().vocabulary());
  } else {
    recorded.logits.assign(logits.begin(), logits.end());
  }
  return recorded;
}

Judgement JudgeCrossBackend(const OpenCase& open, const Limits& limits, const std::vector<TensorValue>& actual) {
  return Conclude(kCrossBackendGate, CompareOutputs(open, open.reference, actual, limits),
                  open.model->model().Outputs(), limits);
}

Judgement JudgeGolden(const OpenCase& open, const Limits& limits, const CaseRun& run) {
  const Golden& golden = *open.golden;
  Judgement judgement =
      Conclude(kGoldenGate, CompareRecorded(open, golden, run, limits), open.model->model().Outputs(), limits);
  if (open.language && golden.summary && judgement.comparison.broken == 0 &&
      judgement.gate.verdict != Verdict::kInconclusive) {
    AddNll(open, run.result.output(), judgement.gate);
    AddHidden(open, run, limits.outputs.at(0), judgement.gate);
  }
  return judgement;
}

}  // namespace plumb
