#include "client/library/similar_chunks.h"

#include <algorithm>

#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb {

std::optional<size_t> TensorOfChunk(std::span<const v1::Tensor> tensors, uint64_t begin, uint64_t size_bytes) {
  auto after = std::partition_point(tensors.begin(), tensors.end(),
                                    [&](const v1::Tensor& tensor) { return tensor.end() <= begin; });
  if (after == tensors.end() || after->begin() >= begin + size_bytes) return std::nullopt;
  return static_cast<size_t>(after - tensors.begin());
}

ElementKind ElementsOfDType(std::string_view dtype) {
  if (dtype == "BF16") return ElementKind::kBf16;
  if (dtype == "F16") return ElementKind::kF16;
  if (dtype == "F32") return ElementKind::kF32;
  if (dtype == "F64") return ElementKind::kF64;
  return ElementKind::kBytes;
}

std::optional<SimilarChunks::Place> SimilarChunks::PlaceOf(std::span<const v1::Tensor> tensors, uint64_t begin,
                                                           uint32_t size_bytes) {
  std::optional<size_t> index = TensorOfChunk(tensors, begin, size_bytes);
  if (!index.has_value()) return std::nullopt;
  const v1::Tensor& tensor = tensors[*index];
  return Place{tensor.name(), static_cast<int64_t>(begin) - static_cast<int64_t>(tensor.begin()), size_bytes};
}

void SimilarChunks::AddFile(const v1::File& file, const ChunkList& list, size_t file_number) {
  std::vector<v1::Tensor> tensors(file.tensors().begin(), file.tensors().end());
  for (size_t i = 0; i < list.size(); ++i) {
    const ChunkRef& chunk = list.chunks()[i];
    if (std::optional<Place> place = PlaceOf(tensors, list.offset(i), chunk.size_bytes)) {
      places_.emplace(*std::move(place), SimilarChunk{chunk.digest, file_number, list.offset(i)});
    }
  }
}

std::optional<SimilarChunk> SimilarChunks::Find(std::span<const v1::Tensor> tensors, uint64_t begin,
                                                uint32_t size_bytes) const {
  if (places_.empty()) return std::nullopt;
  std::optional<Place> place = PlaceOf(tensors, begin, size_bytes);
  if (!place.has_value()) return std::nullopt;
  auto found = places_.find(*place);
  return found == places_.end() ? std::nullopt : std::optional<SimilarChunk>(found->second);
}

absl::Status AddWeights(Connection& registry, const v1::Manifest& release, SimilarChunks* chunks) {
  for (const v1::File& file : release.files()) {
    if (file.tensors().empty()) continue;
    PLUMB_ASSIGN_OR_RETURN(ChunkList list, GetChunkList(registry, file));
    chunks->AddFile(file, list, 0);
  }
  return absl::OkStatus();
}

}  // namespace plumb
