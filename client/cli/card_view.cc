#include "client/cli/card_view.h"

#include "client/cli/markdown.h"
#include "client/cli/views.h"
#include "fmt/format.h"
#include "fmt/ranges.h"

namespace plumb::cli {
namespace {

void AddIf(Table* table, const char* name, const std::string& value) {
  if (!value.empty()) table->AddRow({{name, Colour::kDim}, value});
}

// What the release says, which is what Plumb goes by, else what the card says.
std::string License(const CardText& card, const ModelCard& parsed) {
  if (card.manifest.has_value() && !card.manifest->license().empty()) return card.manifest->license();
  std::string text = parsed.license;
  if (!parsed.license_name.empty()) text += fmt::format(" ({})", parsed.license_name);
  return text.empty() ? "none stated" : text;
}

}  // namespace

v1::Card WithFacts(v1::Card card, const v1::ReleaseFacts& facts) {
  if (card.pipeline().empty()) card.set_pipeline(facts.task());
  if (card.library().empty()) card.set_library(facts.library());
  if (card.base_model().empty() && !facts.base_models().empty()) card.set_base_model(facts.base_models(0).name());
  return card;
}

void AddCardFacts(Table* table, const v1::Card& card) {
  AddIf(table, "Task", card.pipeline());
  AddIf(table, "Library", card.library());
  AddIf(table, "Base model", card.base_model());
  AddIf(table, "Languages", fmt::format("{}", fmt::join(card.languages(), ", ")));
  AddIf(table, "Labels", fmt::format("{}", fmt::join(card.tags(), ", ")));
}

void PrintCardText(Output& output, const CardText& card, const ModelCard& parsed) {
  output.PrintText(card.name, Colour::kBold);
  Table facts({{""}, {""}});
  AddIf(&facts, "Licence", License(card, parsed));
  AddIf(&facts, "", parsed.license_link);
  AddCardFacts(&facts, parsed.card);
  AddIf(&facts, "Datasets", fmt::format("{}", fmt::join(parsed.datasets, ", ")));
  output.PrintTable(facts);
  output.PrintText("");
  for (const StyledText& line : RenderMarkdown(parsed.body, output.width_out())) {
    output.PrintVerbatim(line.text, line.text.empty() ? Colour::kNone : line.colour);
  }
}

Json CardTextJson(const CardText& card, const ModelCard& parsed) {
  return {{"name", card.name},
          {"license", card.manifest.has_value() ? card.manifest->license() : parsed.license},
          {"license_name", parsed.license_name},
          {"license_link", parsed.license_link},
          {"card", CardJson(parsed.card)},
          {"datasets", parsed.datasets},
          {"body", parsed.body}};
}

}  // namespace plumb::cli
