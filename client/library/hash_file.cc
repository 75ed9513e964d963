#include "client/library/hash_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <vector>

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

// Hashes chunk after chunk and hands each on.
class ChunkHasher {
 public:
  ChunkHasher(transfer::BufferPool* pool, const FileChunkVisitor& visitor) : pool_(*pool), visitor_(visitor) {}

  transfer::AlignedBytes Buffer() { return pool_.Take(); }

  absl::Status Add(transfer::AlignedBytes buffer, uint32_t size) {
    FileChunk chunk{.chunk = {hasher_.AddChunk({buffer.get(), size}), size},
                    .offset = hashed_.size_bytes,
                    .bytes = std::move(buffer)};
    absl::Status appended = hashed_.chunks.Append(chunk.chunk);
    if (!appended.ok()) {
      pool_.Return(std::move(chunk.bytes));
      return appended;
    }
    hashed_.size_bytes += size;
    return visitor_(std::move(chunk));
  }
  // Copies `bytes` into a buffer.
  absl::Status AddCopy(std::span<const uint8_t> bytes) {
    transfer::AlignedBytes buffer = Buffer();
    std::memcpy(buffer.get(), bytes.data(), bytes.size());
    return Add(std::move(buffer), static_cast<uint32_t>(bytes.size()));
  }
  // Cuts `bytes` by content; keeps back a tail that more bytes could lengthen unless it is the `end`. Returns how many
  // were used.
  absl::StatusOr<size_t> AddCut(std::span<const uint8_t> bytes, bool end) {
    size_t used = 0;
    while (used < bytes.size() && (end || bytes.size() - used >= limits::kChunkBytes)) {
      std::span<const uint8_t> rest = bytes.subspan(used);
      size_t size = CutContentDefined(rest);
      PLUMB_RETURN_IF_ERROR(AddCopy(rest.first(size)));
      used += size;
    }
    return used;
  }

  HashedFile Finish() {
    hashed_.sha256 = hasher_.Finish();
    return std::move(hashed_);
  }

 private:
  transfer::BufferPool& pool_;
  const FileChunkVisitor& visitor_;
  FileHasher hasher_;
  HashedFile hashed_;
};

absl::Status ReadPiece(int fd, std::span<uint8_t> out, uint64_t offset, std::string_view name) {
  absl::Status status = PreadExactly(fd, out, offset, name);
  if (!absl::IsOutOfRange(status)) return status;
  return absl::AbortedError(fmt::format("{} was shortened while it was being read", name));
}

absl::Status HashPlanned(int fd, std::string_view name, uint64_t file_bytes, std::span<const ByteRange> tensors,
                         transfer::BufferPool* pool, ChunkHasher* hasher) {
  uint64_t offset = 0;
  for (const PlannedChunk& planned : PlanChunks(file_bytes, tensors)) {
    transfer::AlignedBytes buffer = hasher->Buffer();
    absl::Status read = ReadPiece(fd, {buffer.get(), planned.size_bytes}, offset, name);
    if (!read.ok()) {
      pool->Return(std::move(buffer));
      return read;
    }
    PLUMB_RETURN_IF_ERROR(hasher->Add(std::move(buffer), planned.size_bytes));
    offset += planned.size_bytes;
  }
  return absl::OkStatus();
}

absl::Status HashByContent(int fd, std::string_view name, uint64_t file_bytes, ChunkHasher* hasher) {
  std::vector<uint8_t> window(std::min<uint64_t>(kWindowBytes, file_bytes));
  size_t kept = 0;
  for (uint64_t offset = 0; offset < file_bytes;) {
    size_t more = std::min<uint64_t>(window.size() - kept, file_bytes - offset);
    PLUMB_RETURN_IF_ERROR(ReadPiece(fd, std::span(window).subspan(kept, more), offset, name));
    offset += more;
    kept += more;
    PLUMB_ASSIGN_OR_RETURN(size_t used, hasher->AddCut(std::span(window).first(kept), offset == file_bytes));
    kept -= used;
    std::memmove(window.data(), window.data() + used, kept);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<HashedFile> HashFile(int fd, std::string_view name, std::span<const ByteRange> tensors,
                                    transfer::BufferPool* pool, const FileChunkVisitor& visitor) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t file_bytes, FileSize(fd, name));
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  ChunkHasher hasher(pool, visitor);
  if (tensors.empty()) {
    PLUMB_RETURN_IF_ERROR(HashByContent(fd, name, file_bytes, &hasher));
  } else {
    PLUMB_RETURN_IF_ERROR(HashPlanned(fd, name, file_bytes, tensors, pool, &hasher));
  }
  return hasher.Finish();
}

absl::StatusOr<HashedFile> HashBytes(std::string_view bytes, transfer::BufferPool* pool,
                                     const FileChunkVisitor& visitor) {
  ChunkHasher hasher(pool, visitor);
  PLUMB_RETURN_IF_ERROR(hasher.AddCut(AsBytes(bytes), /*end=*/true).status());
  return hasher.Finish();
}

}  // namespace plumb
