#include "client/library/release_copy.h"

#include <optional>
#include <utility>
#include <vector>

#include "client/library/chunk_relay.h"
#include "client/library/commit.h"
#include "client/rpc/channel.h"
#include "client/transfer/upload.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb {

absl::Status ReleaseCopier::Copy(const v1::Event& event) {
  PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(event.digest()));
  PLUMB_ASSIGN_OR_RETURN(StoredManifest stored, GetManifest(upstream_, digest));
  if (stored.manifest.model() != event.model() || stored.manifest.version() != event.version()) {
    return WithErrorClass(
        DataLoss(fmt::format("its manifest is of {}@{}", stored.manifest.model(), stored.manifest.version())),
        ErrorClass::kVerification);
  }
  progress_ = {.phase = "mirror",
               .item = fmt::format("{}@{}", event.model(), event.version()),
               .done_bytes = 0,
               .total_bytes = TotalBytes(stored.manifest)};
  PLUMB_RETURN_IF_ERROR(LearnParent(stored.manifest));
  for (const v1::File& file : stored.manifest.files()) PLUMB_RETURN_IF_ERROR(CopyFile(file));
  // Chunks may have been collected since they were asked about: a second round brings them again.
  absl::Status status = CommitManifest(target_, stored, operation_, /*mirrored=*/true).status();
  if (!absl::IsFailedPrecondition(status)) return status;
  for (const v1::File& file : stored.manifest.files()) PLUMB_RETURN_IF_ERROR(CopyFile(file));
  return CommitManifest(target_, stored, operation_, /*mirrored=*/true).status();
}

absl::Status ReleaseCopier::LearnParent(const v1::Manifest& manifest) {
  parent_ = SimilarChunks();
  if (!manifest.has_lineage()) return absl::OkStatus();
  PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(manifest.lineage().parent_digest()));
  absl::StatusOr<StoredManifest> parent = GetManifest(upstream_, digest);
  if (!parent.ok()) return absl::IsNotFound(parent.status()) ? absl::OkStatus() : parent.status();
  return AddWeights(upstream_, parent->manifest, &parent_);
}

absl::Status ReleaseCopier::CopyFile(const v1::File& file) {
  PLUMB_ASSIGN_OR_RETURN(ChunkList list, GetChunkList(upstream_, file));
  absl::Status copied = CopyChunks(file, list, /*differences=*/true);
  if (absl::IsFailedPrecondition(copied)) copied = CopyChunks(file, list, /*differences=*/false);
  PLUMB_RETURN_IF_ERROR(copied);
  progress_.done_bytes += file.size_bytes();
  operation_.Report(progress_);
  PLUMB_ASSIGN_OR_RETURN(Digest root, Digest::FromBytes(file.tree_root()));
  PLUMB_ASSIGN_OR_RETURN(bool list_missing, transfer::IsChunkListMissing(target_.channel(), root));
  return list_missing ? transfer::PutChunkList(target_.channel(), list) : absl::OkStatus();
}

absl::Status ReleaseCopier::CopyChunks(const v1::File& file, const ChunkList& list, bool differences) {
  PLUMB_ASSIGN_OR_RETURN(
      std::vector<size_t> missing,
      transfer::FindMissingChunks(target_.channel(), list.chunks(), target_.capabilities().batch_items_max()));
  // What need not be copied is no measure of how fast copying is.
  if (missing.empty()) progress_.reused_bytes += file.size_bytes();
  std::vector<v1::Tensor> tensors(file.tensors().begin(), file.tensors().end());
  std::vector<transfer::WantedChunk> wanted;
  for (size_t index : missing) {
    const ChunkRef& chunk = list.chunks()[index];
    wanted.push_back({.chunk = chunk, .have = std::nullopt});
    std::optional<SimilarChunk> similar = parent_.Find(tensors, list.offset(index), chunk.size_bytes);
    if (differences && similar.has_value()) wanted.back().have = similar->digest;
  }
  RelayResult relayed;
  absl::Status status = RelayChunks(upstream_, target_, wanted, streams_, operation_, &relayed);
  figures_.chunks += relayed.chunks;
  figures_.bytes += relayed.sent_bytes;
  return status;
}

}  // namespace plumb
