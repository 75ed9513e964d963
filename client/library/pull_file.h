// One file, or several with the same bytes, on their way into a pulled folder.
#ifndef PLUMB_CLIENT_LIBRARY_PULL_FILE_H_
#define PLUMB_CLIENT_LIBRARY_PULL_FILE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/library/direct_file.h"
#include "client/library/local_bytes.h"
#include "plumb/base/directory.h"
#include "plumb/client/cache.h"
#include "plumb/content/chunk_list.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// Gathers the chunks of some bytes in `.plumb/partial/<tree root>`, once, and gives them each of their names when all
// are there. What the folder, the cache or an earlier pull has already is used after it was hashed again: one whole
// file of several equal ones is enough for the others, and damaged ones mend each other.
// Write may be called from several threads; everything else from one.
class PullFile {
 public:
  // Looks for what is there, and puts it under the names that lack it where it is complete. `directory`, `cache` (may
  // be nullptr) and what `files` points to must outlive the object.
  static absl::StatusOr<std::unique_ptr<PullFile>> Prepare(const Directory& directory, const Cache* cache,
                                                           EqualFiles files, ChunkList list);

  // Indices of the chunks to fetch; empty when every file stands complete under its name or only Finish is left.
  const std::vector<size_t>& missing() const { return missing_; }
  const ChunkList& list() const { return list_; }
  const EqualFiles& files() const { return files_; }
  // The one that stands for all: it has the index of tensors, where any has.
  const v1::File& file() const { return *files_.front(); }
  // Whether `file`, one of files(), is among those that get their bytes by Write and Finish.
  bool IsWanting(const v1::File& file) const;
  // Where its bytes lie below the folder until Finish.
  std::string PlaceOf(const v1::File& file) const;
  // Plain bytes that need not be fetched, of all the files together.
  uint64_t reused_bytes() const { return reused_bytes_; }

  // Stores verified bytes of `chunk_count` missing chunks that follow one another. True when they were the last ones.
  absl::StatusOr<bool> Write(size_t first_chunk, size_t chunk_count, std::span<const uint8_t> bytes);
  // Makes the bytes durable, gives them their names and shares them with the cache. To be called once all chunks are
  // written; does nothing when the files were complete from the start.
  absl::Status Finish();

 private:
  PullFile(const Directory& directory, const Cache* cache, EqualFiles files, ChunkList list);

  absl::Status UseSource(const LocalBytes& found);
  absl::Status OpenPartial(const LocalBytes& found);
  absl::Status CopyFromDamaged(const LocalBytes& found, std::vector<bool>* good);
  // Puts the bytes of an open complete file under `name` at once.
  absl::Status ShareAs(int fd, std::string_view name) const;
  absl::Status TryToShareAs(int fd, std::string_view name) const;
  // Gives the partial file the name.
  absl::Status MovePartialTo(std::string_view name) const;

  const Directory& directory_;
  const Cache* cache_;
  EqualFiles files_;
  EqualFiles wanting_;  // Those of files_ that are not there yet.
  ChunkList list_;
  Digest root_;
  std::optional<DirectFile> partial_;
  std::vector<size_t> missing_;
  std::atomic<size_t> left_{0};
  uint64_t reused_bytes_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_PULL_FILE_H_
