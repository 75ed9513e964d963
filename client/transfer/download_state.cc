#include "client/transfer/download_state.h"

#include <algorithm>

#include "plumb/base/status.h"

namespace plumb::transfer {
namespace {

// How often one source is asked for a chunk of which it sends wrong bytes.
constexpr int kTriesMax = 2;
// A source that has owed a chunk for so long, while others have nothing to do, is slow.
constexpr std::chrono::seconds kLate(2);

}  // namespace

DownloadState::DownloadState(std::span<const Extent> extents, size_t sources, BufferPool* pool)
    : extents_(extents),
      pool_(*pool),
      states_(extents.size()),
      dropped_(std::min(sources, kSourcesMax), false),
      extents_left_(extents.size()) {
  for (size_t i = 0; i < extents.size(); ++i) {
    size_t offset = extents[i].file_offset % kAlignment;
    for (const WantedChunk& wanted : extents[i].chunks) {
      states_[i].chunks.emplace_back().offset = offset;
      offset += wanted.chunk.size_bytes;
    }
    states_[i].left = extents[i].chunks.size();
  }
}

DownloadState::~DownloadState() {
  for (ExtentState& extent : states_) {
    if (extent.buffer != nullptr) pool_.Return(std::move(extent.buffer));
  }
}

std::vector<ChunkId> DownloadState::Take(size_t source, size_t extents_max) {
  std::unique_lock lock(mutex_);
  std::vector<ChunkId> ids;
  while (!OverLocked() && !dropped_[source]) {
    TakeAgainLocked(source, extents_max * 4, &ids);
    for (size_t i = 0; ids.empty() || i < extents_max; ++i) {
      if (!TakeFreshLocked(source, &ids)) break;
    }
    if (ids.empty()) TakeLateLocked(source, &ids);
    if (!ids.empty()) break;
    changed_.wait_for(lock, std::chrono::milliseconds(100));
  }
  return ids;
}

void DownloadState::AskLocked(ChunkId id, size_t source, std::vector<ChunkId>* ids) {
  ChunkState& chunk = StateOf(id);
  chunk.stage = Stage::kAsked;
  chunk.source = source;
  chunk.asked = Clock::now();
  ++chunk.on_their_way;
  ids->push_back(id);
}

void DownloadState::TakeAgainLocked(size_t source, size_t chunks_max, std::vector<ChunkId>* ids) {
  for (auto it = again_.begin(); it != again_.end() && ids->size() < chunks_max;) {
    const ChunkState& chunk = StateOf(*it);
    if (chunk.stage != Stage::kWaiting) {  // A late copy came after all.
      it = again_.erase(it);
    } else if ((chunk.failed_sources >> source & 1) != 0) {
      ++it;
    } else {
      AskLocked(*it, source, ids);
      it = again_.erase(it);
    }
  }
}

bool DownloadState::TakeFreshLocked(size_t source, std::vector<ChunkId>* ids) {
  if (fresh_ == extents_.size()) return false;
  AlignedBytes buffer = pool_.TryTake();
  if (buffer == nullptr) return false;
  states_[fresh_].buffer = std::move(buffer);
  for (size_t i = 0; i < states_[fresh_].chunks.size(); ++i) AskLocked({fresh_, i}, source, ids);
  ++fresh_;
  return true;
}

void DownloadState::TakeLateLocked(size_t source, std::vector<ChunkId>* ids) {
  Clock::time_point late = Clock::now() - kLate;
  for (size_t e = 0; e < fresh_ && ids->empty(); ++e) {
    if (states_[e].left == 0) continue;
    for (size_t i = 0; i < states_[e].chunks.size(); ++i) {
      const ChunkState& chunk = states_[e].chunks[i];
      bool owed = chunk.stage == Stage::kAsked && chunk.source != source && chunk.asked < late;
      if (!owed || (chunk.failed_sources >> source & 1) != 0) continue;
      DropLocked(chunk.source, Unavailable("it is much slower than the others"));
      AskLocked({e, i}, source, ids);
    }
  }
}

void DownloadState::Release(size_t source, const std::vector<ChunkId>& ids) {
  std::lock_guard lock(mutex_);
  for (ChunkId id : ids) {
    ChunkState& chunk = StateOf(id);
    if (chunk.on_their_way > 0) --chunk.on_their_way;
    if (chunk.stage != Stage::kAsked || chunk.source != source) continue;
    chunk.stage = Stage::kWaiting;
    again_.push_back(id);
  }
  changed_.notify_all();
}

bool DownloadState::HasHopeLocked(const ChunkState& chunk) const {
  for (size_t i = 0; i < dropped_.size(); ++i) {
    if (!dropped_[i] && (chunk.failed_sources >> i & 1) == 0) return true;
  }
  return false;
}

bool DownloadState::DropSource(size_t source, const absl::Status& why) {
  std::lock_guard lock(mutex_);
  bool others = false;
  for (size_t i = 0; i < dropped_.size(); ++i) others = others || (i != source && !dropped_[i]);
  if (!others) return false;
  DropLocked(source, why);
  changed_.notify_all();
  return true;
}

void DownloadState::DropLocked(size_t source, const absl::Status& why) {
  if (!dropped_[source]) report_.dropped.push_back({source, why});
  dropped_[source] = true;
  std::deque<ChunkId> again;
  again.swap(again_);
  for (ChunkId id : again) {
    if (StateOf(id).stage != Stage::kWaiting) continue;
    if (HasHopeLocked(StateOf(id))) {
      again_.push_back(id);
    } else {
      DamagedLocked(id, NotFound("no source that is left has it"));
    }
  }
}

bool DownloadState::IsDropped(size_t source) const {
  std::lock_guard lock(mutex_);
  return dropped_[source];
}

std::optional<std::span<uint8_t>> DownloadState::BeginDecode(ChunkId id) {
  std::lock_guard lock(mutex_);
  ChunkState& chunk = StateOf(id);
  if (chunk.on_their_way > 0) --chunk.on_their_way;
  if (!error_.ok() || (chunk.stage != Stage::kAsked && chunk.stage != Stage::kWaiting)) return std::nullopt;
  chunk.stage = Stage::kDecoding;
  return std::span<uint8_t>(states_[id.extent].buffer.get() + chunk.offset,
                            extents_[id.extent].chunks[id.chunk].chunk.size_bytes);
}

void DownloadState::SettleLocked(ChunkId id, Stage stage) {
  StateOf(id).stage = stage;
  if (--states_[id.extent].left > 0) return;
  --extents_left_;
  finished_.push_back(id.extent);
  changed_.notify_all();
}

void DownloadState::DamagedLocked(ChunkId id, const absl::Status& why) {
  report_.damaged.push_back({id.extent, id.chunk, WithErrorClass(why, ErrorClass::kVerification)});
  SettleLocked(id, Stage::kDamaged);
}

void DownloadState::Good(ChunkId id) {
  std::lock_guard lock(mutex_);
  SettleLocked(id, Stage::kGood);
}

void DownloadState::Bad(ChunkId id, size_t source, bool again, const absl::Status& why) {
  std::lock_guard lock(mutex_);
  ChunkState& chunk = StateOf(id);
  if (chunk.stage == Stage::kGood || chunk.stage == Stage::kDamaged) return;
  if (++chunk.tries >= kTriesMax || !again) chunk.failed_sources |= uint64_t{1} << source;
  chunk.stage = Stage::kWaiting;
  if (HasHopeLocked(chunk)) {
    again_.push_back(id);
  } else {
    DamagedLocked(id, why);
  }
  changed_.notify_all();
}

void DownloadState::AskAlone(ChunkId id) {
  std::lock_guard lock(mutex_);
  ChunkState& chunk = StateOf(id);
  chunk.alone = true;
  chunk.stage = Stage::kWaiting;
  again_.push_back(id);
  changed_.notify_all();
}

bool DownloadState::IsAlone(ChunkId id) const {
  std::lock_guard lock(mutex_);
  return states_[id.extent].chunks[id.chunk].alone;
}

std::optional<DownloadState::Finished> DownloadState::TakeFinished() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !finished_.empty() || OverLocked(); });
  if (finished_.empty() || !error_.ok()) return std::nullopt;
  size_t extent = finished_.front();
  finished_.pop_front();
  Finished taken{.extent = extent, .buffer = std::move(states_[extent].buffer), .good = {}};
  for (const ChunkState& chunk : states_[extent].chunks) taken.good.push_back(chunk.stage == Stage::kGood);
  return taken;
}

void DownloadState::Written(AlignedBytes buffer) {
  pool_.Return(std::move(buffer));
  std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void DownloadState::Fail(const absl::Status& error) {
  std::lock_guard lock(mutex_);
  if (error_.ok()) error_ = error;
  changed_.notify_all();
}

absl::Status DownloadState::status() const {
  std::lock_guard lock(mutex_);
  return error_;
}

void DownloadState::WaitUntilOver() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return OverLocked(); });
}

DownloadReport DownloadState::TakeReport() {
  std::lock_guard lock(mutex_);
  return std::move(report_);
}

}  // namespace plumb::transfer
