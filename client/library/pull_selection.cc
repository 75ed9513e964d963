#include "client/library/pull_selection.h"

#include <algorithm>
#include <set>

#include "fmt/format.h"
#include "plumb/base/path.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/manifest/manifest.h"

namespace plumb {
namespace {

// Files named in one message.
constexpr size_t kNamedFilesMax = 20;

bool MatchesAny(const std::vector<std::string>& globs, const std::string& path) {
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) { return GlobMatches(glob, path); });
}

std::string NameOf(const v1::Manifest& manifest) { return fmt::format("{}@{}", manifest.model(), manifest.version()); }

// `it has 3 files: a, b, c`.
std::string WhatThereIs(const v1::Manifest& manifest) {
  const auto count = static_cast<size_t>(manifest.files_size());
  std::string text = fmt::format("it has {} file{}: ", count, count == 1 ? "" : "s");
  for (size_t i = 0; i < std::min(count, kNamedFilesMax); ++i) {
    text += (i == 0 ? "" : ", ") + manifest.files(static_cast<int>(i)).path();
  }
  if (count > kNamedFilesMax) text += fmt::format(", and {} more", count - kNamedFilesMax);
  return text;
}

// What `pattern` was probably meant to be; empty when that is not plain.
std::string Meant(const v1::Manifest& manifest, const std::string& pattern) {
  std::string folder = pattern;
  while (folder.ends_with('/')) folder.pop_back();
  const std::string folded = FoldPath(pattern);
  if (pattern.starts_with("./")) return "paths begin without ./";
  for (const v1::File& file : manifest.files()) {
    const std::string& path = file.path();
    if (!folder.empty() && path.starts_with(folder + "/")) {
      return fmt::format("{} is a folder: '{}/**' is what is in it", folder, folder);
    }
    if (GlobMatches(folded, FoldPath(path))) return fmt::format("did you mean {}? case counts", path);
    if (pattern.find('/') == pattern.npos && path.ends_with("/" + pattern))
      return fmt::format("did you mean {}?", path);
  }
  return "";
}

std::string WithMeaning(const v1::Manifest& manifest, const std::string& pattern) {
  const std::string meant = Meant(manifest, pattern);
  return QuoteForMessage(pattern) + (meant.empty() ? "" : " (" + meant + ")");
}

absl::Status NothingSelected(const v1::Manifest& manifest, const PullOptions& options) {
  std::string asked;
  for (const std::string& glob : options.include) asked += (asked.empty() ? "" : ", ") + WithMeaning(manifest, glob);
  const bool matched = std::any_of(manifest.files().begin(), manifest.files().end(), [&](const v1::File& file) {
    return options.include.empty() || MatchesAny(options.include, file.path());
  });
  if (matched) {
    return NotFound(fmt::format("--exclude leaves nothing of {}; {}", NameOf(manifest), WhatThereIs(manifest)));
  }
  return NotFound(
      fmt::format("no file of {} matches --include {}; {}", NameOf(manifest), asked, WhatThereIs(manifest)));
}

absl::Status CheckNamed(const v1::Manifest& manifest, const PullOptions& options) {
  for (const std::string& name : options.files) {
    if (FindFile(manifest, name) != nullptr) continue;
    return NotFound(
        fmt::format("{} has no file {}; {}", NameOf(manifest), WithMeaning(manifest, name), WhatThereIs(manifest)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> SelectFiles(const v1::Manifest& manifest, const PullOptions& options,
                                                     const Operation& operation) {
  PLUMB_RETURN_IF_ERROR(CheckNamed(manifest, options));
  const std::set<std::string> named(options.files.begin(), options.files.end());
  const bool all = options.include.empty() && named.empty();
  std::vector<std::string> paths;
  for (const v1::File& file : manifest.files()) {
    const std::string& path = file.path();
    const bool included = all || MatchesAny(options.include, path);
    if (named.contains(path) || (included && !MatchesAny(options.exclude, path))) paths.push_back(path);
  }
  if (paths.empty() && !manifest.files().empty()) return NothingSelected(manifest, options);
  for (const std::string& glob : options.include) {
    const bool matches = std::any_of(manifest.files().begin(), manifest.files().end(),
                                     [&](const v1::File& file) { return GlobMatches(glob, file.path()); });
    if (!matches) {
      operation.Warn(fmt::format("--include {} matches no file of {}", WithMeaning(manifest, glob), NameOf(manifest)));
    }
  }
  return paths;
}

}  // namespace plumb
