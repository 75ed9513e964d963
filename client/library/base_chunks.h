// Chunks of older releases that are on this machine already.
#ifndef PLUMB_CLIENT_LIBRARY_BASE_CHUNKS_H_
#define PLUMB_CLIENT_LIBRARY_BASE_CHUNKS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "client/library/similar_chunks.h"
#include "plumb/base/file.h"
#include "plumb/client/cache.h"
#include "plumb/client/connection.h"
#include "plumb/client/release_folder.h"
#include "plumb/manifest/manifest.h"

namespace plumb {

// What differences can be taken from: the release that stood in the folder before, and the parent's files in the cache.
// Find and Read may be called from several threads once everything is added.
class BaseChunks {
 public:
  // The files of a pulled folder, which may be replaced while this object lives.
  void AddFolder(const ReleaseFolder& folder);
  // The files of the release `digest` that are in the cache. What cannot be had is left out.
  void AddCached(Connection& connection, const Cache& cache, const Digest& digest);

  // The chunk here that is at the same place of the same tensor.
  std::optional<Digest> Find(std::span<const v1::Tensor> tensors, uint64_t begin, uint32_t size_bytes) const;
  // The bytes of a chunk that Find named, not verified. NOT_FOUND for any other.
  absl::Status Read(const Digest& digest, std::span<uint8_t> plain) const;

 private:
  void AddFile(const v1::File& file, const ChunkList& list, UniqueFd fd);

  SimilarChunks similar_;
  std::vector<UniqueFd> files_;
  std::unordered_map<Digest, SimilarChunk> places_;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_BASE_CHUNKS_H_
