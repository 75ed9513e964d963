#include "client/cli/config_view.h"

#include <optional>

#include "client/cli/text.h"

namespace plumb::cli {
namespace {

// Columns of a value; a chat template has thousands.
constexpr size_t kValueColumnsMax = 120;

std::string Value(const std::optional<std::string>& json) {
  if (!json.has_value()) return "-";
  return TruncateMiddle(Sanitise(*json), kValueColumnsMax);
}

Json Parsed(const std::optional<std::string>& json) {
  if (!json.has_value()) return nullptr;
  Json parsed = Json::parse(*json, nullptr, /*allow_exceptions=*/false);
  return parsed.is_discarded() ? Json(*json) : parsed;
}

}  // namespace

Table ConfigTable(const std::vector<ConfigChange>& changes, const std::string& a_title, const std::string& b_title) {
  Table table({{.header = "CONFIG", .fit = Fit::kMiddle, .min = 11},
               {.header = "KEY", .fit = Fit::kMiddle, .min = 16},
               {.header = a_title, .fit = Fit::kWrap, .min = 12},
               {.header = b_title, .fit = Fit::kWrap, .min = 12}});
  for (const ConfigChange& change : changes) {
    if (change.remark.empty()) {
      table.AddRow({change.path, {change.key, Colour::kBold}, Value(change.a), Value(change.b)});
    } else {
      table.AddRow({change.path, "", "", {change.remark, Colour::kYellow}});
    }
  }
  return table;
}

Json ConfigJson(const std::vector<ConfigChange>& changes) {
  Json json = Json::array();
  for (const ConfigChange& change : changes) {
    const bool one_sided = change.remark.empty() && change.a.has_value() != change.b.has_value();
    const char* kind = !one_sided ? "changed" : change.a.has_value() ? "removed" : "added";
    json.push_back({{"path", change.path},
                    {"key", change.key},
                    {"kind", kind},
                    {"a", Parsed(change.a)},
                    {"b", Parsed(change.b)},
                    {"remark", change.remark}});
  }
  return json;
}

}  // namespace plumb::cli
