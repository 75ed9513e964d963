#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/model_table.h"
#include "client/cli/reference_advice.h"
#include "client/cli/text.h"
#include "client/cli/views.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb::cli {
namespace {

struct ListFlags {
  std::string argument;
  bool checkpoints = false;
  bool tags = false;
};

Table ReleaseTable(const std::vector<v1::Release>& releases) {
  Table table({{.header = "VERSION", .fit = Fit::kMiddle, .min = 16},
               {.header = "KIND", .drop = 2},
               {"SIZE", Align::kRight},
               {.header = "LICENCE", .fit = Fit::kEnd, .drop = 3},
               {.header = "PUBLISHED", .drop = 1},
               {"DIGEST"},
               {.header = "TAGS", .min = 12}});
  for (const v1::Release& release : releases) {
    std::string tags = fmt::format("{}", fmt::join(release.tags(), ", "));
    if (release.yanked()) tags += (tags.empty() ? "" : "  ") + fmt::format("yanked: {}", release.yank_reason());
    table.AddRow({{release.version(), Colour::kBold},
                  std::string(KindName(release.kind())),
                  FormatBytes(release.size_bytes()),
                  release.license(),
                  FormatTime(release.published_at()),
                  ShortDigest(release.digest()),
                  {tags, release.yanked() ? Colour::kYellow : Colour::kNone}});
  }
  return table;
}

// `all` holds the model's other releases too, so that parents can be called by
// their version.
Table CheckpointTable(const std::vector<v1::Release>& checkpoints, const std::vector<v1::Release>& all) {
  std::map<std::string, std::string> version_of;
  for (const v1::Release& release : all) version_of[release.digest()] = release.version();
  Table table({{"STEP", Align::kRight},
               {"LOSS", Align::kRight},
               {.header = "VERSION", .fit = Fit::kMiddle, .min = 12},
               {.header = "PARENT", .fit = Fit::kMiddle, .drop = 2, .min = 12},
               {.header = "SIZE", .align = Align::kRight, .drop = 1},
               {"DIGEST"},
               {.header = "TAGS", .min = 8}});
  for (const v1::Release& release : checkpoints) {
    auto parent = version_of.find(release.parent_digest());
    std::string tags = fmt::format("{}", fmt::join(release.tags(), ", "));
    if (release.yanked()) tags += tags.empty() ? "yanked" : "  yanked";
    table.AddRow({fmt::to_string(release.checkpoint().step()),
                  LossText(release.checkpoint()),
                  {release.version(), Colour::kBold},
                  parent == version_of.end() ? ShortDigest(release.parent_digest()) : parent->second,
                  FormatBytes(release.size_bytes()),
                  ShortDigest(release.digest()),
                  tags});
  }
  return table;
}

void PrintReleases(Output& output, const std::string& model, const std::vector<v1::Release>& all, bool checkpoints) {
  std::vector<v1::Release> releases = all;
  if (checkpoints) {
    std::erase_if(releases, [](const v1::Release& release) { return release.kind() != v1::KIND_CHECKPOINT; });
    std::stable_sort(releases.begin(), releases.end(), [](const v1::Release& a, const v1::Release& b) {
      return a.checkpoint().step() < b.checkpoint().step();
    });
  }
  if (output.json()) {
    Json json = {{"model", model}, {"releases", Json::array()}};
    for (const v1::Release& release : releases) json["releases"].push_back(ReleaseJson(release));
    output.PrintJson(json);
    return;
  }
  output.PrintTable(checkpoints ? CheckpointTable(releases, all) : ReleaseTable(releases));
  if (releases.empty()) output.Note(fmt::format("{} has no {}", model, checkpoints ? "checkpoints" : "releases"));
}

absl::Status PrintTags(Output& output, Connection& connection, const std::string& model) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<v1::Tag> tags, ListTags(connection, model));
  if (output.json()) {
    Json json = {{"model", model}, {"tags", Json::array()}};
    for (const v1::Tag& tag : tags) json["tags"].push_back(TagJson(tag));
    output.PrintJson(json);
    return absl::OkStatus();
  }
  Table table({{.header = "TAG", .fit = Fit::kMiddle},
               {.header = "VERSION", .fit = Fit::kMiddle},
               {"DIGEST"},
               {.header = "REVISION", .align = Align::kRight, .fit = Fit::kWhole, .drop = 1}});
  for (const v1::Tag& tag : tags) {
    table.AddRow(
        {{tag.name(), Colour::kBold}, tag.version(), ShortDigest(tag.digest()), fmt::to_string(tag.revision())});
  }
  output.PrintTable(table);
  if (tags.empty()) output.Note(model + " has no tags");
  return absl::OkStatus();
}

absl::Status ListOneModel(Context& context, const Reference& reference, const ListFlags& flags) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(reference.registry));
  if (flags.tags) {
    absl::Status status = PrintTags(context.output(), *connection, reference.model);
    return absl::IsNotFound(status) ? WithMend(status, "plumb list") : status;
  }
  absl::StatusOr<std::vector<v1::Release>> releases = ListReleases(*connection, reference.model, v1::KIND_UNSPECIFIED);
  if (releases.ok() && !releases->empty()) {
    PrintReleases(context.output(), reference.model, *releases, flags.checkpoints);
    return absl::OkStatus();
  }
  if (!releases.ok() && !absl::IsNotFound(releases.status())) return releases.status();
  // No such model: perhaps the start of names.
  PLUMB_ASSIGN_OR_RETURN(std::vector<v1::Model> models, ListModels(*connection, reference.model));
  if (models.empty() || flags.checkpoints) {
    return ExplainUnknown(*connection, {.registry = reference.registry, .model = reference.model},
                          NotFound(fmt::format("{} has no model {}", connection->registry(), reference.model)));
  }
  PrintModels(context.output(), models);
  return absl::OkStatus();
}

absl::Status RunList(Context& context, const ListFlags& flags) {
  if (absl::StatusOr<Reference> reference = ParseReference(flags.argument); reference.ok()) {
    return ListOneModel(context, *reference, flags);
  }
  if (flags.checkpoints || flags.tags) {
    return UsageError(fmt::format("--{} needs a model: namespace/name", flags.tags ? "tags" : "checkpoints"),
                      "plumb list [flags] namespace/name");
  }
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(""));
  PLUMB_ASSIGN_OR_RETURN(std::vector<v1::Model> models, ListModels(*connection, flags.argument));
  PrintModels(context.output(), models);
  if (models.empty()) {
    context.output().Note(flags.argument.empty() ? "The registry is empty. Try: plumb publish "
                                                   "NAMESPACE/NAME@VERSION DIR"
                                                 : fmt::format("No model's name starts with \"{}\"", flags.argument));
  }
  return absl::OkStatus();
}

}  // namespace

void RegisterList(Command& root, Action* action) {
  auto flags = std::make_shared<ListFlags>();
  Command command =
      AddCommand(root, action, "list", "List models, or a model's releases, checkpoints or tags", flags, &RunList);
  command.Alias("ls");
  command.Group(kRegistryCommands);
  command.Argument("PREFIX|REF", &flags->argument, "The start of models' names, or one model");
  command.Flag("--checkpoints", &flags->checkpoints, "The model's checkpoints by step, with loss and parent");
  command.Flag("--tags", &flags->tags, "The model's tags");
  command.Examples(
      "  plumb list\n"
      "  plumb list acme/\n"
      "  plumb list acme/tiny\n"
      "  plumb list acme/tiny --checkpoints\n");
}

}  // namespace plumb::cli
