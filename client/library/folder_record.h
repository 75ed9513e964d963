// The record a pull keeps in a folder's `.plumb/` (docs/release-folder.md).
#ifndef PLUMB_CLIENT_LIBRARY_FOLDER_RECORD_H_
#define PLUMB_CLIENT_LIBRARY_FOLDER_RECORD_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/base/file.h"
#include "plumb/client/release_folder.h"
#include "plumb/content/chunk_list.h"
#include "plumb/content/digest.h"
#include "plumb/manifest/manifest.h"

namespace plumb {

inline constexpr char kRecordFolder[] = ".plumb";
inline constexpr char kManifestName[] = ".plumb/manifest";
inline constexpr char kReleaseName[] = ".plumb/release.json";
inline constexpr char kLockName[] = ".plumb/lock";
inline constexpr char kPartialFolder[] = ".plumb/partial";

// `.plumb/chunks/<root>`.
std::string ChunkListName(const Digest& tree_root);
// `.plumb/partial/<root>`.
std::string PartialName(const Digest& tree_root);
// `.plumb/partial/<root>.<random>`: a name that nobody else uses, for a file that gets its own at once.
std::string TemporaryName(const Digest& tree_root);

// Writes manifest, selection and history. The folder's path is the directory's own.
absl::Status WriteRecord(const Directory& directory, const StoredManifest& manifest,
                         const std::vector<std::string>& selected, const FolderHistory& history = {});

// Keeps a chunk list.
absl::Status SaveChunkList(const Directory& directory, const ChunkList& list);
// Reads it back; NOT_FOUND when it is not there, ErrorClass::kVerification when it is not the one of `file`.
absl::StatusOr<ChunkList> LoadChunkList(const Directory& directory, const v1::File& file);

// Removes what interrupted pulls left for files that `manifest` does not have, and files on their way to a name of
// theirs. REQUIRES: the folder is locked.
void RemoveLeftovers(const Directory& directory, const v1::Manifest& manifest);

// Holds the folder against other pulls until the descriptor is closed. ErrorClass::kLocalStorage when
// another process has it; UNIMPLEMENTED when the file system has no locks.
absl::StatusOr<UniqueFd> LockFolder(const Directory& directory);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_FOLDER_RECORD_H_
