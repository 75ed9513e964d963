#include "plumb/client/model_diff.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "client/library/beside_weights.h"
#include "client/library/lone_pairs.h"
#include "client/library/model_side.h"
#include "client/library/same_files.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/comparison/axes.h"
#include "plumb/naming/tensor_pairs.h"

namespace plumb {
namespace {

constexpr int kThreads = 2;

std::string WordsOf(const PairLayout& layout) {
  return layout.words.empty() ? "stored alike" : fmt::format("{}", fmt::join(layout.words, ", "));
}

// Compares pairs on a few threads, the next one wherever one is done.
class PairsRun {
 public:
  PairsRun(const ModelSide& a, const ModelSide& b, const std::vector<TensorPair>& pairs, const Operation& operation)
      : a_(a), b_(b), pairs_(pairs), operation_(operation), found_(pairs.size()) {
    progress_ = {.phase = "diff", .item = {}, .done_bytes = 0, .total_bytes = 0};
    for (const TensorPair& pair : pairs) progress_.total_bytes += BytesOf(pair);
  }

  absl::StatusOr<std::vector<DiffedPair>> Run() {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([this] { Work(); });
    for (std::thread& thread : threads) thread.join();
    PLUMB_RETURN_IF_ERROR(error_);
    return std::move(found_);
  }

 private:
  uint64_t BytesOf(const TensorPair& pair) const { return b_.tensors[pair.b]->size_bytes(); }

  void Work() {
    for (size_t i = next_++; i < pairs_.size(); i = next_++) {
      absl::Status status = Compare(pairs_[i], &found_[i]);
      a_.files.source->Release(*a_.tensors[pairs_[i].a]);
      b_.files.source->Release(*b_.tensors[pairs_[i].b]);
      std::lock_guard lock(mutex_);
      progress_.item = a_.tensors[pairs_[i].a]->name;
      progress_.done_bytes += BytesOf(pairs_[i]);
      operation_.Report(progress_);
      if (!status.ok() && error_.ok()) error_ = Annotate(status, progress_.item);
      if (!error_.ok()) return;
    }
  }

  absl::StatusOr<ValueComparison> CompareAs(const TensorPair& pair, const PairLayout& layout) const {
    return CompareValues(a_.At(pair.a, layout.a), b_.At(pair.b, layout.b),
                         [this](uint64_t) { return operation_.Check(); });
  }

  // The comparison under one of the layouts that may hold as well; nullopt when it does not.
  absl::StatusOr<std::optional<ValueComparison>> Try(const TensorPair& pair, const PairLayout& layout) const {
    PLUMB_ASSIGN_OR_RETURN(bool alike, LookAlike(a_.At(pair.a, layout.a), b_.At(pair.b, layout.b)));
    if (!alike) return std::nullopt;
    PLUMB_ASSIGN_OR_RETURN(ValueComparison found, CompareAs(pair, layout));
    return found.finding <= Finding::kWithinBounds ? std::optional(found) : std::nullopt;
  }

  absl::Status Compare(const TensorPair& pair, DiffedPair* out) const {
    out->a = a_.Described(pair.a);
    out->b = b_.Described(pair.b);
    out->role = pair.role;
    out->layout = pair.layout.words;
    out->shapes_differ = pair.shapes_differ;
    if (pair.shapes_differ) return CompareKernels(pair, out);
    PLUMB_ASSIGN_OR_RETURN(out->values, CompareAs(pair, pair.layout));
    // Types that are no numbers have no other layout either.
    if (out->explained() || !out->values.measured) {
      out->remark = RemarkOn(*out);
      return absl::OkStatus();
    }
    for (const PairLayout& candidate : pair.candidates) {
      PLUMB_ASSIGN_OR_RETURN(std::optional<ValueComparison> found, Try(pair, candidate));
      if (!found) continue;
      out->values = *found;
      out->layout = candidate.words;
      return absl::OkStatus();
    }
    for (const PairLayout& mistake : pair.mistakes) {
      PLUMB_ASSIGN_OR_RETURN(std::optional<ValueComparison> found, Try(pair, mistake));
      if (!found) continue;
      out->remark = fmt::format("the same values if {}; by the names it is {}", WordsOf(mistake), WordsOf(pair.layout));
      return absl::OkStatus();
    }
    out->remark = pair.candidates.empty() ? RemarkOn(*out) : "how many heads there are, neither side says";
    return absl::OkStatus();
  }

  // Kernels of convolutions, whose axes every framework orders in its way.
  absl::Status CompareKernels(const TensorPair& pair, DiffedPair* out) const {
    PLUMB_ASSIGN_OR_RETURN(
        std::optional<TurnedComparison> turned,
        CompareTurned(a_.At(pair.a), b_.At(pair.b), [this](uint64_t) { return operation_.Check(); }));
    out->remark = turned ? "" : "shapes differ";
    if (!turned) return absl::OkStatus();
    out->shapes_differ = false;
    out->values = turned->values;
    out->layout = {turned->words};
    return absl::OkStatus();
  }

