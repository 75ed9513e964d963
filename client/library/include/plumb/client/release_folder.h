// A pulled folder: plain files in the publisher's layout, and `.plumb/` with the record of
// what they should be (docs/release-folder.md).
#ifndef PLUMB_CLIENT_RELEASE_FOLDER_H_
#define PLUMB_CLIENT_RELEASE_FOLDER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/base/names.h"
#include "plumb/client/operation.h"
#include "plumb/content/chunk_list.h"
#include "plumb/content/digest.h"
#include "plumb/manifest/manifest.h"

namespace plumb {

// How a folder came to hold its release; empty where an older plumb pulled it.
struct FolderHistory {
  std::string registry;   // `host:port`.
  std::string selector;   // What was asked for: `@version`, `:tag`, `@sha256:hex`, or nothing.
  std::string pulled_at;  // RFC 3339, UTC.
  // Files of a release that stood there before and are not of this one, while a pull has not got to removing them.
  std::vector<v1::File> replaced;
};

// Not thread-safe to change; reading is.
class ReleaseFolder {
 public:
  // Opens a folder that a pull made. NOT_FOUND when there is no `.plumb/manifest`;
  // ErrorClass::kVerification when the manifest is not the one that was recorded.
  static absl::StatusOr<ReleaseFolder> Open(const std::string& path);

  const Directory& directory() const { return directory_; }
  const StoredManifest& manifest() const { return manifest_; }
  // Paths that were selected when the folder was pulled; sorted.
  const std::vector<std::string>& selected() const { return selected_; }
  const FolderHistory& history() const { return history_; }
  // The chunk list of a file, checked against its tree root.
  absl::StatusOr<ChunkList> LoadChunkList(const v1::File& file) const;

 private:
  ReleaseFolder(Directory directory, StoredManifest manifest, std::vector<std::string> selected, FolderHistory history)
      : directory_(std::move(directory)),
        manifest_(std::move(manifest)),
        selected_(std::move(selected)),
        history_(std::move(history)) {}
  Directory directory_;
  StoredManifest manifest_;
  std::vector<std::string> selected_;
  FolderHistory history_;
};

// Whether `folder` holds the release that `asked` means at `registry` (`host:port`), as far as that can be told without
// asking: by its digest or version, or by the name that it was pulled by.
bool IsReleaseIn(const std::string& folder, const std::string& registry, const Reference& asked);

// What VerifyFolder found about one file.
struct FileVerdict {
  std::string path;
  bool ok = false;
  // False when there is no such file.
  bool present = false;
  // What differs, [begin, end), in order; covers chunks, so it may hold good bytes too.
  std::vector<std::pair<uint64_t, uint64_t>> bad_ranges;
  // One sentence, empty when ok.
  std::string message;
};

// What VerifyFolder found.
struct VerifyResult {
  bool ok = false;
  Digest digest;
  std::string model;
  std::string version;
  uint64_t checked_bytes = 0;
  std::vector<FileVerdict> files;
  // Files in the folder that are none of these; no fault (folder_status.h, ExtraFiles).
  std::vector<std::string> extra;
};

struct VerifyOptions {
  // Also compare the SHA-256 of each whole file with the manifest's. It adds nothing to integrity (the manifest
  // fixes the tree root, which fixes every chunk) and takes several times as long, but shows a publisher who stated a
  // wrong one.
  bool whole_sha256 = false;
};

// Reads every selected file, on a few threads, and says whether it is what the release says, chunk by chunk. A
// wrong file is a result, not an error. Maps up to 128 MiB of files at a time.
absl::StatusOr<VerifyResult> VerifyFolder(const std::string& path, const Operation& operation,
                                          const VerifyOptions& options = {});

}  // namespace plumb

#endif  // PLUMB_CLIENT_RELEASE_FOLDER_H_
