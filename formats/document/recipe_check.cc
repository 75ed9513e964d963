#include "plumb/document/recipe_check.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Real numbers, and integers that were visibly rounded, may be off by this part of themselves.
constexpr double kTolerance = 0.01;
// An integer this large with at most three digits before its zeros counts as rounded.
constexpr int64_t kRoundedFrom = 1'000'000;

bool Near(double stated, double derived) { return std::abs(stated - derived) <= kTolerance * std::abs(derived); }

bool LooksRounded(int64_t value) {
  if (value < kRoundedFrom) return false;
  while (value % 10 == 0) value /= 10;
  return value < 1000;
}

// Collects the findings of one recipe.
class Checker {
 public:
  // Compares a stated integer with what follows; nothing when either is missing.
  void Compare(std::string_view field, const v1::Integer& stated, std::optional<uint64_t> derived,
               std::string_view from) {
    if (!stated.has_value() || !derived) return;
    const int64_t value = stated.value();
    if (value >= 0 && static_cast<uint64_t>(value) == *derived) return;
    if (LooksRounded(value) && Near(static_cast<double>(value), static_cast<double>(*derived))) return;
    Add(Severity::kError, field, fmt::format("{}", value), fmt::format("{}", *derived), from);
  }

  void Compare(std::string_view field, const v1::Number& stated, std::optional<double> derived, std::string_view from,
               Severity severity) {
    if (!stated.has_value() || !derived || Near(stated.value(), *derived)) return;
    Add(severity, field, fmt::format("{}", stated.value()), fmt::format("{:.6g}", *derived), from);
  }

  void Add(Severity severity, std::string_view field, std::string stated, std::string derived, std::string_view from) {
    std::string message = fmt::format("{} is stated as {}, but {} gives {}", field, stated, from, derived);
    findings_.push_back(Finding{.severity = severity,
                                .field = std::string(field),
                                .stated = std::move(stated),
                                .derived = std::move(derived),
                                .message = std::move(message)});
  }

  std::vector<Finding> Take() {
    std::stable_sort(findings_.begin(), findings_.end(),
                     [](const Finding& a, const Finding& b) { return a.field < b.field; });
    return std::move(findings_);
  }

 private:
  std::vector<Finding> findings_;
};

void CheckShape(const v1::Architecture& shape, const DerivedFigures& figures, Checker* checker) {
  checker->Compare("architecture.parameters", shape.parameters(), figures.parameters, "the architecture");
  checker->Compare("architecture.d_head", shape.d_head(), figures.d_head, "d_model / n_heads");
  const v1::Integer& width = shape.d_model();
  const v1::Integer& heads = shape.n_heads();
  const bool both = width.has_value() && heads.has_value() && heads.value() > 0;
  if (both && !shape.d_head().has_value() && width.value() % heads.value() != 0) {
    checker->Add(Severity::kWarning, "architecture.n_heads", fmt::format("{}", heads.value()), "no whole width",
                 fmt::format("d_model = {}", width.value()));
  }
}

void CheckFacts(const v1::Architecture& shape, const DerivedFigures& figures, const RecipeFacts& facts,
                Checker* checker) {
  static constexpr std::string_view kConfig = "the model's configuration";
  checker->Compare("architecture.n_layers", shape.n_layers(), facts.n_layers, kConfig);
  checker->Compare("architecture.d_model", shape.d_model(), facts.d_model, kConfig);
  checker->Compare("architecture.n_heads", shape.n_heads(), facts.n_heads, kConfig);
  checker->Compare("architecture.d_ffn", shape.d_ffn(), facts.d_ffn, kConfig);
  checker->Compare("architecture.vocab_size", shape.vocab_size(), facts.vocab_size, kConfig);
  checker->Compare("architecture.max_seq_len", shape.max_seq_len(), facts.max_seq_len, kConfig);
  checker->Compare("architecture.parameters", shape.parameters(), facts.parameters, "a count of the weights");
  // Without a stated count the shape itself must agree with the weights.
  if (!shape.parameters().has_value() && figures.parameters && facts.parameters &&
      *figures.parameters != *facts.parameters) {
    checker->Add(Severity::kError, "architecture", fmt::format("{} parameters", *figures.parameters),
                 fmt::format("{}", *facts.parameters), "a count of the weights");
  }
}

