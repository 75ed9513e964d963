#include "plumb/document/recipe.h"

#include <utility>

#include "fmt/format.h"
#include "formats/document/recipe_values.h"
#include "formats/document/tree.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::StatusOr<Tree> ParseTree(std::string_view text, std::string_view name) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool json = first != std::string_view::npos && text[first] == '{';
  return json ? ParseJsonTree(text, name) : ParseYamlTree(text, name);
}

absl::Status ReadOwnForm(const Tree& tree, v1::Recipe* recipe) {
  v1::Provenance fallback = v1::PROVENANCE_UNSPECIFIED;
  if (const Tree* stated = tree.Find("provenance")) {
    const std::optional<v1::Provenance> provenance = TextToProvenance(stated->scalar);
    if (!provenance) {
      return InvalidArgument("`provenance` must be `published`, `measured`, `derived` or `assumed`");
    }
    fallback = *provenance;
  }
  return ReadRecipeMessage(tree, fallback, "", recipe);
}

}  // namespace

absl::StatusOr<v1::Recipe> ParseRecipe(std::string_view text, std::string_view name) {
  if (text.size() > limits::kRecipeBytesMax) {
    return InvalidArgument(
        fmt::format("{} has {} bytes; expected at most {}", name, text.size(), limits::kRecipeBytesMax));
  }
  PLUMB_ASSIGN_OR_RETURN(const Tree tree, ParseTree(text, name));
  if (tree.kind != Tree::Kind::kMap) {
    return InvalidArgument(fmt::format("{}: a recipe must be a map of keys to values", name));
  }
  v1::Recipe recipe;
  const absl::Status read = IsFlatRecipe(tree) ? ReadFlatRecipe(tree, name, &recipe) : ReadOwnForm(tree, &recipe);
  if (!read.ok()) return Annotate(read, name);
  if (const absl::Status valid = ValidateRecipe(recipe); !valid.ok()) return Annotate(valid, name);
  return recipe;
}

}  // namespace plumb
