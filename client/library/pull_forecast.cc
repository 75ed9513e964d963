#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "client/library/disk_room.h"
#include "client/library/local_bytes.h"
#include "client/library/pull_target.h"
#include "client/library/puller.h"
#include "fmt/format.h"
#include "plumb/base/errno_of.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"
#include "plumb/client/pull.h"

namespace plumb {
namespace {

using Source = PullForecast::Source;

// The nearest folder at or above `folder` that exists.
std::string NearestFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::path path = std::filesystem::absolute(folder, error);
  while (path.has_relative_path() && !std::filesystem::exists(path, error)) path = path.parent_path();
  return path.string();
}

// Looks at the files, without changing anything.
class Forecaster {
 public:
  // All must outlive the object; `folder` is nullptr when there is none yet.
  Forecaster(Connection& connection, const PullOptions& options, const Operation& operation, const Directory* folder,
             PullForecast* forecast)
      : connection_(connection), options_(options), operation_(operation), folder_(folder), forecast_(*forecast) {}

  absl::Status Add(const EqualFiles& files) {
    PLUMB_RETURN_IF_ERROR(operation_.Check());
    absl::StatusOr<ChunkList> list = folder_ != nullptr ? ChunkListFor(connection_, *folder_, *files.front())
                                                        : GetChunkList(connection_, *files.front());
    PLUMB_RETURN_IF_ERROR(list.status());
    PLUMB_ASSIGN_OR_RETURN(LocalBytes found, FindLocalBytes(folder_, options_.cache, files, *list));
    uint64_t fetch_bytes = 0;
    for (size_t i = 0; i < list->size(); ++i) fetch_bytes += found.Has(i) ? 0 : list->chunks()[i].size_bytes;
    for (const v1::File* file : found.whole) AddFile(*file, Source::kHere, 0);
    for (const v1::File* file : found.wanting) {
      AddFile(*file, fetch_bytes > 0 ? Source::kFetch : Source::kLocal, fetch_bytes);
      fetch_bytes = 0;  // Fetched once.
    }
    return absl::OkStatus();
  }

 private:
  void AddFile(const v1::File& file, Source source, uint64_t fetch_bytes) {
    forecast_.bytes += file.size_bytes();
    forecast_.fetch_bytes += fetch_bytes;
    forecast_.files.push_back(
        {.path = file.path(), .bytes = file.size_bytes(), .fetch_bytes = fetch_bytes, .source = source});
    operation_.Report({.phase = "check", .item = file.path(), .done_bytes = forecast_.bytes, .total_bytes = 0});
  }

  Connection& connection_;
  const PullOptions& options_;
  const Operation& operation_;
  const Directory* folder_;
  PullForecast& forecast_;
};

absl::Status Forecast(Connection& connection, const PullOptions& options, const Operation& operation,
                      const PullTarget& target, PullForecast* forecast) {
  const std::string nearest = NearestFolder(options.folder);
  absl::StatusOr<Directory> folder = Directory::Open(options.folder);
  if (!folder.ok() && !absl::IsNotFound(folder.status())) return folder.status();
  const Directory* there = folder.ok() ? &*folder : nullptr;
  const std::vector<EqualFiles> groups = GroupEqualFiles(target.stored.manifest, target.paths);
  Forecaster forecaster(connection, options, operation, there, forecast);
  for (const EqualFiles& files : groups) PLUMB_RETURN_IF_ERROR(forecaster.Add(files));
  std::sort(forecast->files.begin(), forecast->files.end(),
            [](const PullForecast::File& a, const PullForecast::File& b) { return a.path < b.path; });
  forecast->disk_bytes = EstimateDiskNeed(there, nearest, options.cache, groups).bytes;
  if (std::optional<DiskRoom> room = RoomAt(nearest); room.has_value()) forecast->free_bytes = room->free_bytes;
  return absl::OkStatus();
}

absl::StatusOr<PullForecast> ForecastInto(Connection& connection, const PullOptions& options,
                                          const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(PullTarget target, FindPullTarget(connection, options, operation));
  const FolderBefore before = FolderBefore::Read(options.folder);
  PLUMB_ASSIGN_OR_RETURN(std::vector<Obstacle> obstacles, FindObstaclesOf(connection, options.folder, before, target));
  PullForecast forecast{.digest = target.stored.digest,
                        .model = target.stored.manifest.model(),
                        .version = target.stored.manifest.version(),
                        .license = target.stored.manifest.license(),
                        .yanked = target.release.yanked(),
                        .yank_reason = target.release.yank_reason()};
  for (const Obstacle& obstacle : obstacles) {
    forecast.in_the_way.push_back(fmt::format("{} ({})", obstacle.path, obstacle.what));
  }
  for (const v1::File& file : before.Stale(target)) forecast.would_remove.push_back(file.path());
  PLUMB_RETURN_IF_ERROR(Forecast(connection, options, operation, target, &forecast));
  return forecast;
}

}  // namespace

absl::StatusOr<PullForecast> ForecastPull(Connection& connection, const PullOptions& options,
                                          const Operation& operation) {
  absl::StatusOr<PullForecast> forecast = ForecastInto(connection, options, operation);
  if (!forecast.ok()) return AsLocalStorage(forecast.status());
  return forecast;
}

}  // namespace plumb
