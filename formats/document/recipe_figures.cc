// What follows from a recipe's own numbers.
#include <cmath>

#include "plumb/document/recipe_check.h"

namespace plumb {
namespace {

// Products and sums of a recipe stay far below 2^127 as long as each factor is below 2^40.
using Wide = unsigned __int128;
constexpr uint64_t kFactorMax = 1ull << 40;

std::optional<uint64_t> Narrow(Wide value) {
  if (value > INT64_MAX) return std::nullopt;
  return static_cast<uint64_t>(value);
}

// A stated positive number small enough to multiply.
std::optional<Wide> Factor(const v1::Integer& value) {
  if (!value.has_value() || value.value() <= 0 || static_cast<uint64_t>(value.value()) > kFactorMax)
    return std::nullopt;
  return static_cast<Wide>(value.value());
}

bool IsGpt2Family(const v1::Architecture& shape) {
  const std::string& family = shape.family().value();
  return family == "gpt2" || family == "gpt3" || family == "cerebras-gpt";
}

// True unless the recipe says that the parameters are laid out in another way than GPT-2's.
bool HasGpt2Parameters(const v1::Architecture& shape) {
  const auto denied = [](const v1::Flag& flag) { return flag.kind_case() == v1::Flag::kValue && !flag.value(); };
  if (!IsGpt2Family(shape) || denied(shape.tied_embeddings()) || denied(shape.bias_qkv())) return false;
  if (denied(shape.bias_projection()) || denied(shape.bias_ffn()) || shape.bias_output().value()) return false;
  const v1::Text& position = shape.position_embedding();
  if (position.kind_case() == v1::Text::kValue && position.value() != "learned") return false;
  const v1::Integer& kv_heads = shape.n_kv_heads();
  return !kv_heads.has_value() || kv_heads.value() == shape.n_heads().value();
}

// V*d + n_pos*d + L(4d^2 + 4d + 2*d*f + f + d + 4d) + 2d: token and position tables, then in
// each layer attention with biases, the feed-forward block with biases and two layer norms,
// and the last layer norm.
std::optional<uint64_t> CountParameters(const v1::Architecture& shape) {
  if (!HasGpt2Parameters(shape)) return std::nullopt;
  const auto layers = Factor(shape.n_layers());
  const auto d = Factor(shape.d_model());
  const auto f = Factor(shape.d_ffn());
  const auto vocabulary = Factor(shape.vocab_size());
  const auto positions = Factor(shape.max_seq_len());
  if (!layers || !d || !f || !vocabulary || !positions) return std::nullopt;
  const Wide layer = 4 * *d * *d + 2 * *d * *f + *f + 9 * *d;
  if (layer > INT64_MAX) return std::nullopt;
  return Narrow((*vocabulary + *positions) * *d + *layers * layer + 2 * *d);
}

// Tokens that steps [0, `until`) saw; absent when the batch is not known that far.
std::optional<uint64_t> TokensUntil(const v1::Recipe& recipe, uint64_t until) {
  Wide total = 0;
  uint64_t reached = 0;
  for (const v1::BatchSegment& batch : recipe.batch()) {
    const auto to = Factor(batch.to_step());
    const auto sequences = Factor(batch.sequences());
    const auto seq_len = Factor(batch.seq_len());
    if (!batch.from_step().has_value() || !to || !sequences || !seq_len) return std::nullopt;
    const uint64_t end = *to < until ? static_cast<uint64_t>(*to) : until;
    if (batch.from_step().value() < 0 || static_cast<uint64_t>(batch.from_step().value()) >= end) break;
    const Wide tokens = *sequences * *seq_len;
    if (tokens > INT64_MAX) return std::nullopt;
    total += (end - batch.from_step().value()) * tokens;
    if (total > INT64_MAX) return std::nullopt;
    reached = end;
  }
  if (reached != until) return std::nullopt;
  return Narrow(total);
}

std::optional<uint64_t> WarmupSteps(const v1::Recipe& recipe) {
  if (recipe.schedule().empty()) return std::nullopt;
  const v1::ScheduleSegment& first = recipe.schedule(0);
  if (!first.lr_from().has_value() || !first.lr_to().has_value()) return std::nullopt;
  const auto end = Factor(first.to_step());
  if (!end || !first.from_step().has_value() || first.from_step().value() != 0) return std::nullopt;
  if (first.lr_from().value() >= first.lr_to().value()) return std::nullopt;
  return Narrow(*end);
}

}  // namespace

DerivedFigures DeriveFigures(const v1::Recipe& recipe) {
  DerivedFigures figures;
  const v1::Architecture& shape = recipe.architecture();
  figures.parameters = CountParameters(shape);
  const auto heads = Factor(shape.n_heads());
  const auto width = Factor(shape.d_model());
  if (heads && width && *width % *heads == 0) figures.d_head = Narrow(*width / *heads);
  if (!recipe.batch().empty()) {
    if (const auto end = Factor(recipe.batch(recipe.batch_size() - 1).to_step())) figures.steps = Narrow(*end);
  }
  if (figures.steps) figures.tokens = TokensUntil(recipe, *figures.steps);
  const auto stated_parameters = Factor(shape.parameters());
  const std::optional<uint64_t> parameters = figures.parameters  ? figures.parameters
                                             : stated_parameters ? Narrow(*stated_parameters)
                                                                 : std::nullopt;
  if (figures.tokens && parameters) {
    figures.tokens_per_parameter = static_cast<double>(*figures.tokens) / static_cast<double>(*parameters);
  }
  figures.warmup_steps = WarmupSteps(recipe);
  if (figures.warmup_steps) figures.warmup_tokens = TokensUntil(recipe, *figures.warmup_steps);
  const auto layers = Factor(shape.n_layers());
  if (IsGpt2Family(shape) && layers && recipe.init().std().has_value()) {
    figures.output_std = recipe.init().std().value() / std::sqrt(2.0 * static_cast<double>(*layers));
  }
  return figures;
}

}  // namespace plumb
