// What is on this machine already of bytes that a pull wants.
#ifndef PLUMB_CLIENT_LIBRARY_LOCAL_BYTES_H_
#define PLUMB_CLIENT_LIBRARY_LOCAL_BYTES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/client/cache.h"
#include "plumb/content/chunk_list.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// Files of one release with the same bytes: equal tree roots and sizes. Never empty; the first one may stand for all.
// The files are the manifest's.
using EqualFiles = std::vector<const v1::File*>;

// What was found; every chunk was hashed.
struct LocalBytes {
  // Files that stand, complete, under their names; and the others.
  EqualFiles whole;
  EqualFiles wanting;
  // A complete file with the bytes, of the folder or of the cache. Not valid when there is none: then the next two say
  // what there is of it.
  UniqueFd source;
  // Chunks that an interrupted pull gathered.
  std::vector<bool> in_partial;
  // Damaged files of the folder, with the chunks that each has.
  struct Damaged {
    std::string path;
    std::vector<bool> good;
  };
  std::vector<Damaged> damaged;

  // Whether chunk `index` is here in any of them.
  bool Has(size_t index) const;
};

// Looks in the folder (nullptr for none), in the cache (may be nullptr), which forgets a damaged file, and among what
// interrupted pulls left.
absl::StatusOr<LocalBytes> FindLocalBytes(const Directory* directory, const Cache* cache, const EqualFiles& files,
                                          const ChunkList& list);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_LOCAL_BYTES_H_
