#include "client/library/hash_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "client/library/chunk_batches.h"
#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/content/content_defined.h"

namespace plumb {
namespace {

// Bytes looked at at once where content decides the cuts.
constexpr size_t kWindowBytes = 4 * limits::kChunkBytes;

// Hashes the whole, and hands chunk after chunk on.
class FileReader {
 public:
  FileReader(transfer::BufferPool* pool, const FileChunkVisitor& visitor) : pool_(*pool), batches_(pool, visitor) {}

  transfer::AlignedBytes Buffer() { return pool_.Take(); }

  absl::Status Add(transfer::AlignedBytes buffer, uint32_t size) {
    whole_.Update({buffer.get(), size});
    size_bytes_ += size;
    return batches_.Add(std::move(buffer), size);
  }
  // Cuts `bytes` by content; keeps back a tail that more bytes could lengthen unless it is the `end`. Returns how many
  // were used.
  absl::StatusOr<size_t> AddCut(std::span<const uint8_t> bytes, bool end) {
    size_t used = 0;
    while (used < bytes.size() && (end || bytes.size() - used >= limits::kChunkBytes)) {
      std::span<const uint8_t> rest = bytes.subspan(used);
      uint32_t size = CutContentDefined(rest);
      transfer::AlignedBytes buffer = Buffer();
      std::memcpy(buffer.get(), rest.data(), size);
      PLUMB_RETURN_IF_ERROR(Add(std::move(buffer), size));
      used += size;
    }
    return used;
  }

  absl::StatusOr<HashedFile> Finish() {
    PLUMB_ASSIGN_OR_RETURN(ChunkList chunks, batches_.Finish());
    return HashedFile{.size_bytes = size_bytes_, .sha256 = whole_.Finish(), .chunks = std::move(chunks)};
  }

 private:
  transfer::BufferPool& pool_;
  Sha256 whole_;
  uint64_t size_bytes_ = 0;
  ChunkBatches batches_;
};

absl::Status ReadPiece(int fd, std::span<uint8_t> out, uint64_t offset, std::string_view name) {
  absl::Status status = PreadExactly(fd, out, offset, name);
  if (!absl::IsOutOfRange(status)) return status;
  return absl::AbortedError(fmt::format("{} was shortened while it was being read", name));
}

absl::Status HashPlanned(int fd, std::string_view name, uint64_t file_bytes, std::span<const ByteRange> tensors,
                         transfer::BufferPool* pool, FileReader* reader) {
  uint64_t offset = 0;
  for (const PlannedChunk& planned : PlanChunks(file_bytes, tensors)) {
    transfer::AlignedBytes buffer = reader->Buffer();
    absl::Status read = ReadPiece(fd, {buffer.get(), planned.size_bytes}, offset, name);
    if (!read.ok()) {
      pool->Return(std::move(buffer));
      return read;
    }
    PLUMB_RETURN_IF_ERROR(reader->Add(std::move(buffer), planned.size_bytes));
    offset += planned.size_bytes;
  }
  return absl::OkStatus();
}

absl::Status HashByContent(int fd, std::string_view name, uint64_t file_bytes, FileReader* reader) {
  std::vector<uint8_t> window(std::min<uint64_t>(kWindowBytes, file_bytes));
  size_t kept = 0;
  for (uint64_t offset = 0; offset < file_bytes;) {
    size_t more = std::min<uint64_t>(window.size() - kept, file_bytes - offset);
    PLUMB_RETURN_IF_ERROR(ReadPiece(fd, std::span(window).subspan(kept, more), offset, name));
    offset += more;
    kept += more;
    PLUMB_ASSIGN_OR_RETURN(size_t used, reader->AddCut(std::span(window).first(kept), offset == file_bytes));
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
  FileReader reader(pool, visitor);
  if (tensors.empty()) {
    PLUMB_RETURN_IF_ERROR(HashByContent(fd, name, file_bytes, &reader));
  } else {
    PLUMB_RETURN_IF_ERROR(HashPlanned(fd, name, file_bytes, tensors, pool, &reader));
  }
  return reader.Finish();
}

absl::StatusOr<HashedFile> HashBytes(std::string_view bytes, transfer::BufferPool* pool,
                                     const FileChunkVisitor& visitor) {
  FileReader reader(pool, visitor);
  PLUMB_RETURN_IF_ERROR(reader.AddCut(AsBytes(bytes), /*end=*/true).status());
  return reader.Finish();
}

}  // namespace plumb
