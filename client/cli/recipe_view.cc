#include "client/cli/recipe_view.h"

#include <optional>
#include <vector>

#include "client/cli/text.h"
#include "client/cli/views.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/document/recipe.h"
#include "plumb/document/recipe_check.h"

namespace plumb::cli {
namespace {

const char* SeverityName(Severity severity) { return severity == Severity::kError ? "error" : "warning"; }

template <typename Value>
Json OrNull(const std::optional<Value>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

void AddFigure(Table* table, const char* name, const std::optional<uint64_t>& value) {
  if (value.has_value()) table->AddRow({"#", name, fmt::to_string(*value)});
}

void AddFigure(Table* table, const char* name, const std::optional<double>& value) {
  if (value.has_value()) table->AddRow({"#", name, fmt::format("{:.6g}", *value)});
}

Table FigureTable(const DerivedFigures& figures) {
  Table table({{""}, {""}, {"", Align::kRight}});
  AddFigure(&table, "parameters", figures.parameters);
  AddFigure(&table, "d_head", figures.d_head);
  AddFigure(&table, "steps", figures.steps);
  AddFigure(&table, "tokens", figures.tokens);
  AddFigure(&table, "tokens_per_parameter", figures.tokens_per_parameter);
  AddFigure(&table, "warmup_steps", figures.warmup_steps);
  AddFigure(&table, "warmup_tokens", figures.warmup_tokens);
  AddFigure(&table, "output_std", figures.output_std);
  return table;
}

Json FiguresJson(const DerivedFigures& figures) {
  return {{"parameters", OrNull(figures.parameters)},
          {"d_head", OrNull(figures.d_head)},
          {"steps", OrNull(figures.steps)},
          {"tokens", OrNull(figures.tokens)},
          {"tokens_per_parameter", OrNull(figures.tokens_per_parameter)},
          {"warmup_steps", OrNull(figures.warmup_steps)},
          {"warmup_tokens", OrNull(figures.warmup_tokens)},
          {"output_std", OrNull(figures.output_std)}};
}

}  // namespace

std::string RecipeSummary(const v1::Recipe& recipe) {
  DerivedFigures figures = DeriveFigures(recipe);
  std::string text = recipe.name();
  auto add = [&](const std::string& piece) { text += (text.empty() ? "" : ", ") + piece; };
  if (recipe.architecture().family().has_value()) add(recipe.architecture().family().value());
  if (figures.parameters.has_value()) add(fmt::format("{} parameters", *figures.parameters));
  if (figures.steps.has_value()) add(fmt::format("{} steps", *figures.steps));
  if (figures.tokens.has_value()) add(fmt::format("{} tokens", *figures.tokens));
  if (figures.tokens_per_parameter.has_value()) add(fmt::format("{:.2f} per parameter", *figures.tokens_per_parameter));
  return text.empty() ? "present" : text;
}

absl::Status PrintRecipe(Output& output, const v1::Manifest& manifest) {
  PLUMB_ASSIGN_OR_RETURN(std::string yaml, RenderRecipe(manifest.recipe()));
  if (yaml.ends_with('\n')) yaml.pop_back();
  output.PrintVerbatim(yaml);
  std::vector<Finding> findings = CheckRecipe(manifest.recipe(), {});
  output.PrintText("\n# What follows from these values:");
  output.PrintTable(FigureTable(DeriveFigures(manifest.recipe())));
  if (findings.empty()) {
    output.PrintText("# Nothing disagrees.");
    return absl::OkStatus();
  }
  output.PrintText("# What disagrees:");
  for (const Finding& finding : findings) {
    output.PrintText(
        fmt::format("# {}: {}: {}", SeverityName(finding.severity), finding.field, Sanitise(finding.message)),
        finding.severity == Severity::kError ? Colour::kRed : Colour::kYellow);
  }
  return absl::OkStatus();
}

Json RecipeReportJson(const v1::Manifest& manifest) {
  if (!manifest.has_recipe()) return nullptr;
  std::vector<Finding> findings = CheckRecipe(manifest.recipe(), {});
  Json json = {{"recipe", ManifestJson(manifest)["recipe"]},
               {"derived", FiguresJson(DeriveFigures(manifest.recipe()))},
               {"findings", Json::array()}};
  for (const Finding& finding : findings) {
    json["findings"].push_back({{"severity", SeverityName(finding.severity)},
                                {"field", finding.field},
                                {"stated", finding.stated},
                                {"derived", finding.derived},
                                {"message", finding.message}});
  }
  return json;
}

}  // namespace plumb::cli
