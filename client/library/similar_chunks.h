// Which chunk of an older release is like a chunk of a newer one.
#ifndef PLUMB_CLIENT_LIBRARY_SIMILAR_CHUNKS_H_
#define PLUMB_CLIENT_LIBRARY_SIMILAR_CHUNKS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "plumb/client/connection.h"
#include "plumb/codec/frame.h"
#include "plumb/content/chunk_list.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// The tensor that a chunk belongs to: the one that its first byte lies in, else the first one that starts inside it.
// No value when it holds none. `tensors` are in the order of their bytes.
std::optional<size_t> TensorOfChunk(std::span<const v1::Tensor> tensors, uint64_t begin, uint64_t size_bytes);

// What the bytes of a tensor are, for the codec.
ElementKind ElementsOfDType(std::string_view dtype);

// Where a chunk of an older release stands.
struct SimilarChunk {
  Digest digest;
  size_t file = 0;  // As given to AddFile.
  uint64_t offset = 0;
};

// Chunks of a release by tensor and place in it: the chunk at the same place of the same tensor, of the same size, is
// likely to differ little. Not thread-safe while files are added.
class SimilarChunks {
 public:
  // Takes a file of the older release into account. `file`: a number of the caller's for it.
  void AddFile(const v1::File& file, const ChunkList& list, size_t file_number);

  // The older chunk like the one of `size_bytes` at `begin` of a file with `tensors`.
  std::optional<SimilarChunk> Find(std::span<const v1::Tensor> tensors, uint64_t begin, uint32_t size_bytes) const;
  bool empty() const { return places_.empty(); }

 private:
  struct Place {
    std::string tensor;
    int64_t offset = 0;  // Of the chunk, from the tensor's first byte.
    uint32_t size_bytes = 0;

    friend auto operator<=>(const Place&, const Place&) = default;
  };
  static std::optional<Place> PlaceOf(std::span<const v1::Tensor> tensors, uint64_t begin, uint32_t size_bytes);

  std::map<Place, SimilarChunk> places_;
};

// Takes every weight file of a release into account, whose chunk lists come from `registry`.
absl::Status AddWeights(Connection& registry, const v1::Manifest& release, SimilarChunks* chunks);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_SIMILAR_CHUNKS_H_
