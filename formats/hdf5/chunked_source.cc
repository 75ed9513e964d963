#include "plumb/hdf5/chunked_source.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "fmt/format.h"
#include "formats/hdf5/chunk_filters.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"
#include "plumb/weights/tensor_size.h"

namespace plumb {
namespace {

constexpr uint64_t kCacheBytes = 64u << 20;

class ChunkedSource : public ByteSource {
 public:
  ChunkedSource(Hdf5Dataset dataset, uint64_t size_bytes, uint64_t chunk_bytes, std::shared_ptr<const ByteSource> file,
                std::shared_ptr<ChunkCache> cache)
      : dataset_(std::move(dataset)),
        size_bytes_(size_bytes),
        chunk_bytes_(chunk_bytes),
        element_bytes_(BlockOf(dataset_.dtype).bytes),
        file_(std::move(file)),
        cache_(std::move(cache)) {}

  uint64_t Size() const override { return size_bytes_; }

  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    PLUMB_RETURN_IF_ERROR(CheckWithin(offset, out.size(), size_bytes_));
    ChunkCache::Chunk chunk;
    uint64_t held = UINT64_MAX;  // The index of `chunk`.
    while (!out.empty()) {
      const Run run = RunAt(offset);
      if (run.chunk != held) {
        PLUMB_ASSIGN_OR_RETURN(chunk, Get(run.chunk));
        held = run.chunk;
      }
      const size_t count = std::min<uint64_t>(out.size(), run.bytes);
      if (chunk != nullptr) {
        std::memcpy(out.data(), chunk->data() + run.begin, count);
      } else {
        for (size_t i = 0; i < count; ++i) {
          out[i] = static_cast<uint8_t>(dataset_.bytes[(run.begin + i) % element_bytes_]);
        }
      }
      offset += count;
      out = out.subspan(count);
    }
    return absl::OkStatus();
  }

 private:
  // Bytes that lie together in a chunk and in the dataset.
  struct Run {
    uint64_t chunk = 0;
    uint64_t begin = 0;  // In the chunk.
    uint64_t bytes = 0;
  };

  Run RunAt(uint64_t offset) const {
    const std::vector<uint64_t>&shape = dataset_.shape, &chunk = dataset_.chunk_shape;
    uint64_t element = offset / element_bytes_;
    const uint64_t cut = offset % element_bytes_;
    Run run;
    uint64_t chunk_scale = 1, place_scale = 1, place = 0;
    for (size_t i = shape.size(); i-- > 0;) {
      const uint64_t at = element % shape[i];
      element /= shape[i];
      if (i + 1 == shape.size()) run.bytes = std::min(chunk[i] - at % chunk[i], shape[i] - at) * element_bytes_ - cut;
      run.chunk += at / chunk[i] * chunk_scale;
      chunk_scale *= (shape[i] - 1) / chunk[i] + 1;
      place += at % chunk[i] * place_scale;
      place_scale *= chunk[i];
    }
    run.begin = place * element_bytes_ + cut;
    return run;
  }

  // nullptr for a chunk that was never written.
  absl::StatusOr<ChunkCache::Chunk> Get(uint64_t index) const {
    const std::vector<Hdf5Chunk>& chunks = dataset_.chunks;
    auto found = std::lower_bound(chunks.begin(), chunks.end(), index,
                                  [](const Hdf5Chunk& chunk, uint64_t wanted) { return chunk.index < wanted; });
    if (found == chunks.end() || found->index != index) return ChunkCache::Chunk();
    if (ChunkCache::Chunk cached = cache_->Find({this, index}); cached != nullptr) return cached;
    std::string stored(found->stored_bytes, '\0');
    PLUMB_RETURN_IF_ERROR(file_->Read(found->begin, {reinterpret_cast<uint8_t*>(stored.data()), stored.size()}));
    absl::StatusOr<std::string> data =
        hdf5::UndoFilters(std::move(stored), dataset_.filters, found->skipped_filters, element_bytes_, chunk_bytes_);
    if (!data.ok()) return Annotate(data.status(), fmt::format("dataset {}", QuoteForMessage(dataset_.path)));
    auto chunk = std::make_shared<const std::string>(*std::move(data));
    cache_->Add({this, index}, chunk);
    return chunk;
  }

  Hdf5Dataset dataset_;
  uint64_t size_bytes_, chunk_bytes_, element_bytes_;
  std::shared_ptr<const ByteSource> file_;
  std::shared_ptr<ChunkCache> cache_;
};

// Before memory is taken for a chunk: whether its stored bytes can be that much.
absl::Status CheckChunk(const Hdf5Dataset& dataset, const Hdf5Chunk& chunk, uint64_t chunk_bytes) {
  bool deflated = false;
  for (size_t i = 0; i < dataset.filters.size(); ++i) {
    deflated |= dataset.filters[i] == Hdf5Filter::kDeflate && (chunk.skipped_filters >> i & 1) == 0;
  }
  const uint64_t held_max = deflated ? chunk.stored_bytes * hdf5::kDeflateRatioMax : chunk.stored_bytes;
  if (chunk_bytes <= held_max) return absl::OkStatus();
  return RefusedFile(fmt::format("dataset {}: chunk {} cannot have {} bytes of {} stored ones",
                                 QuoteForMessage(dataset.path), chunk.index, chunk_bytes, chunk.stored_bytes));
}

}  // namespace

ChunkCache::Chunk ChunkCache::Find(const Key& key) {
  std::lock_guard lock(mutex_);
  auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  chunks_.splice(chunks_.begin(), chunks_, found->second);
  return found->second->second;
}

void ChunkCache::Add(const Key& key, Chunk chunk) {
  std::lock_guard lock(mutex_);
  if (by_key_.contains(key)) return;  // Two threads unpacked it.
  bytes_ += chunk->size();
  chunks_.emplace_front(key, std::move(chunk));
  by_key_[key] = chunks_.begin();
  while (bytes_ > kCacheBytes && chunks_.size() > 1) {
    bytes_ -= chunks_.back().second->size();
    by_key_.erase(chunks_.back().first);
    chunks_.pop_back();
  }
}

absl::StatusOr<std::shared_ptr<const ByteSource>> ChunkedByteSource(Hdf5Dataset dataset,
                                                                    std::shared_ptr<const ByteSource> file,
                                                                    std::shared_ptr<ChunkCache> cache) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t size_bytes, TensorSizeBytes(dataset.dtype, dataset.shape));
  PLUMB_ASSIGN_OR_RETURN(uint64_t chunk_bytes, TensorSizeBytes(dataset.dtype, dataset.chunk_shape));
  if (std::count(dataset.filters.begin(), dataset.filters.end(), Hdf5Filter::kDeflate) > 1) {
    return RefusedFile(fmt::format("dataset {} is deflated twice", QuoteForMessage(dataset.path)));
  }
  for (const Hdf5Chunk& chunk : dataset.chunks) PLUMB_RETURN_IF_ERROR(CheckChunk(dataset, chunk, chunk_bytes));
  return std::make_shared<ChunkedSource>(std::move(dataset), size_bytes, chunk_bytes, std::move(file),
                                         std::move(cache));
}

}  // namespace plumb
