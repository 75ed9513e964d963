// The part of a folder's record that says how the folder came to be (docs/release-folder.md).
#ifndef PLUMB_CLIENT_LIBRARY_FOLDER_HISTORY_H_
#define PLUMB_CLIENT_LIBRARY_FOLDER_HISTORY_H_

#include <string>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "plumb/base/names.h"
#include "plumb/client/release_folder.h"

namespace plumb {

// Adds what is known to the object `record`.
void RenderHistory(const FolderHistory& history, nlohmann::json* record);
// The inverse; what is not there stays empty. DATA_LOSS for what nobody wrote: a path or digest that is none.
absl::StatusOr<FolderHistory> ParseHistory(const nlohmann::json& record);

// `@version`, `:tag`, `@sha256:hex` or nothing.
std::string SelectorOf(const Reference& reference);

// RFC 3339, UTC, to the second.
std::string NowText();

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_FOLDER_HISTORY_H_
