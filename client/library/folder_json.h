// JSON files of a folder that is being published, read for what they say in passing.
#ifndef PLUMB_CLIENT_LIBRARY_FOLDER_JSON_H_
#define PLUMB_CLIENT_LIBRARY_FOLDER_JSON_H_

#include <optional>
#include <string>

#include "client/library/publish_plan.h"
#include "nlohmann/json.hpp"

namespace plumb {

// The object in a planned file; nullopt when there is none, or it cannot be read: whoever needs it says so.
std::optional<nlohmann::json> ReadFolderJson(const Directory& folder, const PublishPlan& plan, const std::string& path);

// The text under `key`, or the first of a list of texts; empty when there is none.
std::string FirstText(const nlohmann::json& object, const std::string& key);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_FOLDER_JSON_H_
