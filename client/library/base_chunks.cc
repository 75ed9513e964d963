#include "client/library/base_chunks.h"

#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb {

void BaseChunks::AddFile(const v1::File& file, const ChunkList& list, UniqueFd fd) {
  similar_.AddFile(file, list, files_.size());
  for (size_t i = 0; i < list.size(); ++i) {
    places_.try_emplace(list.chunks()[i].digest, SimilarChunk{list.chunks()[i].digest, files_.size(), list.offset(i)});
  }
  files_.push_back(std::move(fd));
}

void BaseChunks::AddFolder(const ReleaseFolder& folder) {
  for (const v1::File& file : folder.manifest().manifest.files()) {
    if (file.tensors().empty()) continue;
    absl::StatusOr<ChunkList> list = folder.LoadChunkList(file);
    absl::StatusOr<UniqueFd> fd = folder.directory().OpenFile(file.path());
    if (list.ok() && fd.ok()) AddFile(file, *list, *std::move(fd));
  }
}

void BaseChunks::AddCached(Connection& connection, const Cache& cache, const Digest& digest) {
  absl::StatusOr<StoredManifest> release = GetManifest(connection, digest);
  if (!release.ok()) return;
  for (const v1::File& file : release->manifest.files()) {
    absl::StatusOr<Digest> root = Digest::FromBytes(file.tree_root());
    if (file.tensors().empty() || !root.ok()) continue;
    absl::StatusOr<UniqueFd> fd = cache.Find(*root);
    if (!fd.ok()) continue;
    absl::StatusOr<ChunkList> list = GetChunkList(connection, file);
    if (list.ok()) AddFile(file, *list, *std::move(fd));
  }
}

std::optional<Digest> BaseChunks::Find(std::span<const v1::Tensor> tensors, uint64_t begin, uint32_t size_bytes) const {
  std::optional<SimilarChunk> similar = similar_.Find(tensors, begin, size_bytes);
  return similar.has_value() ? std::optional<Digest>(similar->digest) : std::nullopt;
}

absl::Status BaseChunks::Read(const Digest& digest, std::span<uint8_t> plain) const {
  auto place = places_.find(digest);
  if (place == places_.end()) return NotFound(fmt::format("no chunk {} is here", digest.ToHex()));
  const SimilarChunk& chunk = place->second;
  return PreadExactly(files_[chunk.file].get(), plain, chunk.offset, "a file of an older release");
}

}  // namespace plumb
