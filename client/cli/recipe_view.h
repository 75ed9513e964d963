// Recipes as people and programs read them.
#ifndef PLUMB_CLIENT_CLI_RECIPE_VIEW_H_
#define PLUMB_CLIENT_CLI_RECIPE_VIEW_H_

#include <string>

#include "absl/status/status.h"
#include "client/cli/json.h"
#include "client/cli/output.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb::cli {

// One line: what was trained, on how much.
std::string RecipeSummary(const v1::Recipe& recipe);

// The recipe as YAML, then what follows from it and what disagrees, as YAML
// comments. REQUIRES: has a recipe.
absl::Status PrintRecipe(Output& output, const v1::Manifest& manifest);

// {"recipe": ..., "derived": {...}, "findings": [...]}; null without a recipe.
Json RecipeReportJson(const v1::Manifest& manifest);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_RECIPE_VIEW_H_
