#include "client/library/hash_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "client/library/chunk_batches.h"
#include "client/library/piece_queue.h"
#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/content/content_defined.h"
#include "plumb/content/multi_digest.h"

namespace plumb {
namespace {

// Bytes looked at at once where content decides the cuts.
constexpr size_t kWindowBytes = 4 * limits::kChunkBytes;
// Chunks that are read ahead of the hash.
constexpr size_t kAheadChunks = 6;

absl::Status ReadPiece(int fd, std::span<uint8_t> out, uint64_t offset, std::string_view name) {
  absl::Status status = PreadExactly(fd, out, offset, name);
  if (!absl::IsOutOfRange(status)) return status;
  return absl::AbortedError(fmt::format("{} was shortened while it was being read", name));
}

absl::Status ReadPlanned(int fd, std::string_view name, uint64_t file_bytes, std::span<const ByteRange> tensors,
                         transfer::BufferPool* pool, PieceQueue* pieces) {
  uint64_t offset = 0;
  for (const PlannedChunk& planned : PlanChunks(file_bytes, tensors)) {
    transfer::AlignedBytes buffer = pieces->Buffer();
    absl::Status read = ReadPiece(fd, {buffer.get(), planned.size_bytes}, offset, name);
    if (!read.ok()) {
      pool->Return(std::move(buffer));
      return read;
    }
    PLUMB_RETURN_IF_ERROR(pieces->Put({.bytes = std::move(buffer), .size_bytes = planned.size_bytes}));
    offset += planned.size_bytes;
  }
  return absl::OkStatus();
}

// Cuts `bytes` by content; keeps back a tail that more bytes could lengthen unless it is the `end`. Returns how many
// were used.
absl::StatusOr<size_t> PutCut(std::span<const uint8_t> bytes, bool end, PieceQueue* pieces) {
  size_t used = 0;
  while (used < bytes.size() && (end || bytes.size() - used >= limits::kChunkBytes)) {
    std::span<const uint8_t> rest = bytes.subspan(used);
    uint32_t size = CutContentDefined(rest);
    transfer::AlignedBytes buffer = pieces->Buffer();
    std::memcpy(buffer.get(), rest.data(), size);
    PLUMB_RETURN_IF_ERROR(pieces->Put({.bytes = std::move(buffer), .size_bytes = size}));
    used += size;
  }
  return used;
}

absl::Status ReadByContent(int fd, std::string_view name, uint64_t file_bytes, PieceQueue* pieces) {
  std::vector<uint8_t> window(std::min<uint64_t>(kWindowBytes, file_bytes));
  size_t kept = 0;
  for (uint64_t offset = 0; offset < file_bytes;) {
    size_t more = std::min<uint64_t>(window.size() - kept, file_bytes - offset);
    PLUMB_RETURN_IF_ERROR(ReadPiece(fd, std::span(window).subspan(kept, more), offset, name));
    offset += more;
    kept += more;
    PLUMB_ASSIGN_OR_RETURN(size_t used, PutCut(std::span(window).first(kept), offset == file_bytes, pieces));
    kept -= used;
    std::memmove(window.data(), window.data() + used, kept);
  }
  return absl::OkStatus();
}

// Hashes the whole, and a chunk beside it when those who would do it otherwise are busy.
absl::StatusOr<HashedFile> HashPieces(HashPlan plan, PieceQueue* pieces, transfer::BufferPool* pool,
                                      const FileChunkVisitor& visitor) {
  ChunkBatches batches(pool, visitor);
  FileHasher hasher;
  uint64_t size_bytes = 0;
  while (std::optional<PieceQueue::Piece> piece = pieces->Take()) {
    const std::span<const uint8_t> bytes(piece->bytes.get(), piece->size_bytes);
    FileChunk chunk{.chunk = {Digest(), piece->size_bytes}, .offset = size_bytes, .bytes = nullptr};
    chunk.hashed = plan == HashPlan::kBeside && batches.busy();
    if (chunk.hashed) {
      chunk.chunk.digest = hasher.AddChunk(bytes);
    } else {
      hasher.AddBytes(bytes);
    }
    size_bytes += bytes.size();
    chunk.bytes = std::move(piece->bytes);
    PLUMB_RETURN_IF_ERROR(batches.Add(std::move(chunk)));
  }
  PLUMB_RETURN_IF_ERROR(pieces->status());
  PLUMB_ASSIGN_OR_RETURN(ChunkList chunks, batches.Finish());
  return HashedFile{.size_bytes = size_bytes, .sha256 = hasher.Finish(), .chunks = std::move(chunks)};
}

// `read` puts all pieces into the queue it is given, on a thread of its own.
template <typename Read>
absl::StatusOr<HashedFile> ReadAndHash(HashPlan plan, transfer::BufferPool* pool, const FileChunkVisitor& visitor,
                                       Read read) {
  PieceQueue pieces(pool, kAheadChunks);
  std::jthread reader([&] { pieces.Close(read(&pieces)); });
  absl::StatusOr<HashedFile> hashed = HashPieces(plan, &pieces, pool, visitor);
  pieces.Abandon();
  return hashed;
}

}  // namespace

HashPlan BestHashPlan() { return FileHasher::Pays() ? HashPlan::kBeside : HashPlan::kApart; }

absl::StatusOr<HashedFile> HashFile(int fd, std::string_view name, std::span<const ByteRange> tensors,
                                    transfer::BufferPool* pool, const FileChunkVisitor& visitor, HashPlan plan) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t file_bytes, FileSize(fd, name));
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return ReadAndHash(plan, pool, visitor, [&](PieceQueue* pieces) {
    return tensors.empty() ? ReadByContent(fd, name, file_bytes, pieces)
                           : ReadPlanned(fd, name, file_bytes, tensors, pool, pieces);
  });
}

absl::StatusOr<HashedFile> HashBytes(std::string_view bytes, transfer::BufferPool* pool,
                                     const FileChunkVisitor& visitor, HashPlan plan) {
  return ReadAndHash(plan, pool, visitor,
                     [&](PieceQueue* pieces) { return PutCut(AsBytes(bytes), /*end=*/true, pieces).status(); });
}

}  // namespace plumb
