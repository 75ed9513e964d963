#include "client/library/folder_json.h"

#include "client/library/folder_text.h"
#include "plumb/base/limits.h"
#include "plumb/base/python_json.h"

namespace plumb {

std::optional<nlohmann::json> ReadFolderJson(const Directory& folder, const PublishPlan& plan,
                                             const std::string& path) {
  if (!plan.Has(path)) return std::nullopt;
  absl::StatusOr<std::string> text = ReadText(folder, path, limits::kConfigBytesMax);
  if (!text.ok()) return std::nullopt;
  std::string_view body = *text;
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  absl::StatusOr<nlohmann::json> json = ParsePythonJson(body, path);
  if (!json.ok() || !json->is_object()) return std::nullopt;
  return *std::move(json);
}

std::string FirstText(const nlohmann::json& object, const std::string& key) {
  auto value = object.find(key);
  if (value == object.end()) return "";
  if (value->is_string()) return value->get<std::string>();
  return value->is_array() && !value->empty() && value->front().is_string() ? value->front().get<std::string>() : "";
}

}  // namespace plumb
