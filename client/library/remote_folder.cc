#include "client/library/remote_folder.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "client/transfer/download.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/cache.h"
#include "plumb/client/catalogue.h"
#include "plumb/client/inspect.h"
#include "plumb/content/chunk_list.h"
#include "plumb/manifest/manifest.h"

namespace plumb {
namespace {

// About what an entry of a chunk list takes on its way.
constexpr uint64_t kListEntryBytes = 44;
// Plain bytes that a source keeps.
constexpr uint64_t kKeptBytesMax = 32u << 20;

// Keeps what arrives.
class Gatherer : public transfer::ExtentSink {
 public:
  explicit Gatherer(std::span<const transfer::Extent> extents) : extents_(extents), arrived_(extents.size()) {}

  absl::Status ReadBase(const Digest&, std::span<uint8_t>) override { return Internal("no base was offered"); }
  absl::Status Take(size_t index, std::span<const uint8_t> bytes, const std::vector<bool>& good) override {
    size_t at = 0;
    for (size_t i = 0; i < good.size(); ++i) {
      size_t size = extents_[index].chunks[i].chunk.size_bytes;
      if (good[i]) arrived_[index].emplace(i, std::vector<uint8_t>(bytes.begin() + at, bytes.begin() + at + size));
      at += size;
    }
    return absl::OkStatus();
  }
  // The chunks of each extent by their place in it.
  std::vector<std::map<size_t, std::vector<uint8_t>>> TakeArrived() { return std::move(arrived_); }

 private:
  std::span<const transfer::Extent> extents_;
  std::vector<std::map<size_t, std::vector<uint8_t>>> arrived_;  // An extent is taken by one thread.
};

class RemoteFile : public ByteSource {
 public:
  RemoteFile(Connection& connection, const v1::File& file, uint64_t bytes_max, const Operation& operation,
             std::shared_ptr<std::atomic<uint64_t>> received_bytes)
      : connection_(connection),
        file_(file),
        bytes_max_(bytes_max),
        operation_(operation),
        received_bytes_(std::move(received_bytes)) {}

  uint64_t Size() const override { return file_.size_bytes(); }

  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    PLUMB_RETURN_IF_ERROR(CheckWithin(offset, out.size(), Size()));
    std::lock_guard lock(mutex_);
    while (!out.empty()) {
      PLUMB_RETURN_IF_ERROR(LoadList());
      size_t index = ChunkAt(offset);
      if (!chunks_.contains(index)) PLUMB_RETURN_IF_ERROR(Fetch(index, ChunkAt(offset + out.size() - 1)));
      const std::vector<uint8_t>& bytes = chunks_.at(index);
      uint64_t skip = offset - list_->offset(index);
      size_t count = std::min<uint64_t>(out.size(), bytes.size() - skip);
      std::memcpy(out.data(), bytes.data() + skip, count);
      out = out.subspan(count);
      offset += count;
    }
    return absl::OkStatus();
  }

  uint64_t CheapEnd(uint64_t offset) const override {
    std::lock_guard lock(mutex_);
    if (offset >= Size() || !LoadList().ok()) return Size();
    size_t index = ChunkAt(offset);
    return list_->offset(index) + list_->chunks()[index].size_bytes;
  }

 private:
  absl::Status Spend(uint64_t bytes) const {
    if (bytes <= bytes_max_ - spent_bytes_) {
      spent_bytes_ += bytes;
      return absl::OkStatus();
    }
    return absl::ResourceExhaustedError(
        fmt::format("{}: more than {} bytes would have to be fetched", file_.path(), bytes_max_));
  }

  absl::Status LoadList() const {
    if (list_.has_value()) return absl::OkStatus();
    uint64_t bytes = file_.chunk_count() * kListEntryBytes;
    PLUMB_RETURN_IF_ERROR(Spend(bytes));
    PLUMB_RETURN_IF_ERROR(operation_.Check());
    PLUMB_ASSIGN_OR_RETURN(list_, GetChunkList(connection_, file_));
    *received_bytes_ += bytes;
    return absl::OkStatus();
  }

  // REQUIRES: the list is here; `offset` lies in the file.
  size_t ChunkAt(uint64_t offset) const {
    size_t low = 0;
    size_t high = list_->size();
    while (high - low > 1) {
      size_t middle = low + (high - low) / 2;
      (list_->offset(middle) <= offset ? low : high) = middle;
    }
    return low;
  }

