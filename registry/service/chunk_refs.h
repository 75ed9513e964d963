// Chunks and digests in messages.
#ifndef PLUMB_REGISTRY_SERVICE_CHUNK_REFS_H_
#define PLUMB_REGISTRY_SERVICE_CHUNK_REFS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "plumb/codec/frame.h"
#include "plumb/content/chunk_list.h"
#include "plumb/v1/content.pb.h"
#include "plumb/v1/types.pb.h"

namespace plumb {

// INVALID_ARGUMENT unless the digest has 32 bytes and the size is 1 to limits::kChunkBytesMax.
absl::StatusOr<ChunkRef> ToChunkRef(const v1::Chunk& chunk);
v1::Chunk ToMessage(const ChunkRef& chunk);

// INVALID_ARGUMENT unless each has 32 bytes.
absl::StatusOr<std::vector<Digest>> ToDigests(const google::protobuf::RepeatedPtrField<std::string>& digests);

// Bytes for what is not known here.
ElementKind ToElementKind(v1::ElementKind elements);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVICE_CHUNK_REFS_H_