void CheckTotals(const v1::Recipe& recipe, const DerivedFigures& figures, Checker* checker) {
  const v1::Totals& totals = recipe.totals();
  checker->Compare("totals.steps", totals.steps(), figures.steps, "the last batch segment");
  checker->Compare("totals.tokens", totals.tokens(), figures.tokens, "the sum over the batch segments");
  checker->Compare("totals.tokens_per_parameter", totals.tokens_per_parameter(), figures.tokens_per_parameter,
                   "tokens / parameters", Severity::kError);
  checker->Compare("totals.warmup_tokens", totals.warmup_tokens(), figures.warmup_tokens,
                   "the warm-up's steps times their batch");
  if (recipe.schedule().empty()) return;
  const v1::Integer& schedule_end = recipe.schedule(recipe.schedule_size() - 1).to_step();
  if (schedule_end.has_value()) {
    const int index = recipe.schedule_size() - 1;
    checker->Compare(fmt::format("schedule[{}].to_step", index), schedule_end, figures.steps, "the last batch segment");
  }
}

void CheckBatches(const v1::Recipe& recipe, Checker* checker) {
  for (int i = 0; i < recipe.batch_size(); ++i) {
    const v1::BatchSegment& batch = recipe.batch(i);
    const int64_t sequences = batch.sequences().value();
    const int64_t seq_len = batch.seq_len().value();
    int64_t tokens = 0;
    if (sequences > 0 && seq_len > 0 && !__builtin_mul_overflow(sequences, seq_len, &tokens)) {
      checker->Compare(fmt::format("batch[{}].tokens", i), batch.tokens(), tokens, "sequences * seq_len");
    }
    const v1::Integer& positions = recipe.architecture().max_seq_len();
    if (positions.has_value() && seq_len > positions.value()) {
      checker->Add(Severity::kWarning, fmt::format("batch[{}].seq_len", i), fmt::format("{}", seq_len),
                   fmt::format("at most {}", positions.value()), "architecture.max_seq_len");
    }
  }
}

void CheckCheckpoints(const v1::Recipe& recipe, const DerivedFigures& figures, Checker* checker) {
  for (int i = 0; i < recipe.checkpoints_size(); ++i) {
    const v1::Integer& step = recipe.checkpoints(i).step();
    if (!figures.steps || step.value() <= static_cast<int64_t>(*figures.steps)) continue;
    checker->Add(Severity::kError, fmt::format("checkpoints[{}].step", i), fmt::format("{}", step.value()),
                 fmt::format("at most {}", *figures.steps), "the last batch segment");
  }
}

}  // namespace

std::vector<Finding> CheckRecipe(const v1::Recipe& recipe, const RecipeFacts& facts) {
  const DerivedFigures figures = DeriveFigures(recipe);
  Checker checker;
  CheckShape(recipe.architecture(), figures, &checker);
  CheckFacts(recipe.architecture(), figures, facts, &checker);
  CheckTotals(recipe, figures, &checker);
  CheckBatches(recipe, &checker);
  CheckCheckpoints(recipe, figures, &checker);
  checker.Compare("init.output_std", recipe.init().output_std(), figures.output_std,
                  "the rule init.std / sqrt(2 * n_layers)", Severity::kWarning);
  return checker.Take();
}

absl::Status RequireNoErrors(const std::vector<Finding>& findings, std::string_view name) {
  std::vector<std::string_view> errors;
  for (const Finding& finding : findings) {
    if (finding.severity == Severity::kError) errors.push_back(finding.message);
  }
  if (errors.empty()) return absl::OkStatus();
  return WithErrorClass(
      FailedPrecondition(fmt::format("{} contradicts itself or the model: {}", name, fmt::join(errors, "; "))),
      ErrorClass::kPolicy);
}

}  // namespace plumb
