// Recipes as text. docs/recipe.md describes the format with a full example.
#ifndef PLUMB_DOCUMENT_RECIPE_H_
#define PLUMB_DOCUMENT_RECIPE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/v1/recipe.pb.h"

namespace plumb {

// What a document is, by its keys.
enum class RecipeForm {
  kOwn,    // It has `schema_version`, or keys that only Plumb's own form has.
  kFlat,   // What a training script wrote down: `steps`, `batch_size`, ... and no `schema_version`.
  kOther,  // Another tool's.
};

// INVALID_ARGUMENT as ParseRecipe for text that is no map of keys to values.
absl::StatusOr<RecipeForm> RecipeFormOf(std::string_view text, std::string_view name);

// Reads a recipe from YAML or JSON, in Plumb's own form (its keys are the fields of
// v1::Recipe) or in the flat form that training scripts write (`steps`, `batch_size`,
// `lr_max`, ... at the top). The result satisfies ValidateRecipe. INVALID_ARGUMENT when the
// text is longer than limits::kRecipeBytesMax, not UTF-8, not acceptable YAML or JSON, holds
// a key that no field has, a value of the wrong type or a value without provenance, or is of
// Plumb's own form without `schema_version`; the message says where. The flat form keeps keys it does not know in
// `extra`. `name` is for messages. Thread-safe.
absl::StatusOr<v1::Recipe> ParseRecipe(std::string_view text, std::string_view name);

// Writes a recipe as YAML in Plumb's own form. ParseRecipe reads back an equal message. Fails
// as ValidateRecipe does. Thread-safe.
absl::StatusOr<std::string> RenderRecipe(const v1::Recipe& recipe);

// OK when `recipe` is well formed: schema version 1; every value set, finite, and either
// unknown or with provenance; text in UTF-8 without control characters; digests of 64
// lower-case hexadecimal digits; schedule and batch contiguous from step 0; checkpoints
// ascending; at most limits::kRecipeBytesMax. Says nothing about whether the values are true:
// that is CheckRecipe. INVALID_ARGUMENT names the field.
absl::Status ValidateRecipe(const v1::Recipe& recipe);

}  // namespace plumb

#endif  // PLUMB_DOCUMENT_RECIPE_H_
