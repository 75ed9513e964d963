#include "client/library/folder_release.h"

#include "client/library/folder_history.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/release_folder.h"

namespace plumb {
namespace {

bool IsMeant(const ReleaseFolder& folder, const std::string& registry, const Reference& asked) {
  const v1::Manifest& manifest = folder.manifest().manifest;
  if (manifest.model() != asked.model) return false;
  if (!asked.digest_hex.empty()) return folder.manifest().digest.ToHex().starts_with(asked.digest_hex);
  const FolderHistory& history = folder.history();
  if (!history.registry.empty() && history.registry != registry) return false;
  if (!asked.version.empty()) return manifest.version() == asked.version;
  return asked.tag.empty() || history.selector == SelectorOf(asked);
}

}  // namespace

bool IsReleaseIn(const std::string& folder, const std::string& registry, const Reference& asked) {
  return !folder.empty() && ReleaseInFolder(folder, registry, asked).ok();
}

absl::StatusOr<v1::Release> ReleaseInFolder(const std::string& folder, const std::string& registry,
                                            const Reference& asked) {
  PLUMB_ASSIGN_OR_RETURN(ReleaseFolder here, ReleaseFolder::Open(folder));
  if (!IsMeant(here, registry, asked)) {
    return NotFound(
        fmt::format("{} holds {}@{}", folder, here.manifest().manifest.model(), here.manifest().manifest.version()));
  }
  const v1::Manifest& manifest = here.manifest().manifest;
  v1::Release release;
  release.set_model(manifest.model());
  release.set_version(manifest.version());
  release.set_digest(here.manifest().digest.ToBytes());
  release.set_kind(manifest.kind());
  release.set_size_bytes(TotalBytes(manifest));
  release.set_file_count(static_cast<uint32_t>(manifest.files_size()));
  release.set_license(manifest.license());
  return release;
}

}  // namespace plumb
