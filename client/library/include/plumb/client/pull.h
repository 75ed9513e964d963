// Pulling a release into a folder.
#ifndef PLUMB_CLIENT_PULL_H_
#define PLUMB_CLIENT_PULL_H_

#include <cstdint>
#include <optional>
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
  // Paths of files to pull, and globs (plumb/base/path.h) of more. Both empty: all.
  std::vector<std::string> files;
  std::vector<std::string> include;
  // Globs of files to leave out, after `include`.
  std::vector<std::string> exclude;
  // Goes on where a person's own files would be replaced.
  bool replace_foreign = false;
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
  // SPDX expression; empty when the publisher stated none.
  std::string license;
  // Plain bytes of the selected files.
  uint64_t bytes = 0;
  // Bytes that came over the network for the rest: compressed, or as the difference from what was here.
  uint64_t downloaded_bytes = 0;
  // Plain bytes that were not fetched: they were in the folder or in the cache already, each verified again, or another
  // file of the release has the same.
  uint64_t reused_bytes = 0;
  uint64_t files = 0;
  // Files of the release that stood in the folder before and are not of this one: removed, or kept because somebody
  // changed them.
  std::vector<std::string> removed;
  std::vector<std::string> kept;
  // The release was withdrawn, for this reason.
  bool yanked = false;
  std::string yank_reason;
};

// Makes `folder` hold exactly the release's bytes under the selected paths.
//
// Every chunk is verified before it is used; a file appears under its name only when it is
// complete and verified; bytes that several files have are fetched once. Killed at any moment and called again, it goes
// on from the chunks that are whole. A damaged file is repaired by fetching its bad chunks alone. The folder's
// `.plumb/` keeps the manifest and the chunk lists, which is what VerifyFolder reads.
//
// Files that no pull put there are left alone. Where such a file stands in place of one of the release and has other
// bytes, nothing is changed and the pull is refused, unless `replace_foreign`. Files of another release that was pulled
// there before are removed at the end when nobody changed them.
//
// With an offline connection the release, its lists and all its bytes must be here: in the folder or in the cache.
//   ErrorClass::kVerification  the registry sent something that is not what the release says
//   ErrorClass::kLocalStorage  the disk is full (which is looked at first) or read-only, or another pull holds the
//   folder ErrorClass::kPolicy        a person's files are in the way: ALREADY_EXISTS
absl::StatusOr<PullResult> Pull(Connection& connection, const PullOptions& options, const Operation& operation);

// What a pull would do.
struct PullForecast {
  enum class Source { kHere, kLocal, kFetch };
  struct File {
    std::string path;
    uint64_t bytes = 0;
    // Bytes to be fetched; with equal files, those of the first one only.
    uint64_t fetch_bytes = 0;
    Source source = Source::kFetch;  // Stands there; is made of what is on this machine; at least a part is fetched.
  };
  Digest digest;
  std::string model;
  std::string version;
  std::string license;
  uint64_t bytes = 0;
  // Plain bytes; what comes over the network may be less.
  uint64_t fetch_bytes = 0;
  std::vector<File> files;
  // What the folder's file system must have room for, and has; the second is absent when it does not tell.
  uint64_t disk_bytes = 0;
  std::optional<uint64_t> free_bytes;
  // Files of the release that stands in the folder now which the pull would remove, if nobody changed them.
  std::vector<std::string> would_remove;
  // A person's files that are in the way, each with what it is.
  std::vector<std::string> in_the_way;
  bool yanked = false;
  std::string yank_reason;
};

// Says what Pull would do, hashing what is here, and changes nothing in the folder. Errors as of Pull, but what is in
// the way and a full disk are results.
absl::StatusOr<PullForecast> ForecastPull(Connection& connection, const PullOptions& options,
                                          const Operation& operation);

}  // namespace plumb

#endif  // PLUMB_CLIENT_PULL_H_
