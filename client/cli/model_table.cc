#include "client/cli/model_table.h"

#include <algorithm>
#include <utility>

#include "client/cli/text.h"
#include "client/cli/views.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/path.h"

namespace plumb::cli {

namespace {

template <typename Strings>
std::string Joined(const Strings& strings) {
  return fmt::format("{}", fmt::join(strings, " "));
}

}  // namespace

std::vector<std::string> MatchedFields(const v1::Model& model, const std::vector<std::string>& words) {
  const v1::Card& card = model.card();
  const std::pair<const char*, std::string> fields[] = {{"name", model.name()},
                                                        {"title", card.title()},
                                                        {"task", card.pipeline()},
                                                        {"library", card.library()},
                                                        {"base model", card.base_model()},
                                                        {"label", Joined(card.tags())},
                                                        {"language", Joined(card.languages())},
                                                        {"licence", model.license()},
                                                        {"kind", Joined(model.kinds())},
                                                        {"format", Joined(model.formats())},
                                                        {"publisher", Joined(model.publishers())},
                                                        {"description", card.description()}};
  std::vector<std::string> matched;
  for (const auto& [name, text] : fields) {
    const std::string folded = FoldPath(text);  // As the server compares.
    // `field:text` looks for the text in one field.
    const auto holds = [&](const std::string& word) {
      const size_t colon = word.find(':');
      const std::string part = colon == word.npos || colon + 1 == word.size() ? word : word.substr(colon + 1);
      return folded.find(FoldPath(part)) != folded.npos;
    };
    if (std::any_of(words.begin(), words.end(), holds)) matched.emplace_back(name);
  }
  return matched;
}

void PrintModels(Output& output, const std::vector<v1::Model>& models, const std::vector<std::string>& words) {
  if (output.json()) {
    Json json = {{"models", Json::array()}};
    for (const v1::Model& model : models) {
      json["models"].push_back(ModelJson(model));
      if (!words.empty()) json["models"].back()["matched"] = MatchedFields(model, words);
    }
    output.PrintJson(json);
    return;
  }
  std::vector<Column> columns = {{.header = "MODEL", .fit = Fit::kMiddle},
                                 {.header = "NEWEST", .fit = Fit::kMiddle, .min = 10},
                                 {.header = "RELEASES", .align = Align::kRight, .drop = 4},
                                 {.header = "LICENCE", .fit = Fit::kEnd},
                                 {.header = "UPDATED", .drop = 3},
                                 {.header = "TITLE", .fit = Fit::kEnd, .drop = words.empty() ? 1 : 2}};
  if (!words.empty()) columns.push_back({.header = "FOUND IN", .fit = Fit::kWrap, .drop = 1, .min = 12});
  Table table(std::move(columns));
  for (const v1::Model& model : models) {
    std::vector<Cell> cells = {{model.name(), Colour::kBold},         model.newest_version(),
                               fmt::to_string(model.release_count()), model.license(),
                               FormatTime(model.updated_at()),        model.card().title()};
    if (!words.empty()) cells.emplace_back(fmt::format("{}", fmt::join(MatchedFields(model, words), ", ")));
    table.AddRow(std::move(cells));
  }
  output.PrintTable(table);
}

}  // namespace plumb::cli
