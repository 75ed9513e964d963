#include "client/library/in_the_way.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "client/library/chunk_check.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/manifest/manifest.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;

// Obstacles named in one message.
constexpr size_t kNamedObstaclesMax = 10;

// Whether an earlier pull put something below `path`.
bool OwnsBelow(const std::set<std::string>& owned, const std::string& path) {
  auto next = owned.lower_bound(path + "/");
  return next != owned.end() && next->starts_with(path + "/");
}

// What stands in place of a folder on the way to `path`.
std::optional<Obstacle> OnTheWay(const std::string& folder, const std::string& path,
                                 const std::set<std::string>& owned) {
  for (size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    std::error_code error;
    const fs::file_status found = fs::symlink_status(fs::path(folder) / part, error);
    if (!fs::exists(found)) return std::nullopt;
    if (fs::is_directory(found) || owned.contains(part)) continue;
    return Obstacle{
        .path = part, .what = fs::is_symlink(found) ? "a link" : "a file where a folder must be", .replaceable = false};
  }
  return std::nullopt;
}

absl::StatusOr<bool> HasBytes(const Directory& folder, const v1::File& file, const ChunkListSource& lists) {
  absl::StatusOr<UniqueFd> fd = folder.OpenFile(file.path());
  if (!fd.ok()) return false;
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd->get(), file.path()));
  if (size != file.size_bytes()) return false;
  PLUMB_ASSIGN_OR_RETURN(ChunkList list, lists(file));
  PLUMB_ASSIGN_OR_RETURN(std::vector<bool> good, CheckChunks(fd->get(), list, file.path()));
  return std::find(good.begin(), good.end(), false) == good.end();
}

absl::StatusOr<std::optional<Obstacle>> At(const Directory& folder, const v1::File& file,
                                           const std::set<std::string>& owned, const ChunkListSource& lists) {
  const std::string& path = file.path();
  if (std::optional<Obstacle> found = OnTheWay(folder.path(), path, owned); found.has_value()) return found;
  std::error_code error;
  const fs::file_status found = fs::symlink_status(fs::path(folder.path()) / path, error);
  if (!fs::exists(found) || owned.contains(path)) return std::nullopt;
  if (fs::is_directory(found)) {
    if (OwnsBelow(owned, path)) return std::nullopt;
    return Obstacle{.path = path, .what = "a folder", .replaceable = false};
  }
  if (!fs::is_regular_file(found)) return Obstacle{.path = path, .what = "a link or a device", .replaceable = true};
  PLUMB_ASSIGN_OR_RETURN(bool same, HasBytes(folder, file, lists));
  if (same) return std::nullopt;
  return Obstacle{.path = path, .what = "other bytes", .replaceable = true};
}

}  // namespace

absl::StatusOr<std::vector<Obstacle>> FindObstacles(const Directory& folder, const v1::Manifest& manifest,
                                                    const std::vector<std::string>& paths,
                                                    const std::set<std::string>& owned, const ChunkListSource& lists) {
  std::vector<Obstacle> obstacles;
  for (const std::string& path : paths) {
    PLUMB_ASSIGN_OR_RETURN(std::optional<Obstacle> found, At(folder, *FindFile(manifest, path), owned, lists));
    const bool known = found.has_value() && !obstacles.empty() && obstacles.back().path == found->path;
    if (found.has_value() && !known) obstacles.push_back(*std::move(found));
  }
  return obstacles;
}

absl::Status RefuseObstacles(const std::string& folder, const v1::Manifest& manifest,
                             const std::vector<Obstacle>& obstacles) {
  if (obstacles.empty()) return absl::OkStatus();
  std::string names;
  for (size_t i = 0; i < std::min(obstacles.size(), kNamedObstaclesMax); ++i) {
    names += fmt::format("{}{} ({})", i == 0 ? "" : ", ", obstacles[i].path, obstacles[i].what);
  }
  if (obstacles.size() > kNamedObstaclesMax) {
    names += fmt::format(", and {} more", obstacles.size() - kNamedObstaclesMax);
  }
  return WithErrorClass(
      AlreadyExists(fmt::format("{} holds what no pull put there, in the way of {}@{}: {}; nothing was changed", folder,
                                manifest.model(), manifest.version(), names)),
      ErrorClass::kPolicy);
}

}  // namespace plumb
