#include "registry/service/chunk_refs.h"

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {

absl::StatusOr<ChunkRef> ToChunkRef(const v1::Chunk& chunk) {
  ChunkRef ref;
  PLUMB_ASSIGN_OR_RETURN(ref.digest, Digest::FromBytes(chunk.digest()));
  ref.size_bytes = chunk.size_bytes();
  if (ref.size_bytes >= 1 && ref.size_bytes <= limits::kChunkBytesMax) return ref;
  return InvalidArgument(fmt::format("chunk {} has {} bytes, expected 1 to {}", ref.digest.ToHex(), ref.size_bytes,
                                     limits::kChunkBytesMax));
}

v1::Chunk ToMessage(const ChunkRef& chunk) {
  v1::Chunk message;
  message.set_digest(chunk.digest.ToBytes());
  message.set_size_bytes(chunk.size_bytes);
  return message;
}

absl::StatusOr<std::vector<Digest>> ToDigests(const google::protobuf::RepeatedPtrField<std::string>& digests) {
  std::vector<Digest> result;
  for (const std::string& bytes : digests) {
    PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(bytes));
    result.push_back(digest);
  }
  return result;
}

ElementKind ToElementKind(v1::ElementKind elements) {
  switch (elements) {
    case v1::ELEMENT_KIND_BF16:
      return ElementKind::kBf16;
    case v1::ELEMENT_KIND_F16:
      return ElementKind::kF16;
    case v1::ELEMENT_KIND_F32:
      return ElementKind::kF32;
    case v1::ELEMENT_KIND_F64:
      return ElementKind::kF64;
    default:
      return ElementKind::kBytes;
  }
}

}  // namespace plumb