  static std::string RemarkOn(const DiffedPair& pair) {
    const ValueComparison& values = pair.values;
    if (pair.explained()) return "";
    if (values.finding == Finding::kNotCompared) return "not numbers, or rows too long to turn round";
    if (values.finding == Finding::kNoBound) return "how far these types may be off is not known";
    if (!values.measured) return "the bytes differ";
    if (values.both_quantised) return "within what quantising two ways may leave";
    return values.different == 0 ? "equal as float32, not in all bits" : "";
  }

  const ModelSide& a_;
  const ModelSide& b_;
  const std::vector<TensorPair>& pairs_;
  const Operation& operation_;
  std::atomic<size_t> next_{0};
  std::vector<DiffedPair> found_;
  std::mutex mutex_;  // Guards what follows.
  Progress progress_;
  absl::Status error_;
};

std::vector<DiffedTensor> DescribedAt(const ModelSide& side, const std::vector<size_t>& indices) {
  std::vector<DiffedTensor> tensors;
  for (size_t index : indices) tensors.push_back(side.Described(index));
  return tensors;
}

// The weights that a side cannot give; one that the other has under that name is not only there.
std::vector<DiffedUnreadable> UnreadableOf(const TensorSource& side, const TensorSource& other,
                                           std::vector<DiffedTensor>* only_other) {
  std::vector<DiffedUnreadable> found;
  const std::vector<UnreadableTensor> others = UnreadableIn(other);
  for (const UnreadableTensor& tensor : UnreadableIn(side)) {
    if (!tensor.weight) continue;
    const auto same_name = [&](const auto& each) { return each.name == tensor.name; };
    const bool both_unreadable = std::any_of(others.begin(), others.end(), same_name);
    found.push_back({tensor, both_unreadable || other.Find(tensor.name) != nullptr});
    std::erase_if(*only_other, same_name);
  }
  return found;
}

// Of files that are equal nothing has to be read again.
ModelDiff IdenticalModels(const ModelSide& a, const ModelSide& b) {
  ModelDiff diff{.a = a.Described(), .b = b.Described()};
  diff.identical = true;
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    DiffedPair& pair = diff.pairs.emplace_back(DiffedPair{.a = a.Described(i), .b = b.Described(i)});
    pair.role = pair.a.name;
    pair.values = {.finding = Finding::kEqual, .measured = true, .elements = a.tensors[i]->element_count()};
  }
  return diff;
}

absl::StatusOr<ModelDiff> DiffWeights(const ModelSide& a, const ModelSide& b, const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(const bool identical, HaveSameFiles(*a.files.source, *b.files.source, operation));
  if (identical) return IdenticalModels(a, b);
  Pairing pairing = PairTensors(a.named(), b.named());
  ModelDiff diff{.a = a.Described(), .b = b.Described()};
  PLUMB_ASSIGN_OR_RETURN(diff.pairs, PairsRun(a, b, pairing.pairs, operation).Run());
  PLUMB_RETURN_IF_ERROR(PairLones(a, b, operation, &pairing, &diff.pairs));
  PLUMB_ASSIGN_OR_RETURN(diff.folded, IsFolded(a, b, operation, pairing));
  diff.only_a = DescribedAt(a, pairing.only_a);
  diff.only_b = DescribedAt(b, pairing.only_b);
  diff.computed_a = DescribedAt(a, pairing.computed_a);
  diff.computed_b = DescribedAt(b, pairing.computed_b);
  diff.unread_a = UnreadableOf(*a.files.source, *b.files.source, &diff.only_b);
  diff.unread_b = UnreadableOf(*b.files.source, *a.files.source, &diff.only_a);
  return diff;
}

}  // namespace

ModelVerdict ModelDiff::WeightsVerdict() const {
  if (identical) return ModelVerdict::kSame;
  bool undecided = false;
  for (const DiffedPair& pair : pairs) {
    undecided |= pair.undecided();
    if (!pair.explained() && !pair.undecided()) return ModelVerdict::kDiffers;
  }
  for (const std::vector<DiffedUnreadable>* side : {&unread_a, &unread_b}) {
    for (const DiffedUnreadable& each : *side) {
      if (!each.other_has) return ModelVerdict::kDiffers;
      undecided = true;
    }
  }
  if (folded) return ModelVerdict::kUndecided;
  if ((pairs.empty() && !undecided) || !only_a.empty() || !only_b.empty()) return ModelVerdict::kDiffers;
  return undecided ? ModelVerdict::kUndecided : ModelVerdict::kSame;
}

ModelVerdict ModelDiff::verdict() const {
  const ModelVerdict weights = WeightsVerdict();
  if (weights != ModelVerdict::kSame || computation.empty()) return weights;
  return computation.changed.empty() ? ModelVerdict::kUndecided : ModelVerdict::kOtherComputation;
}

absl::StatusOr<ModelDiff> DiffModels(const std::string& a_path, const std::string& b_path, const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(ModelFiles a_files, OpenModelFiles(a_path, operation));
  PLUMB_ASSIGN_OR_RETURN(ModelFiles b_files, OpenModelFiles(b_path, operation));
  const ModelSide a(std::move(a_files));
  const ModelSide b(std::move(b_files));
  PLUMB_ASSIGN_OR_RETURN(ModelDiff diff, DiffWeights(a, b, operation));
  if (diff.verdict() == ModelVerdict::kSame) diff.computation = DifferenceBeside(a.files, b.files);
  return diff;
}

}  // namespace plumb
