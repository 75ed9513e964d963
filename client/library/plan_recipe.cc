#include <filesystem>

#include "client/library/folder_text.h"
#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/document/recipe.h"
#include "plumb/document/recipe_check.h"
#include "plumb/inference/architecture.h"
#include "plumb/inference/smoke.h"

namespace plumb {
namespace {

// The recipe's text and its name; an empty name when there is none.
struct RecipeText {
  std::string name;
  std::string text;
};

absl::StatusOr<RecipeText> FindRecipe(const Directory& folder, const PublishOptions& options, const PublishPlan& plan) {
  if (!options.recipe_file.empty()) {
    PLUMB_ASSIGN_OR_RETURN(std::string text, ReadFile(options.recipe_file, limits::kRecipeBytesMax));
    return RecipeText{options.recipe_file, std::move(text)};
  }
  for (const char* name : {"recipe.yaml", "recipe.yml", "recipe.json"}) {
    if (!plan.Has(name)) continue;
    PLUMB_ASSIGN_OR_RETURN(std::string text, ReadText(folder, name, limits::kRecipeBytesMax));
    return RecipeText{name, std::move(text)};
  }
  return RecipeText{};
}

// What the folder's own model says; empty when there is none, or of an unknown architecture.
RecipeFacts FactsOf(const Directory& folder, const PublishPlan& plan) {
  RecipeFacts facts;
  for (const SmokeCase& smoke : DiscoverSmokeCases(plan.Paths())) {
    absl::StatusOr<std::string> config = ReadText(folder, smoke.config_path, limits::kConfigBytesMax);
    if (!config.ok()) continue;
    absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(*config);
    if (!model.ok()) continue;
    // PlanConfigs compares the tensors with the configuration, so that its count is theirs.
    facts.parameters = CountParameters(**model);
    facts.n_layers = (*model)->layers();
    facts.vocab_size = (*model)->vocabulary();
    break;
  }
  return facts;
}

}  // namespace

absl::Status PlanRecipe(const Directory& folder, const PublishOptions& options, const Operation& operation,
                        PublishPlan* plan) {
  PLUMB_ASSIGN_OR_RETURN(RecipeText source, FindRecipe(folder, options, *plan));
  if (source.name.empty()) return absl::OkStatus();
  absl::StatusOr<RecipeForm> form = RecipeFormOf(source.text, source.name);
  // Other tools have files of that name, written as they like.
  const bool claims_to_be_ours = source.text.find("schema_version") != source.text.npos;
  const bool foreign = form.ok() ? *form == RecipeForm::kOther : !claims_to_be_ours;
  if (foreign && options.recipe_file.empty()) {
    operation.Warn(fmt::format("{} is not understood as a recipe ({}); it is kept as a file", source.name,
                               form.ok() ? "it has no `schema_version`" : Message(form.status())));
    return absl::OkStatus();
  }
  if (form.ok() && *form == RecipeForm::kFlat) {
    operation.Warn(
        fmt::format("{} is read as the settings of a training script, keys that are not known as they "
                    "stand; Plumb's own form begins with `schema_version: 1`",
                    source.name));
  }
  absl::StatusOr<v1::Recipe> recipe = ParseRecipe(source.text, source.name);
  if (!recipe.ok()) return WithErrorClass(recipe.status(), ErrorClass::kPolicy);
  std::vector<Finding> findings = CheckRecipe(*recipe, FactsOf(folder, *plan));
  for (const Finding& finding : findings) {
    if (finding.severity == Severity::kWarning)
      operation.Warn(fmt::format("{}: {}: {}", source.name, finding.field, finding.message));
  }
  PLUMB_RETURN_IF_ERROR(RequireNoErrors(findings, source.name));
  *plan->manifest.mutable_recipe() = *std::move(recipe);
  return absl::OkStatus();
}

}  // namespace plumb
