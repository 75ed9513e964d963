#include "client/cli/release_changes.h"

#include "client/cli/config_view.h"
#include "client/cli/error_report.h"
#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"
#include "plumb/manifest/manifest.h"

namespace plumb::cli {
namespace {

std::string NameOf(const v1::Manifest& manifest) { return fmt::format("{}@{}", manifest.model(), manifest.version()); }

// A reference to the release that `release` is compared with when nobody says with which.
absl::StatusOr<std::string> Earlier(Context& context, const ReleaseReader& release) {
  const v1::Manifest& manifest = release.stored().manifest;
  const Reference model = {.registry = release.registry(), .model = manifest.model()};
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(model.registry));
  PLUMB_ASSIGN_OR_RETURN(std::vector<v1::Release> releases,
                         ListReleases(*connection, manifest.model(), v1::KIND_UNSPECIFIED));
  std::string before;
  for (const v1::Release& each : releases) {
    Reference reference = model;
    reference.version = each.version();
    if (manifest.has_lineage() && each.digest() == manifest.lineage().parent_digest()) {
      return RenderReference(reference);
    }
    if (each.version() == manifest.version()) break;
    before = RenderReference(reference);
  }
  // The parent may be a release of another model.
  if (before.empty() && !manifest.lineage().parent_reference().empty()) return manifest.lineage().parent_reference();
  if (!before.empty()) return before;
  return WithMend(
      NotFound(fmt::format("{} is the first release of its model: there is none to compare it with", NameOf(manifest))),
      "plumb diff A B    (compares any two)");
}

// Gives what differs: a file with the same SHA-256 on both sides counts as one that is not there.
TextReader ReaderOf(Context& context, const ReleaseReader& release, const ReleaseReader& other) {
  return [&context, &release, &other](const std::string& path) -> absl::StatusOr<std::string> {
    const v1::File* file = FindFile(release.stored().manifest, path);
    const v1::File* same = FindFile(other.stored().manifest, path);
    if (file == nullptr) return NotFound(path);
    if (same != nullptr && same->sha256() == file->sha256()) return NotFound(path);
    return release.ReadText(context, path, limits::kConfigBytesMax);
  };
}

}  // namespace

absl::StatusOr<ReleaseChanges> ChangesSince(Context& context, const ReleaseReader& release, const std::string& since) {
  std::string argument = since;
  if (argument.empty()) {
    PLUMB_ASSIGN_OR_RETURN(argument, Earlier(context, release));
  }
  PLUMB_ASSIGN_OR_RETURN(ReleaseReader earlier, ReleaseReader::Open(context, argument));
  ReleaseChanges changes = {.since = NameOf(earlier.stored().manifest),
                            .until = NameOf(release.stored().manifest),
                            .old_license = earlier.stored().manifest.license(),
                            .new_license = release.stored().manifest.license(),
                            .configs = {}};
  PLUMB_ASSIGN_OR_RETURN(changes.configs,
                         DiffConfigs(ReaderOf(context, earlier, release), ReaderOf(context, release, earlier)));
  return changes;
}

void PrintChanges(Output& output, const ReleaseChanges& changes) {
  output.PrintText(fmt::format("{} since {}:", changes.until, changes.since), Colour::kBold);
  if (changes.old_license != changes.new_license) {
    const auto named = [](const std::string& license) { return license.empty() ? "none stated" : license; };
    output.PrintText(
        fmt::format("The licence was {} and is {}.", named(changes.old_license), named(changes.new_license)),
        Colour::kYellow);
  }
  output.PrintTable(ConfigTable(changes.configs, "BEFORE", "NOW"));
  if (changes.configs.empty()) output.PrintText("The configuration files and the card's facts are the same.");
}

Json ChangesJson(const ReleaseChanges& changes) {
  return {{"since", changes.since},
          {"until", changes.until},
          {"license", {{"a", changes.old_license}, {"b", changes.new_license}}},
          {"config", ConfigJson(changes.configs)}};
}

}  // namespace plumb::cli
