// The dense bytes of a chunked HDF5 dataset, unpacked as they are read.
#ifndef PLUMB_HDF5_CHUNKED_SOURCE_H_
#define PLUMB_HDF5_CHUNKED_SOURCE_H_

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"
#include "plumb/hdf5/hdf5_file.h"

namespace plumb {

// Chunks that were unpacked lately, of all datasets of a file. Thread-safe.
class ChunkCache {
 public:
  using Chunk = std::shared_ptr<const std::string>;
  using Key = std::pair<const void*, uint64_t>;

  // nullptr when it is not there.
  Chunk Find(const Key& key);
  void Add(const Key& key, Chunk chunk);

 private:
  using Entries = std::list<std::pair<Key, Chunk>>;
  std::mutex mutex_;
  Entries chunks_;  // The latest first.
  std::map<Key, Entries::iterator> by_key_;
  uint64_t bytes_ = 0;
};

// Elements row-major in the dataset's own byte order. INVALID_ARGUMENT (ErrorClass::kPolicy) when chunks cannot hold
// what they claim. Reading gives the same error for data that do not unpack, and what `file` returns. REQUIRES:
// `dataset` is chunked and comes from ReadHdf5 of `file`.
absl::StatusOr<std::shared_ptr<const ByteSource>> ChunkedByteSource(Hdf5Dataset dataset,
                                                                    std::shared_ptr<const ByteSource> file,
                                                                    std::shared_ptr<ChunkCache> cache);

}  // namespace plumb

#endif  // PLUMB_HDF5_CHUNKED_SOURCE_H_
