#include <optional>
#include <string>

#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/text.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/cache.h"

namespace plumb::cli {
namespace {

constexpr uint64_t kSecondsPerDay = 86'400;
constexpr uint64_t kDaysMax = 36'500;

struct NoFlags {};

struct PruneFlags {
  bool all = false;
  std::optional<uint64_t> older_than_days;
};

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
  PLUMB_ASSIGN_OR_RETURN(CacheUsage gone, cache.Prune(flags.all ? 0 : *flags.older_than_days * kSecondsPerDay));
  if (context.output().json()) {
    context.output().PrintJson(UsageJson(cache, gone));
  } else {
    context.output().PrintText(fmt::format("Removed {} and {}, {}", Count(gone.files, "file"),
                                           Count(gone.releases, "release"), FormatBytes(gone.bytes)));
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
  auto flags = std::make_shared<PruneFlags>();
  Command prune =
      AddCommand(cache, action, "prune", "Remove what is in the cache; pulled folders stay", flags, &RunPrune);
  prune.Group(kCommands);
  Option all = prune.Flag("--all", &flags->all, "Everything");
  prune.Value("--older-than", "DAYS", &flags->older_than_days, "What was not used for so long").Excludes(all);
  cache.Examples(
      "  plumb cache\n"
      "  plumb cache prune --older-than 30\n");
}

}  // namespace plumb::cli
