// A recipe from a stranger: what is accepted is valid, survives rendering, and can be checked.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plumb/document/recipe.h"
#include "plumb/document/recipe_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto recipe = plumb::ParseRecipe({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!recipe.ok()) return 0;
  const auto text = plumb::RenderRecipe(*recipe);
  if (!text.ok()) std::abort();
  const auto again = plumb::ParseRecipe(*text, "rendered");
  if (!again.ok() || again->SerializeAsString() != recipe->SerializeAsString()) std::abort();
  if (plumb::CheckRecipe(*recipe, {}).size() != plumb::CheckRecipe(*again, {}).size()) std::abort();
  return 0;
}
