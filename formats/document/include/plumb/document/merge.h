// What a merge of models was made from.
#ifndef PLUMB_DOCUMENT_MERGE_H_
#define PLUMB_DOCUMENT_MERGE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace plumb {

// The models that a mergekit configuration names under `model` and `base_model`, at any depth, in the order of the
// text and each once. INVALID_ARGUMENT when it is no YAML that ParseRecipe would read. Bound the text's size before
// calling.
absl::StatusOr<std::vector<std::string>> ReadMergedModels(std::string_view text, std::string_view name);

}  // namespace plumb

#endif  // PLUMB_DOCUMENT_MERGE_H_
