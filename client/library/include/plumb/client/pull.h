// Pulling a release into a folder.
#ifndef PLUMB_CLIENT_PULL_H_
#define PLUMB_CLIENT_PULL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/names.h"
#include "plumb/client/cache.h"
#include "plumb/client/connection.h"
#include "plumb/client/operation.h"
#include "plumb/content/digest.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// Is told what a pull has, as it has it. Called from the pull's threads, some at the same time: must be thread-safe and
// return quickly.
class PullObserver {
 public:
  virtual ~PullObserver() = default;
  // The release, and the files of it that will be pulled; before any of them.
  virtual void Begin(const v1::Manifest& manifest, const std::vector<std::string>& paths) = 0;
  // The file's bytes are gathered at `place` below the folder, which has the file's size already. Once they are
  // complete the file moves to `path`; what was opened stays valid.
  virtual void Prepared(const std::string& path, const std::string& place) = 0;
  // Bytes [begin, end) are verified and on disk.
  virtual void Verified(const std::string& path, uint64_t begin, uint64_t end) = 0;
};

// What to pull, and where to.
struct PullOptions {
  Reference reference;
  // Made when missing.
  std::string folder;
  // Globs (plumb/base/path.h); only matching files are pulled. Empty: all.
  std::vector<std::string> include;
  // Globs of files to leave out, after `include`.
  std::vector<std::string> exclude;
  // Shares identical files between folders; nullptr for no sharing. Borrowed for the call.
  Cache* cache = nullptr;
  // Other registries that may have the chunks: each brings a share, and one that is slow, gone or sends wrong bytes is
  // left out. Borrowed for the call.
  std::vector<Connection*> mirrors;
  // Download streams at once, to each registry.
  int parallel = 2;
  // What buffers may take, about.
  uint64_t memory_bytes = 256u << 20;
  // Fetches no faster than this; 0: no limit.
  uint64_t bytes_per_second = 0;
  // Borrowed for the call; may be nullptr.
  PullObserver* observer = nullptr;
};

// What a pull did.
struct PullResult {
  Digest digest;
  std::string model;
  std::string version;
  // Plain bytes of the selected files.
  uint64_t bytes = 0;
  // Bytes that came over the network for the rest: compressed, or as the difference from what was here.
  uint64_t downloaded_bytes = 0;
  // Bytes that were already in the folder or in the cache, each verified again.
  uint64_t reused_bytes = 0;
  uint64_t files = 0;
  // The release was withdrawn, for this reason.
  bool yanked = false;
  std::string yank_reason;
};

// Makes `folder` hold exactly the release's bytes under the selected paths.
//
// Every chunk is verified before it is used; a file appears under its name only when it is
// complete and verified. Killed at any moment and called again, it goes on from the chunks
// that are whole. A damaged file is repaired by fetching its bad chunks alone. Files in the
// folder that are not part of the release are left alone. The folder's `.plumb/` keeps the manifest
// and the chunk lists, which is what VerifyFolder reads.
//   ErrorClass::kVerification  the registry sent something that is not what the release says
//   ErrorClass::kLocalStorage  the disk is full or read-only, or another pull holds the folder
absl::StatusOr<PullResult> Pull(Connection& connection, const PullOptions& options, const Operation& operation);

}  // namespace plumb

#endif  // PLUMB_CLIENT_PULL_H_
