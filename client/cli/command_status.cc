#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/argument.h"
#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/text.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/client/folder_status.h"
#include "plumb/client/release_folder.h"
#include "plumb/content/digest.h"

namespace plumb::cli {
namespace {

// Files named in one line.
constexpr size_t kNamedFilesMax = 10;

struct StatusFlags {
  std::string folder;
  bool quick = false;
};

absl::StatusOr<FolderState> StateOf(Context& context, const ReleaseFolder& folder, const StatusFlags& flags) {
  if (flags.quick) return LookAtFolder(folder);
  PLUMB_ASSIGN_OR_RETURN(VerifyResult result, VerifyFolder(flags.folder, context.LongOperation()));
  context.output().ClearProgress();
  FolderState state;
  for (const FileVerdict& file : result.files) {
    if (!file.ok) (file.present ? state.changed : state.missing).push_back(file.path);
  }
  return state;
}

// What the registry says now; nothing, with a warning, when it cannot be asked.
std::optional<ReleaseNews> NewsOf(Context& context, const ReleaseFolder& folder) {
  const bool stays_offline = context.settings().offline;
  absl::StatusOr<ReleaseNews> news = Unavailable("plumb is told to stay offline");
  if (!stays_offline) {
    absl::StatusOr<std::unique_ptr<Connection>> connection = context.Connect(folder.history().registry);
    news = connection.ok() ? AskForNews(**connection, folder) : connection.status();
  }
  if (news.ok()) return *std::move(news);
  context.output().Warn(fmt::format("whether there is a newer release is not known: {}", Message(news.status())));
  return std::nullopt;
}

Json ReleaseNameJson(const std::optional<v1::Release>& release) {
  if (!release.has_value()) return nullptr;
  absl::StatusOr<Digest> digest = Digest::FromBytes(release->digest());
  return {{"version", release->version()}, {"digest", digest.ok() ? digest->ToString() : ""}};
}

Json StatusJson(const ReleaseFolder& folder, const FolderState& state, const std::vector<std::string>& extra,
                const std::optional<ReleaseNews>& news) {
  const v1::Manifest& manifest = folder.manifest().manifest;
  Json json = {{"model", manifest.model()},
               {"version", manifest.version()},
               {"digest", folder.manifest().digest.ToString()},
               {"registry", folder.history().registry},
               {"pulled_as", folder.history().selector},
               {"pulled_at", folder.history().pulled_at},
               {"complete", folder.selected().size() == static_cast<size_t>(manifest.files_size())},
               {"modified", !state.missing.empty() || !state.changed.empty()},
               {"missing", state.missing},
               {"changed", state.changed},
               {"extra", extra},
               {"outdated", nullptr},
               {"followed", nullptr},
               {"newest", nullptr},
               {"yanked", nullptr},
               {"yank_reason", nullptr}};
  if (!news.has_value()) return json;
  json["outdated"] = news->outdated;
  json["followed"] = news->followed;
  json["newest"] = ReleaseNameJson(news->newest);
  if (!news->own.has_value()) return json;
  json["yanked"] = news->own->yanked();
  json["yank_reason"] = news->own->yank_reason();
  return json;
}

std::string Names(const std::vector<std::string>& paths) {
  const std::vector<std::string> first(paths.begin(), paths.begin() + std::min(paths.size(), kNamedFilesMax));
  std::string names = fmt::format("{}", fmt::join(first, ", "));
  if (paths.size() > kNamedFilesMax) names += fmt::format(", and {} more", paths.size() - kNamedFilesMax);
  return names;
}

std::string NewestText(const ReleaseFolder& folder, const ReleaseNews& news) {
  if (!news.newest.has_value()) return fmt::format("{} means nothing there any more", news.followed);
  if (!news.outdated) return fmt::format("up to date: {} is this release", news.followed);
  return fmt::format("outdated: {} is {}@{} now", news.followed, folder.manifest().manifest.model(),
                     news.newest->version());
}

void Print(Output& output, const ReleaseFolder& folder, const FolderState& state, const std::vector<std::string>& extra,
           const std::optional<ReleaseNews>& news) {
  const v1::Manifest& manifest = folder.manifest().manifest;
  const FolderHistory& history = folder.history();
  Table table({{""}, {""}});
  table.AddRow({"Release", {fmt::format("{}@{}", manifest.model(), manifest.version()), Colour::kBold}});
  table.AddRow({"Digest", folder.manifest().digest.ToString()});
  if (!history.registry.empty()) table.AddRow({"From", history.registry + ", " + history.pulled_at});
  const auto all = static_cast<size_t>(manifest.files_size());
  table.AddRow({"Files", folder.selected().size() == all
                             ? fmt::format("all {}", all)
                             : fmt::format("{} of {} were pulled", folder.selected().size(), all)});
  const bool as_pulled = state.missing.empty() && state.changed.empty();
  if (as_pulled) table.AddRow({"Bytes", {"as published", Colour::kGreen}});
  if (!state.changed.empty()) table.AddRow({"Changed", {Names(state.changed), Colour::kRed}});
  if (!state.missing.empty()) table.AddRow({"Missing", {Names(state.missing), Colour::kRed}});
  if (!extra.empty()) table.AddRow({"Not of it", Names(extra)});
  if (news.has_value()) table.AddRow({"Newest", NewestText(folder, *news)});
  output.PrintTable(table);
  if (!news.has_value()) return;
  if (!news->own.has_value()) output.Warn("the registry does not know this release any more");
  if (news->own.has_value() && news->own->yanked()) {
    output.Warn(fmt::format("this release was yanked: {}", news->own->yank_reason()));
  }
}

absl::Status RunStatus(Context& context, const StatusFlags& flags) {
  PLUMB_RETURN_IF_ERROR(RequireFolder(flags.folder, "status"));
  absl::StatusOr<ReleaseFolder> folder = ReleaseFolder::Open(flags.folder);
  if (absl::IsNotFound(folder.status())) return WithMend(folder.status(), "plumb pull REF " + flags.folder);
  PLUMB_RETURN_IF_ERROR(folder.status());
  PLUMB_ASSIGN_OR_RETURN(FolderState state, StateOf(context, *folder, flags));
  const std::vector<std::string> extra = ExtraFiles(*folder);
  const std::optional<ReleaseNews> news = NewsOf(context, *folder);
  if (context.output().json()) {
    context.output().PrintJson(StatusJson(*folder, state, extra, news));
    return absl::OkStatus();
  }
  Print(context.output(), *folder, state, extra, news);
  if (news.has_value() && news->outdated) {
    context.output().Note(fmt::format("plumb pull {} {}    brings it up to date", news->followed, flags.folder));
  }
  return absl::OkStatus();
}

}  // namespace

void RegisterStatus(Command& root, Action* action) {
  auto flags = std::make_shared<StatusFlags>();
  Command command = AddCommand(root, action, "status",
                               "Say which release a folder holds, whether it is as published, and whether there is a "
                               "newer one",
                               flags, &RunStatus);
  command.Group(kModelCommands);
  command.Argument("DIR", &flags->folder, "A folder that `plumb pull` made").Required();
  command.Flag("--quick", &flags->quick, "Look at names and sizes only; the files are not read");
  command.Examples(
      "  plumb status ./tiny\n"
      "  plumb status ./tiny --json | jq .outdated\n"
      "\nAsks the registry that the folder was pulled from what the tag that was asked for, or the model's name, "
      "means\n"
      "now. All of it is a result: the exit code is 0.\n");
}

}  // namespace plumb::cli