  // Fetches chunk `first`, and those after it up to `last` that are not here, as many as one extent holds.
  absl::Status Fetch(size_t first, size_t last) const {
    PLUMB_RETURN_IF_ERROR(operation_.Check());
    if (connection_.offline()) return ReadCached(first);
    transfer::Extent extent{.file_offset = list_->offset(first), .chunks = {}};
    uint64_t bytes = 0;
    for (size_t i = first; i <= last && !chunks_.contains(i); ++i) {
      const ChunkRef& chunk = list_->chunks()[i];
      if (bytes > 0 && bytes + chunk.size_bytes > transfer::kExtentBytesMax) break;
      extent.chunks.push_back({.chunk = chunk, .have = std::nullopt});
      bytes += chunk.size_bytes;
    }
    PLUMB_RETURN_IF_ERROR(Spend(bytes));
    std::vector<transfer::Extent> extents = {std::move(extent)};
    Gatherer gatherer(extents);
    rpc::Channel* channel = &connection_.channel();
    transfer::DownloadOptions options{.streams = 1, .memory_bytes = 32u << 20};
    // Its progress is no one's concern.
    Operation quiet{.progress = nullptr, .warning = operation_.warning, .cancellation = operation_.cancellation};
    PLUMB_ASSIGN_OR_RETURN(transfer::DownloadReport report,
                           transfer::Download({&channel, 1}, extents, gatherer, options, quiet));
    *received_bytes_ += report.received_bytes;
    if (!report.damaged.empty()) return Annotate(report.damaged.front().why, file_.path());
    size_t end = first;
    std::vector<std::map<size_t, std::vector<uint8_t>>> arrived = gatherer.TakeArrived();
    for (auto& [place, plain] : arrived.front()) {
      kept_bytes_ += plain.size();
      end = std::max(end, first + place + 1);
      chunks_.insert_or_assign(first + place, std::move(plain));
    }
    Forget(first, end);
    return absl::OkStatus();
  }

  // Takes a chunk from the cache: an offline connection's only source.
  absl::Status ReadCached(size_t index) const {
    PLUMB_ASSIGN_OR_RETURN(Digest root, Digest::FromBytes(file_.tree_root()));
    absl::StatusOr<UniqueFd> fd =
        connection_.memory() == nullptr ? NotFound("no cache is in use") : connection_.memory()->Find(root);
    if (!fd.ok()) return NotFound(fmt::format("{} is not in the cache, and nothing is fetched offline", file_.path()));
    const ChunkRef& chunk = list_->chunks()[index];
    std::vector<uint8_t> bytes(chunk.size_bytes);
    PLUMB_RETURN_IF_ERROR(PreadExactly(fd->get(), bytes, list_->offset(index), file_.path()));
    if (Sha256Of(bytes) != chunk.digest) {
      return WithErrorClass(DataLoss(fmt::format("{}: the cache's copy is damaged", file_.path())),
                            ErrorClass::kVerification);
    }
    kept_bytes_ += bytes.size();
    chunks_.insert_or_assign(index, std::move(bytes));
    Forget(index, index + 1);
    return absl::OkStatus();
  }

  // Drops what lies farthest from chunks [begin, end) while too much is kept, but not the first chunk, which has the
  // header.
  void Forget(size_t begin, size_t end) const {
    while (kept_bytes_ > kKeptBytesMax) {
      auto dropped = std::next(chunks_.begin());
      if (dropped->first >= begin) dropped = std::prev(chunks_.end());
      if (dropped->first >= begin && dropped->first < end) return;
      kept_bytes_ -= dropped->second.size();
      chunks_.erase(dropped);
    }
  }

  Connection& connection_;
  const v1::File& file_;
  const uint64_t bytes_max_;
  const Operation& operation_;
  const std::shared_ptr<std::atomic<uint64_t>> received_bytes_;
  mutable std::mutex mutex_;
  mutable uint64_t spent_bytes_ = 0;
  mutable std::optional<ChunkList> list_;
  mutable std::map<size_t, std::vector<uint8_t>> chunks_;
  mutable uint64_t kept_bytes_ = 0;
};

}  // namespace

RemoteFolder::RemoteFolder(Connection& connection, const v1::Manifest& manifest, const Operation& operation,
                           Reading reading)
    : connection_(connection),
      manifest_(manifest),
      operation_(operation),
      reading_(reading),
      received_bytes_(std::make_shared<std::atomic<uint64_t>>(0)) {}

absl::StatusOr<std::shared_ptr<const ByteSource>> RemoteFolder::Open(std::string_view path) const {
  std::lock_guard lock(mutex_);
  auto found = sources_.find(path);
  if (found != sources_.end()) return found->second;
  const v1::File* file = FindFile(manifest_, path);
  if (file == nullptr) return NotFound(fmt::format("the release has no file {}", path));
  const bool bounded = reading_ == Reading::kHeaders && !file->tensors().empty();
  const uint64_t bytes_max = bounded ? InspectBytesMax(path) : std::numeric_limits<uint64_t>::max();
  auto source = std::make_shared<RemoteFile>(connection_, *file, bytes_max, operation_, received_bytes_);
  return sources_.emplace(path, std::move(source)).first->second;
}

uint64_t InspectBytesMax(std::string_view path) {
  return path.find("-of-") == path.npos ? kInspectBytesMax : kInspectShardBytesMax;
}

}  // namespace plumb
