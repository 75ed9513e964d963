// One file on its way into a pulled folder.
#ifndef PLUMB_CLIENT_LIBRARY_PULL_FILE_H_
#define PLUMB_CLIENT_LIBRARY_PULL_FILE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/library/direct_file.h"
#include "plumb/base/directory.h"
#include "plumb/client/cache.h"
#include "plumb/content/chunk_list.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// Gathers a file's chunks in `.plumb/partial/<tree root>` and gives it its name when all are there.
// What the folder, the cache or an earlier pull has already is used after it was hashed again.
// Write may be called from several threads; everything else from one.
class PullFile {
 public:
  // Looks for what is there. `directory`, `cache` (may be nullptr) and `file` must outlive the object.
  static absl::StatusOr<std::unique_ptr<PullFile>> Prepare(const Directory& directory, const Cache* cache,
                                                           const v1::File& file, ChunkList list);

  // Indices of the chunks to fetch; empty when the file stands complete under its name or only Finish is left.
  const std::vector<size_t>& missing() const { return missing_; }
  const ChunkList& list() const { return list_; }
  const v1::File& file() const { return file_; }
  // Where its bytes lie below the folder until Finish.
  std::string place() const;
  // Plain bytes that need not be fetched.
  uint64_t reused_bytes() const { return reused_bytes_; }

  // Stores verified bytes of `chunk_count` missing chunks that follow one another. True when they were the last ones.
  absl::StatusOr<bool> Write(size_t first_chunk, size_t chunk_count, std::span<const uint8_t> bytes);
  // Makes the file durable, gives it its name and shares it with the cache. To be called once all chunks are
  // written; does nothing when the file was complete from the start.
  absl::Status Finish();

 private:
  PullFile(const Directory& directory, const Cache* cache, const v1::File& file, ChunkList list, const Digest& root)
      : directory_(directory), cache_(cache), file_(file), list_(std::move(list)), root_(root) {}

  // True when the file under its own name is right; else `target_` and `target_good_` hold what it has.
  absl::StatusOr<bool> UseTarget();
  absl::StatusOr<bool> UseCache();
  absl::Status OpenPartial();
  absl::Status CopyFromTarget(std::vector<bool>* good);

  const Directory& directory_;
  const Cache* cache_;
  const v1::File& file_;
  ChunkList list_;
  Digest root_;
  UniqueFd target_;
  std::vector<bool> target_good_;
  std::optional<DirectFile> partial_;
  std::vector<size_t> missing_;
  std::atomic<size_t> left_{0};
  uint64_t reused_bytes_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_PULL_FILE_H_
