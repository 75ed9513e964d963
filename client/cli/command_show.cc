#include <optional>
#include <string>

#include "client/cli/card_view.h"
#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/recipe_view.h"
#include "client/cli/release_changes.h"
#include "client/cli/release_reader.h"
#include "client/cli/text.h"
#include "client/cli/views.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

struct ShowFlags {
  std::string argument;
  bool recipe = false;
  bool files = false;
  bool tags = false;
  bool manifest = false;
  bool changes = false;
  std::string since;

  bool shows_changes() const { return changes || !since.empty(); }
};

void AddIf(Table* table, const std::string& name, const std::string& value) {
  if (!value.empty()) table->AddRow({{name, Colour::kDim}, value});
}

std::string ParentText(const v1::Manifest& manifest) {
  if (!manifest.has_lineage()) return "";
  const std::string& reference = manifest.lineage().parent_reference();
  std::string digest = ShortDigest(manifest.lineage().parent_digest());
  return reference.empty() ? digest : fmt::format("{}  ({})", reference, digest);
}

std::string CheckpointText(const v1::Manifest& manifest) {
  if (!manifest.has_checkpoint()) return "";
  std::string text = fmt::format("step {}", manifest.checkpoint().step());
  if (manifest.checkpoint().has_loss()) text += ", loss " + LossText(manifest.checkpoint());
  if (manifest.checkpoint().tokens_seen() > 0)
    text += fmt::format(", {} tokens seen", manifest.checkpoint().tokens_seen());
  return text;
}

void PrintCard(Output& output, const ReleaseReader& reader) {
  const v1::Manifest& manifest = reader.stored().manifest;
  output.PrintText(fmt::format("{}@{}", manifest.model(), manifest.version()), Colour::kBold);
  if (!manifest.card().title().empty()) output.PrintText(manifest.card().title());
  if (!manifest.card().description().empty()) {
    output.PrintText(manifest.card().description(), Colour::kNone, /*hang=*/0);
  }
  output.PrintText("");
  Table table({{""}, {""}});
  AddIf(&table, "Digest", reader.stored().digest.ToString());
  AddIf(&table, "Kind", DescribeKind(manifest));
  AddIf(&table, "Licence", manifest.license().empty() ? "none stated" : manifest.license());
  AddIf(&table, "Size",
        fmt::format("{} in {}", FormatBytes(TotalBytes(manifest)), Count(manifest.files_size(), "file")));
  AddIf(&table, "Checkpoint", CheckpointText(manifest));
  AddIf(&table, "Parent", ParentText(manifest));
  if (reader.release().has_value()) {
    AddIf(&table, "Published",
          fmt::format("{} UTC by {}", FormatTime(reader.release()->published_at()), reader.release()->published_by()));
    AddIf(&table, "Tags", fmt::format("{}", fmt::join(reader.release()->tags(), ", ")));
  }
  AddIf(&table, "Formats", fmt::format("{}", fmt::join(FormatsOf(manifest), ", ")));
  AddCardFacts(&table, WithFacts(manifest.card(), manifest.facts()));
  for (const v1::SmokeCase& smoke_case : manifest.smoke_cases()) {
    AddIf(&table, "Smoke case",
          fmt::format("{} on {}, recorded by {}", smoke_case.name(), smoke_case.weights_path(),
                      smoke_case.recorded_by()));
  }
  if (manifest.has_recipe()) AddIf(&table, "Recipe", RecipeSummary(manifest.recipe()));
  output.PrintTable(table);
}

Json ShowJson(const ReleaseReader& reader, const ShowFlags& flags) {
  const v1::Manifest& manifest = reader.stored().manifest;
  Json json;
  if (reader.release().has_value()) {
    json = ReleaseJson(*reader.release());
  } else {
    json = {{"model", manifest.model()},
            {"version", manifest.version()},
            {"digest", reader.stored().digest.ToString()},
            {"kind", KindName(manifest.kind())},
            {"bytes", TotalBytes(manifest)},
            {"file_count", manifest.files_size()},
            {"license", manifest.license()}};
  }
  json["formats"] = FormatsOf(manifest);
  json["card"] = CardJson(manifest.card());
  json["facts"] = FactsJson(manifest.facts());
  if (flags.manifest) json["manifest"] = ManifestJson(manifest);
  if (flags.recipe) json["recipe"] = RecipeReportJson(manifest);
  if (flags.files) {
    json["files"] = Json::array();
    for (const v1::File& file : manifest.files()) json["files"].push_back(FileJson(file, /*with_tensors=*/false));
  }
  return json;
}

absl::Status RunShow(Context& context, const ShowFlags& flags) {
  Output& output = context.output();
  PLUMB_ASSIGN_OR_RETURN(ReleaseReader reader, ReleaseReader::Open(context, flags.argument));
  if (reader.release().has_value() && reader.release()->yanked()) {
    output.Warn("this release was yanked: " + reader.release()->yank_reason());
  }
  if (flags.recipe && !reader.stored().manifest.has_recipe()) {
    return NotFound(
        fmt::format("{}@{} has no recipe", reader.stored().manifest.model(), reader.stored().manifest.version()));
  }
  if (flags.tags && !reader.release().has_value()) {
    return UsageError(
        "--tags needs a reference: a folder does not know what "
        "points to its release");
  }
  std::optional<ReleaseChanges> changes;
  if (flags.shows_changes()) {
    PLUMB_ASSIGN_OR_RETURN(changes, ChangesSince(context, reader, flags.since));
  }
  if (output.json()) {
    Json json = ShowJson(reader, flags);
    if (changes.has_value()) json["changes"] = ChangesJson(*changes);
    output.PrintJson(json);
    return absl::OkStatus();
  }
  if (changes.has_value()) PrintChanges(output, *changes);
  if (flags.manifest) output.PrintVerbatim(DumpJson(ManifestJson(reader.stored().manifest), /*pretty=*/true));
  if (flags.recipe) PLUMB_RETURN_IF_ERROR(PrintRecipe(output, reader.stored().manifest));
  if (flags.files) output.PrintTable(FileTable(reader.stored().manifest));
  if (flags.tags) {
    for (const std::string& tag : reader.release()->tags()) output.PrintText(tag);
  }
  const bool asked = flags.manifest || flags.recipe || flags.files || flags.tags || flags.shows_changes();
  if (!asked) PrintCard(output, reader);
  return absl::OkStatus();
}

}  // namespace

void RegisterShow(Command& root, Action* action) {
  auto flags = std::make_shared<ShowFlags>();
  Command command = AddCommand(root, action, "show", "Say what a release is", flags, &RunShow);
  command.Group(kModelCommands);
  command.Argument("REF|DIR", &flags->argument, "A reference, or a folder that `plumb pull` made").Required();
  command.Flag("--recipe", &flags->recipe, "The recipe, with what follows from it and what disagrees");
  command.Flag("--files", &flags->files, "The files");
  command.Flag("--tags", &flags->tags, "The tags that point to it");
  command.Flag("--manifest", &flags->manifest, "The whole manifest, as JSON");
  command.Flag(
      "--changes", &flags->changes,
      "What changed since its parent, else the release before it: licence, configuration files key by key, card");
  command.Value("--since", "REF|DIR", &flags->since, "What changed since this release");
  command.Examples(
      "  plumb show acme/tiny\n"
      "  plumb show acme/tiny@v1 --recipe\n"
      "  plumb show acme/tiny@v2 --changes\n"
      "  plumb show ./tiny --manifest\n");
}

}  // namespace plumb::cli
