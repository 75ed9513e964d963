#include "plumb/client/folder_status.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::optional<v1::Release>> ResolveIfThere(Connection& connection, const Reference& reference) {
  absl::StatusOr<v1::Release> release = Resolve(connection, reference);
  if (absl::IsNotFound(release.status())) return std::optional<v1::Release>();
  PLUMB_RETURN_IF_ERROR(release.status());
  return std::optional<v1::Release>(*std::move(release));
}

}  // namespace

FolderState LookAtFolder(const ReleaseFolder& folder) {
  FolderState state;
  for (const std::string& path : folder.selected()) {
    absl::StatusOr<FileInfo> info = folder.directory().Stat(path);
    const v1::File& file = *FindFile(folder.manifest().manifest, path);
    if (absl::IsNotFound(info.status())) {
      state.missing.push_back(path);
    } else if (!info.ok() || info->size_bytes != file.size_bytes()) {
      state.changed.push_back(path);
    }
  }
  return state;
}

std::vector<std::string> ExtraFiles(const ReleaseFolder& folder) {
  const std::set<std::string> selected(folder.selected().begin(), folder.selected().end());
  const fs::path top = folder.directory().path();
  std::vector<std::string> extra;
  std::error_code error;
  fs::recursive_directory_iterator entry(top, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const std::string path = entry->path().lexically_relative(top).generic_string();
    const std::vector<std::string>& records = RecordFolders();
    if (std::find(records.begin(), records.end(), path) != records.end()) {
      entry.disable_recursion_pending();
    } else if (!fs::is_directory(entry->symlink_status(error)) && !selected.contains(path)) {
      extra.push_back(path);
      if (extra.size() >= kExtraFilesMax) break;
    }
  }
  std::sort(extra.begin(), extra.end());
  return extra;
}

absl::StatusOr<ReleaseNews> AskForNews(Connection& connection, const ReleaseFolder& folder) {
  const v1::Manifest& manifest = folder.manifest().manifest;
  ReleaseNews news;
  PLUMB_ASSIGN_OR_RETURN(news.own, ResolveIfThere(connection, {.model = manifest.model(),
                                                               .digest_hex = folder.manifest().digest.ToHex()}));
  Reference followed{.model = manifest.model()};
  const std::string& selector = folder.history().selector;
  if (selector.starts_with(':')) followed.tag = selector.substr(1);
  news.followed = RenderReference(followed);
  PLUMB_ASSIGN_OR_RETURN(news.newest, ResolveIfThere(connection, followed));
  news.outdated = news.newest.has_value() && news.newest->digest() != folder.manifest().digest.ToBytes();
  return news;
}

}  // namespace plumb
