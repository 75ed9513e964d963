#include "plumb/client/read_file.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "client/library/remote_folder.h"
#include "fmt/format.h"
#include "plumb/base/byte_source.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "plumb/content/chunk_list.h"
#include "plumb/manifest/manifest.h"

namespace plumb {
namespace {

// What is asked for at once.
constexpr uint64_t kPieceBytes = 8u << 20;

absl::StatusOr<const v1::File*> Named(const v1::Manifest& manifest, const std::string& path) {
  const v1::File* file = FindFile(manifest, path);
  if (file != nullptr) return file;
  return NotFound(fmt::format("{}@{} has no file {}", manifest.model(), manifest.version(), path));
}

}  // namespace

absl::Status ReadReleaseFile(Connection& connection, const v1::Manifest& manifest, const std::string& path,
                             const Operation& operation, const ByteTaker& taker) {
  PLUMB_RETURN_IF_ERROR(Named(manifest, path).status());
  RemoteFolder folder(connection, manifest, operation, RemoteFolder::Reading::kWhole);
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const ByteSource> source, folder.Open(path));
  Progress progress = {.phase = "fetch", .item = path, .done_bytes = 0, .total_bytes = source->Size()};
  std::vector<uint8_t> piece;
  while (progress.done_bytes < progress.total_bytes) {
    piece.resize(std::min(kPieceBytes, progress.total_bytes - progress.done_bytes));
    PLUMB_RETURN_IF_ERROR(source->Read(progress.done_bytes, piece));
    progress.done_bytes += piece.size();
    operation.Report(progress);
    PLUMB_RETURN_IF_ERROR(taker(piece));
  }
  return absl::OkStatus();
}

absl::Status ReadFolderFile(const ReleaseFolder& folder, const std::string& path, const Operation& operation,
                            const ByteTaker& taker) {
  const v1::Manifest& manifest = folder.manifest().manifest;
  PLUMB_ASSIGN_OR_RETURN(const v1::File* file, Named(manifest, path));
  PLUMB_ASSIGN_OR_RETURN(ChunkList list, folder.LoadChunkList(*file));
  absl::StatusOr<UniqueFd> fd = folder.directory().OpenFile(path);
  if (absl::IsNotFound(fd.status())) {
    return NotFound(fmt::format("{} is not in {}: it was not pulled, or is gone", path, folder.directory().path()));
  }
  PLUMB_RETURN_IF_ERROR(fd.status());
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < list.size(); ++i) {
    PLUMB_RETURN_IF_ERROR(operation.Check());
    const ChunkRef& chunk = list.chunks()[i];
    bytes.resize(chunk.size_bytes);
    PLUMB_RETURN_IF_ERROR(PreadExactly(fd->get(), bytes, list.offset(i), path));
    if (Sha256Of(bytes) != chunk.digest) {
      return WithErrorClass(
          DataLoss(fmt::format("{}: bytes {} to {} are not those of {}@{}", path, list.offset(i),
                               list.offset(i) + chunk.size_bytes, manifest.model(), manifest.version())),
          ErrorClass::kVerification);
    }
    PLUMB_RETURN_IF_ERROR(taker(bytes));
  }
  return absl::OkStatus();
}

}  // namespace plumb
