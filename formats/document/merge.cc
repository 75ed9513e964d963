#include "plumb/document/merge.h"

#include <algorithm>

#include "formats/document/tree.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Trees are at most limits::kJsonDepthMax deep.
void Collect(const Tree& tree, std::vector<std::string>* models) {
  for (size_t i = 0; i < tree.items.size(); ++i) {
    const Tree& item = tree.items[i];
    const bool names = tree.kind == Tree::Kind::kMap &&
                       (tree.keys[i] == "model" || tree.keys[i] == "base_model" || tree.keys[i] == "source_model");
    if (names && item.kind == Tree::Kind::kScalar) {
      if (std::find(models->begin(), models->end(), item.scalar) == models->end()) models->push_back(item.scalar);
      continue;
    }
    Collect(item, models);
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ReadMergedModels(std::string_view text, std::string_view name) {
  PLUMB_ASSIGN_OR_RETURN(const Tree tree, ParseYamlTree(text, name, YamlAliases::kToText));
  std::vector<std::string> models;
  Collect(tree, &models);
  return models;
}

}  // namespace plumb
