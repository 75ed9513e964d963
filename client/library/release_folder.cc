#include "plumb/client/release_folder.h"

#include <algorithm>

#include "client/library/folder_history.h"
#include "client/library/folder_record.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/json.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::Status BadFolder(const std::string& path, std::string_view what) {
  return WithErrorClass(
      DataLoss(fmt::format("the record in {}/.plumb is damaged: {}; pull the release again", path, what)),
      ErrorClass::kVerification);
}

}  // namespace

absl::StatusOr<ReleaseFolder> ReleaseFolder::Open(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(Directory directory, Directory::Open(path));
  absl::StatusOr<std::string> bytes = ReadFile(path + "/" + kManifestName, limits::kManifestBytesMax);
  if (absl::IsNotFound(bytes.status())) {
    return NotFound(fmt::format("{} was not pulled by plumb: it has no .plumb/manifest", path));
  }
  PLUMB_RETURN_IF_ERROR(bytes.status());
  PLUMB_ASSIGN_OR_RETURN(std::string text, ReadFile(path + "/" + kReleaseName, limits::kManifestBytesMax));
  PLUMB_ASSIGN_OR_RETURN(nlohmann::json record, ParseJson(text, "release.json"));
  Digest found = Sha256Of(*bytes);
  if (!record.is_object() || !record.contains("digest") || record["digest"] != found.ToString()) {
    return BadFolder(path, fmt::format("the manifest's digest is {}, another was recorded", found.ToString()));
  }
  PLUMB_ASSIGN_OR_RETURN(StoredManifest manifest, ParseManifest(*std::move(bytes)));
  std::vector<std::string> selected;
  if (record.contains("selected") && record["selected"].is_array()) {
    for (const nlohmann::json& item : record["selected"]) {
      if (!item.is_string() || FindFile(manifest.manifest, item.get<std::string>()) == nullptr) {
        return BadFolder(path, "it selects a file that the manifest does not name");
      }
      selected.push_back(item.get<std::string>());
    }
  }
  std::sort(selected.begin(), selected.end());
  absl::StatusOr<FolderHistory> history = ParseHistory(record);
  if (!history.ok()) return BadFolder(path, Message(history.status()));
  return ReleaseFolder(std::move(directory), std::move(manifest), std::move(selected), *std::move(history));
}

absl::StatusOr<ChunkList> ReleaseFolder::LoadChunkList(const v1::File& file) const {
  return plumb::LoadChunkList(directory_, file);
}

}  // namespace plumb
