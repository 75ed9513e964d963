#include <optional>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/reference_advice.h"
#include "client/cli/text.h"
#include "fmt/format.h"
#include "plumb/base/errno_of.h"
#include "plumb/base/status.h"
#include "plumb/client/cache.h"
#include "plumb/client/cached_releases.h"

namespace plumb::cli {
namespace {

constexpr uint64_t kSecondsPerDay = 86'400;
constexpr uint64_t kDaysMax = 36'500;

struct NoFlags {};

struct PruneFlags {
  bool all = false;
  std::optional<uint64_t> older_than_days;
};

struct RemoveFlags {
  std::string reference;
};

google::protobuf::Timestamp TimeAt(int64_t seconds) {
  google::protobuf::Timestamp time;
  time.set_seconds(seconds);
  return time;
}

Json ReleaseJson(const CachedRelease& release) {
  return {{"model", release.model},
          {"version", release.version},
          {"digest", release.digest.ToString()},
          {"files", release.files},
          {"bytes", release.bytes},
          {"files_here", release.files_here},
          {"bytes_here", release.bytes_here},
          {"used_at", FormatTimeRfc3339(TimeAt(release.used_at))}};
}

Json UsageJson(const Cache& cache, const CacheUsage& usage) {
  return {{"path", cache.path()}, {"files", usage.files}, {"bytes", usage.bytes}, {"releases", usage.releases}};
}

absl::Status RunShow(Context& context, const NoFlags& /*flags*/) {
  PLUMB_ASSIGN_OR_RETURN(Cache cache, context.OpenCache());
  PLUMB_ASSIGN_OR_RETURN(CacheUsage usage, cache.Usage());
  if (context.output().json()) {
    context.output().PrintJson(UsageJson(cache, usage));
    return absl::OkStatus();
  }
  Table table({{""}, {""}});
  table.AddRow({"Path", cache.path()});
  table.AddRow({"Size", FormatBytes(usage.bytes)});
  table.AddRow({"Files", fmt::to_string(usage.files)});
  table.AddRow({"Releases", fmt::to_string(usage.releases)});
  context.output().PrintTable(table);
  return absl::OkStatus();
}

absl::Status RunPrune(Context& context, const PruneFlags& flags) {
  if (!flags.all && !flags.older_than_days.has_value()) {
    return UsageError("what should go? expected --all or --older-than DAYS", "plumb cache prune [flags]");
  }
  if (flags.older_than_days.value_or(0) > kDaysMax) {
    return UsageError(fmt::format("--older-than is {}; expected at most {} days", *flags.older_than_days, kDaysMax));
  }
  PLUMB_ASSIGN_OR_RETURN(Cache cache, context.OpenCache());
  absl::StatusOr<CacheUsage> pruned = cache.Prune(flags.all ? 0 : *flags.older_than_days * kSecondsPerDay);
  if (!pruned.ok()) return AsLocalStorage(pruned.status());
  const CacheUsage& gone = *pruned;
  if (context.output().json()) {
    context.output().PrintJson(UsageJson(cache, gone));
  } else {
    context.output().PrintText(fmt::format("Removed {} and {}, {}", Count(gone.files, "file"),
                                           Count(gone.releases, "release"), FormatBytes(gone.bytes)));
  }
  return absl::OkStatus();
}

absl::Status RunList(Context& context, const NoFlags& /*flags*/) {
  PLUMB_ASSIGN_OR_RETURN(Cache cache, context.OpenCache());
  PLUMB_ASSIGN_OR_RETURN(std::vector<CachedRelease> releases, ListCachedReleases(cache));
  Output& output = context.output();
  if (output.json()) {
    Json json = {{"path", cache.path()}, {"releases", Json::array()}};
    for (const CachedRelease& release : releases) json["releases"].push_back(ReleaseJson(release));
    output.PrintJson(json);
    return absl::OkStatus();
  }
  Table table({{"DIGEST"},
               {"SIZE", Align::kRight},
               {"HERE"},
               {.header = "LAST USED", .drop = 1},
               {.header = "RELEASE", .fit = Fit::kMiddle}});
  for (const CachedRelease& release : releases) {
    const bool complete = release.files_here == release.files;
    table.AddRow({release.digest.Short(), FormatBytes(release.bytes_here),
                  complete ? "all" : fmt::format("{} of {}", release.files_here, Count(release.files, "file")),
                  FormatTime(TimeAt(release.used_at)), fmt::format("{}@{}", release.model, release.version)});
  }
  output.PrintTable(table);
  if (releases.empty()) output.Note("The cache knows no release; `plumb pull` fills it.");
  return absl::OkStatus();
}

// The release of the cache that `argument` names; a model's name alone is enough where it has one release here.
absl::StatusOr<CachedRelease> FindCached(Context& context, const Cache& cache, const std::string& argument) {
  PLUMB_ASSIGN_OR_RETURN(Reference reference, ParseReferenceArgument(argument));
  PLUMB_ASSIGN_OR_RETURN(std::vector<CachedRelease> releases, ListCachedReleases(cache));
  std::erase_if(releases, [&](const CachedRelease& release) { return release.model != reference.model; });
  const bool named = !reference.version.empty() || !reference.tag.empty() || !reference.digest_hex.empty();
  if (named) {
    PLUMB_ASSIGN_OR_RETURN(ConnectionOptions options, context.OptionsFor(reference.registry));
    std::unique_ptr<Connection> offline = Connection::Offline(options.registry);
    offline->RememberIn(&cache);
    absl::StatusOr<KnownRelease> known = RecallRelease(*offline, reference);
    std::erase_if(releases, [&](const CachedRelease& release) {
      const bool meant = known.ok() ? release.digest == known->digest : release.version == reference.version;
      return !meant;
    });
  }
  if (releases.size() == 1) return releases.front();
  std::string message = fmt::format("{} is no release in the cache", argument);
  if (!releases.empty()) message = fmt::format("{} may be one of {} releases in the cache", argument, releases.size());
  return WithMend(NotFound(message), "plumb cache list");
}

absl::Status RunRemove(Context& context, const RemoveFlags& flags) {
  PLUMB_ASSIGN_OR_RETURN(Cache cache, context.OpenCache());
  PLUMB_ASSIGN_OR_RETURN(CachedRelease release, FindCached(context, cache, flags.reference));
  absl::StatusOr<CacheUsage> gone = RemoveCachedRelease(cache, release.digest);
  if (!gone.ok()) return AsLocalStorage(gone.status());
  if (context.output().json()) {
    Json json = UsageJson(cache, *gone);
    json["digest"] = release.digest.ToString();
    context.output().PrintJson(json);
  } else {
    context.output().PrintText(fmt::format("Removed {}@{} from the cache: {}, {}; pulled folders stay", release.model,
                                           release.version, Count(gone->files, "file"), FormatBytes(gone->bytes)));
  }
  return absl::OkStatus();
}

absl::Status RunPath(Context& context, const NoFlags& /*flags*/) {
  const std::string& path = context.settings().cache_folder;
  if (path.empty())
    return UsageError(
        "no place for the cache is known; set HOME, "
        "XDG_CACHE_HOME or PLUMB_CACHE");
  if (context.output().json()) {
    context.output().PrintJson({{"path", path}});
  } else {
    context.output().PrintVerbatim(path);
  }
  return absl::OkStatus();
}

}  // namespace

void RegisterCache(Command& root, Action* action) {
  Command cache = AddCommand(root, action, "cache", "See and empty the cache", std::make_shared<NoFlags>(), &RunShow);
  cache.Group(kMachineCommands);
  AddCommand(cache, action, "show", "How much the cache holds", std::make_shared<NoFlags>(), &RunShow).Group(kCommands);
  AddCommand(cache, action, "path", "Where the cache is", std::make_shared<NoFlags>(), &RunPath).Group(kCommands);
  AddCommand(cache, action, "list", "Which releases are here, with size and last use", std::make_shared<NoFlags>(),
             &RunList)
      .Group(kCommands);
  auto remove_flags = std::make_shared<RemoveFlags>();
  Command remove = AddCommand(cache, action, "rm", "Remove one release from the cache; pulled folders stay",
                              remove_flags, &RunRemove);
  remove.Group(kCommands);
  remove.Argument("REF", &remove_flags->reference, "A release that `plumb cache list` names").Required();
  remove.Examples("  plumb cache rm acme/tiny@v1\n");
  auto flags = std::make_shared<PruneFlags>();
  Command prune =
      AddCommand(cache, action, "prune", "Remove what is in the cache; pulled folders stay", flags, &RunPrune);
  prune.Group(kCommands);
  Option all = prune.Flag("--all", &flags->all, "Everything");
  prune.Value("--older-than", "DAYS", &flags->older_than_days, "What was not used for so long").Excludes(all);
  cache.Examples(
      "  plumb cache\n"
      "  plumb cache list\n"
      "  plumb cache rm acme/tiny@v1\n"
      "  plumb cache prune --older-than 30\n");
}

}  // namespace plumb::cli
