#include "client/cli/argument.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "client/cli/error_report.h"
#include "client/cli/reference_advice.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"
#include "plumb/client/pull.h"
#include "plumb/client/release_folder.h"
#include "plumb/containers/file_roles.h"

namespace plumb::cli {
namespace {

absl::Status NotThere(const std::string& argument) {
  return NotFound(fmt::format("no such file or directory: {}", argument));
}

bool CanOnlyBeAPath(std::string_view argument) {
  return argument.starts_with('.') || argument.starts_with('/') || argument.starts_with('~') ||
         argument.ends_with('/') || !FormatOfName(argument).empty();
}

// `status`, of `argument` taken for a reference, with the other thing it may have been meant as.
absl::Status WithOtherReading(const absl::Status& status, const std::string& argument, bool parsed) {
  const bool certain = argument.find_first_of("@:") != argument.npos;
  if (certain || !(absl::IsNotFound(status) || absl::IsUnavailable(status) || !parsed)) return status;
  return Annotate(status, fmt::format("there is no file or folder {}; taken as a reference", argument));
}

absl::StatusOr<NamedRelease> Find(Context& context, const Reference& reference) {
  NamedRelease found;
  found.reference = reference;
  PLUMB_ASSIGN_OR_RETURN(found.connection, context.ConnectFor(reference));
  PLUMB_ASSIGN_OR_RETURN(found.release, ResolveReference(*found.connection, reference));
  PLUMB_ASSIGN_OR_RETURN(found.digest, Digest::FromBytes(found.release.digest()));
  if (std::string warning = NamesakeWarning(reference, found.release); !warning.empty()) context.output().Warn(warning);
  return found;
}

bool IsComplete(Context& context, const std::string& folder) {
  absl::StatusOr<ReleaseFolder> release = ReleaseFolder::Open(folder);
  if (!release.ok()) return false;
  const auto files = static_cast<size_t>(release->manifest().manifest.files_size());
  if (release->selected().size() != files) return false;
  absl::StatusOr<VerifyResult> verified = VerifyFolder(folder, context.LongOperation());
  return verified.ok() && verified->ok;
}

// Where a release is pulled for commands that need its files.
struct Place {
  std::string folder;
  bool complete = false;  // All of it is there and right.
};

// In the cache, or, where that cannot be written and has not all of it, in a temporary folder.
absl::StatusOr<Place> PlaceFor(Context& context, const Cache* cache, const Digest& digest) {
  if (cache != nullptr && cache->IsWritable()) return Place{cache->ReleasePath(digest), false};
  if (cache != nullptr && IsComplete(context, cache->ReleasePath(digest))) {
    return Place{cache->ReleasePath(digest), true};
  }
  PLUMB_ASSIGN_OR_RETURN(std::string temporary, context.TemporaryFolder());
  return Place{fmt::format("{}/{}", temporary, digest.Short()), false};
}

}  // namespace

absl::StatusOr<ArgumentKind> KindOfArgument(const std::string& argument) {
  struct stat info {};
  if (::stat(argument.c_str(), &info) == 0) return S_ISDIR(info.st_mode) ? ArgumentKind::kFolder : ArgumentKind::kFile;
  // What cannot be looked at exists; opening it says why not.
  if (errno != ENOENT && errno != ENOTDIR && CanOnlyBeAPath(argument)) return ArgumentKind::kFile;
  // A path that is not here may be one inside a release.
  if (CanOnlyBeAPath(argument)) return WithMend(NotThere(argument), InsideReleaseAdvice(argument));
  return ArgumentKind::kReference;
}

absl::Status RequireFolder(const std::string& argument, const std::string& command) {
  struct stat info {};
  if (::stat(argument.c_str(), &info) != 0) {
    return errno == ENOENT || errno == ENOTDIR ? NotThere(argument) : ErrnoStatus(errno, "open " + argument);
  }
  if (S_ISDIR(info.st_mode)) return absl::OkStatus();
  return UsageError(fmt::format("{} is a file; `plumb {}` takes the folder that holds it", argument, command));
}

absl::StatusOr<NamedRelease> FindNamedRelease(Context& context, const std::string& argument) {
  absl::StatusOr<Reference> reference = ParseReferenceArgument(argument);
  if (!reference.ok()) return WithOtherReading(reference.status(), argument, /*parsed=*/false);
  absl::StatusOr<NamedRelease> found = Find(context, *reference);
  if (!found.ok()) return WithOtherReading(found.status(), argument, /*parsed=*/true);
  return found;
}

absl::StatusOr<std::string> PathFor(Context& context, const std::string& argument) {
  PLUMB_ASSIGN_OR_RETURN(ArgumentKind kind, KindOfArgument(argument));
  if (kind != ArgumentKind::kReference) return argument;
  PLUMB_ASSIGN_OR_RETURN(NamedRelease named, FindNamedRelease(context, argument));
  Cache* cache = context.SharedCache();
  PullOptions options;
  // Pinned: a tag that moves meanwhile must not put another release into this
  // folder.
  options.reference = {
      .registry = named.reference.registry, .model = named.reference.model, .digest_hex = named.digest.ToHex()};
  PLUMB_ASSIGN_OR_RETURN(Place place, PlaceFor(context, cache, named.digest));
  options.folder = place.folder;
  options.cache = cache;
  if (!place.complete) PLUMB_RETURN_IF_ERROR(Pull(*named.connection, options, context.LongOperation()).status());
  if (named.release.yanked()) {
    context.output().Warn(fmt::format("{}@{} was yanked: {}", named.release.model(), named.release.version(),
                                      named.release.yank_reason()));
  }
  return options.folder;
}

}  // namespace plumb::cli
