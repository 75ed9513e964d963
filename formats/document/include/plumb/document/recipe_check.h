// Recomputes what a recipe's numbers imply and compares.
//
// Security property: a recipe without an error does not contradict itself, the weights or the
// configuration it was compared with. It does not show that the training took place, nor
// that it took place as written.
#ifndef PLUMB_DOCUMENT_RECIPE_CHECK_H_
#define PLUMB_DOCUMENT_RECIPE_CHECK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "plumb/v1/recipe.pb.h"

namespace plumb {

// What is known from elsewhere; leave out what is not.
struct RecipeFacts {
  // Elements of all tensors of the weights, tied tensors once.
  std::optional<uint64_t> parameters;
  // From the model's config.json.
  std::optional<uint64_t> n_layers;
  std::optional<uint64_t> d_model;
  std::optional<uint64_t> n_heads;
  std::optional<uint64_t> d_ffn;
  std::optional<uint64_t> vocab_size;
  std::optional<uint64_t> max_seq_len;
};

enum class Severity {
  kWarning,  // Departs from a rule that a sound recipe may depart from.
  kError,    // Contradicts itself, the weights or the configuration.
};

// One disagreement between a stated value and the value that follows from others.
struct Finding {
  Severity severity = Severity::kWarning;
  std::string field;    // `totals.tokens`
  std::string stated;   // As the recipe has it.
  std::string derived;  // As it follows.
  std::string message;  // Both values, and what the second follows from.
};

// Values that follow from a recipe; absent when something they need is absent or unknown.
struct DerivedFigures {
  std::optional<uint64_t> parameters;  // Of the gpt2 family with tied embeddings and learned positions.
  std::optional<uint64_t> d_head;
  std::optional<uint64_t> steps;   // End of the last batch segment.
  std::optional<uint64_t> tokens;  // Sum over the batch segments.
  std::optional<double> tokens_per_parameter;
  std::optional<uint64_t> warmup_steps;  // Length of a first schedule segment that rises.
  std::optional<uint64_t> warmup_tokens;
  std::optional<double> output_std;  // 0.02-like `init.std` over sqrt(2 * n_layers).
};

// Computes what follows from `recipe`; an overflow leaves the figure absent. Thread-safe.
DerivedFigures DeriveFigures(const v1::Recipe& recipe);

// Compares every stated value with the one that follows, and with `facts`. Integers must be
// equal; real numbers may differ by one part in a hundred, as they are usually rounded. An
// absent or unknown value is never a finding. Ordered by field. Thread-safe.
std::vector<Finding> CheckRecipe(const v1::Recipe& recipe, const RecipeFacts& facts);

// OK when no finding is an error; else FAILED_PRECONDITION with ErrorClass::kPolicy that
// lists the errors. `name` is the recipe's file, for the message.
absl::Status RequireNoErrors(const std::vector<Finding>& findings, std::string_view name);

}  // namespace plumb

#endif  // PLUMB_DOCUMENT_RECIPE_CHECK_H_
