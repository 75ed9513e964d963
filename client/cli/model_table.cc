#include "client/cli/model_table.h"

#include "client/cli/text.h"
#include "client/cli/views.h"
#include "fmt/format.h"

namespace plumb::cli {

void PrintModels(Output& output, const std::vector<v1::Model>& models) {
  if (output.json()) {
    Json json = {{"models", Json::array()}};
    for (const v1::Model& model : models) json["models"].push_back(ModelJson(model));
    output.PrintJson(json);
    return;
  }
  Table table({{.header = "MODEL", .fit = Fit::kMiddle},
               {.header = "NEWEST", .fit = Fit::kMiddle, .min = 10},
               {.header = "RELEASES", .align = Align::kRight, .drop = 3},
               {.header = "LICENCE", .fit = Fit::kEnd},
               {.header = "UPDATED", .drop = 2},
               {.header = "TITLE", .fit = Fit::kEnd, .drop = 1}});
  for (const v1::Model& model : models) {
    table.AddRow({{model.name(), Colour::kBold},
                  model.newest_version(),
                  fmt::to_string(model.release_count()),
                  model.license(),
                  FormatTime(model.updated_at()),
                  model.card().title()});
  }
  output.PrintTable(table);
}

}  // namespace plumb::cli
