#include "plumb/document/recipe.h"

#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
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

// Keys at the top that only Plumb's own form has with such values: maps and lists of its fields.
std::vector<std::string> OwnKeys(const Tree& tree) {
  std::vector<std::string> own;
  for (size_t i = 0; i < tree.items.size(); ++i) {
    const Tree& item = tree.items[i];
    if ((item.kind != Tree::Kind::kMap && item.kind != Tree::Kind::kList) || item.items.empty()) continue;
    const Tree alone{.kind = Tree::Kind::kMap, .keys = {tree.keys[i]}, .items = {item}};
    v1::Recipe recipe;
    if (ReadRecipeMessage(alone, v1::PROVENANCE_PUBLISHED, "", &recipe).ok()) own.push_back(tree.keys[i]);
  }
  return own;
}

absl::StatusOr<Tree> ParseMap(std::string_view text, std::string_view name) {
  if (text.size() > limits::kRecipeBytesMax) {
    return InvalidArgument(
        fmt::format("{} has {} bytes; expected at most {}", name, text.size(), limits::kRecipeBytesMax));
  }
  PLUMB_ASSIGN_OR_RETURN(Tree tree, ParseTree(text, name));
  if (tree.kind != Tree::Kind::kMap) {
    return InvalidArgument(fmt::format("{}: a recipe must be a map of keys to values", name));
  }
  return tree;
}

// Scripts may write a map under one of the names that both forms have; of two, or of any other, only one form does.
bool HasOwnKeys(const Tree& tree) {
  const std::vector<std::string> own = OwnKeys(tree);
  return own.size() > 1 || (own.size() == 1 && own[0] != "architecture" && own[0] != "tokenizer" &&
                            own[0] != "optimizer" && own[0] != "schedule" && own[0] != "checkpoints");
}

RecipeForm FormOf(const Tree& tree) {
  if (tree.Find("schema_version") != nullptr || HasOwnKeys(tree)) return RecipeForm::kOwn;
  return IsFlatRecipe(tree) ? RecipeForm::kFlat : RecipeForm::kOther;
}

}  // namespace

absl::StatusOr<RecipeForm> RecipeFormOf(std::string_view text, std::string_view name) {
  PLUMB_ASSIGN_OR_RETURN(const Tree tree, ParseMap(text, name));
  return FormOf(tree);
}

absl::StatusOr<v1::Recipe> ParseRecipe(std::string_view text, std::string_view name) {
  PLUMB_ASSIGN_OR_RETURN(const Tree tree, ParseMap(text, name));
  const RecipeForm form = FormOf(tree);
  if (form == RecipeForm::kOwn && tree.Find("schema_version") == nullptr) {
    return InvalidArgument(fmt::format("{} has no `schema_version`; {} {} of Plumb's own form, which begins with `{}`",
                                       name, fmt::join(OwnKeys(tree), ", "),
                                       OwnKeys(tree).size() == 1 ? "is a key" : "are keys", "schema_version: 1"));
  }
  v1::Recipe recipe;
  const absl::Status read =
      form == RecipeForm::kFlat ? ReadFlatRecipe(tree, name, &recipe) : ReadOwnForm(tree, &recipe);
  if (!read.ok()) return Annotate(read, name);
  if (const absl::Status valid = ValidateRecipe(recipe); !valid.ok()) return Annotate(valid, name);
  return recipe;
}

}  // namespace plumb
