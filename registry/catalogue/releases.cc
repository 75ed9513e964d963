#include "registry/catalogue/releases.h"

#include "plumb/base/status.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/records.h"

namespace plumb {

absl::Status ForEachRelease(const MetadataStore& store,
                            const std::function<absl::Status(const v1::Release& release)>& visitor) {
  absl::Status failure;
  PLUMB_RETURN_IF_ERROR(store.Scan(keys::kReleases, "", [&](std::string_view, std::string_view value) {
    auto release = ParseRecord<v1::Release>(value, "a release");
    failure = release.ok() ? visitor(*release) : release.status();
    return failure.ok();
  }));
  return failure;
}

absl::StatusOr<v1::Stats> ComputeStats(const MetadataStore& store, const ChunkStore& chunks) {
  v1::Stats stats;
  PLUMB_RETURN_IF_ERROR(ForEachRelease(store, [&](const v1::Release& release) {
    stats.set_releases(stats.releases() + 1);
    stats.set_files(stats.files() + release.file_count());
    stats.set_logical_bytes(stats.logical_bytes() + release.size_bytes());
    return absl::OkStatus();
  }));
  PLUMB_ASSIGN_OR_RETURN(StoreFigures figures, chunks.Figures());
  stats.set_chunks(figures.chunks);
  stats.set_stored_bytes(figures.stored_bytes);
  stats.set_packs(figures.packs);
  stats.set_pack_bytes(figures.pack_bytes);
  return stats;
}

}  // namespace plumb
