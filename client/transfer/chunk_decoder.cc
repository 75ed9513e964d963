#include "client/transfer/chunk_decoder.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/content/multi_digest.h"

namespace plumb::transfer {
namespace {

constexpr unsigned kThreadsMax = 16;

}  // namespace

ChunkDecoder::ChunkDecoder(std::span<const Extent> extents, DownloadState* state, ExtentSink* sink, uint64_t bytes_max)
    : extents_(extents), state_(*state), sink_(*sink), bytes_max_(bytes_max) {
  unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1u, kThreadsMax);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

ChunkDecoder::~ChunkDecoder() {
  Close();
  Join();
}

void ChunkDecoder::Add(Item item) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queued_bytes_ < bytes_max_ || closed_; });
  if (closed_) return;
  queued_bytes_ += item.fetched.bytes.size();
  queue_.push_back(std::move(item));
  changed_.notify_all();
}

void ChunkDecoder::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void ChunkDecoder::Join() {
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

std::vector<ChunkDecoder::Item> ChunkDecoder::Take() {
  std::vector<Item> items;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !queue_.empty() || closed_; });
  if (closed_) return items;
  for (; !queue_.empty() && items.size() < Sha256BatchSize(); queue_.pop_front()) {
    queued_bytes_ -= queue_.front().fetched.bytes.size();
    items.push_back(std::move(queue_.front()));
  }
  changed_.notify_all();
  return items;
}

void ChunkDecoder::Run() {
  FrameDecoder decoder;
  std::vector<uint8_t> base;
  std::vector<Lane> lanes;
  while (true) {
    std::vector<Item> items = Take();
    if (items.empty()) return;
    lanes.clear();
    Decode(std::move(items), &decoder, &base, &lanes);
    Judge(lanes);
  }
}

void ChunkDecoder::Decode(std::vector<Item> items, FrameDecoder* decoder, std::vector<uint8_t>* base,
                          std::vector<Lane>* lanes) {
  for (Item& item : items) {
    std::optional<std::span<uint8_t>> place = state_.BeginDecode(item.id);
    if (!place.has_value()) continue;
    const WantedChunk& wanted = extents_[item.id.extent].chunks[item.id.chunk];
    Lane lane{.item = std::move(item), .plain = *place};
    lane.status = DecodeOne(wanted, decoder, base, &lane);
    lanes->push_back(std::move(lane));
  }
}

absl::Status ChunkDecoder::DecodeOne(const WantedChunk& wanted, FrameDecoder* decoder, std::vector<uint8_t>* base,
                                     Lane* lane) {
  const FetchedChunk& fetched = lane->item.fetched;
  std::span<uint8_t> plain = lane->plain;
  if (!fetched.is_frame) {
    if (fetched.bytes.size() != plain.size()) return DataLoss(fmt::format("{} bytes came", fetched.bytes.size()));
    std::copy(fetched.bytes.begin(), fetched.bytes.end(), plain.begin());
    return absl::OkStatus();
  }
  PLUMB_ASSIGN_OR_RETURN(FrameHeader header, ParseFrameHeader(fetched.bytes));
  lane->from_base = header.base.has_value() && header.base == wanted.have;
  if (header.plain_bytes != plain.size()) return DataLoss(fmt::format("a frame of {} bytes came", header.plain_bytes));
  std::span<const uint8_t> base_plain;
  if (header.base.has_value()) {
    if (!lane->from_base) return DataLoss("the difference from a chunk that is not here came");
    base->resize(plain.size());
    PLUMB_RETURN_IF_ERROR(sink_.ReadBase(*header.base, *base));
    base_plain = *base;
  }
  return decoder->Decode(fetched.bytes, base_plain, plain);
}

void ChunkDecoder::Judge(const std::vector<Lane>& lanes) {
  std::vector<std::span<const uint8_t>> plain;
  for (const Lane& lane : lanes) plain.emplace_back(lane.plain);
  std::vector<Digest> found(lanes.size());
  Sha256Many(plain, found);
  for (size_t i = 0; i < lanes.size(); ++i) {
    const Item& item = lanes[i].item;
    const ChunkRef& chunk = extents_[item.id.extent].chunks[item.id.chunk].chunk;
    if (lanes[i].status.ok() && found[i] == chunk.digest) {
      state_.Good(item.id);
      continue;
    }
    if (lanes[i].from_base && !state_.IsAlone(item.id)) {
      // What differences were taken from may have changed here: it is fetched as a whole before anybody is blamed.
      state_.AskAlone(item.id);
      continue;
    }
    std::string what =
        lanes[i].status.ok() ? fmt::format("found {}", found[i].ToString()) : std::string(Message(lanes[i].status));
    absl::Status why = DataLoss(fmt::format("registry {} sent damaged bytes: expected {} of {} bytes, {}",
                                            item.registry, chunk.digest.ToString(), chunk.size_bytes, what));
    // Who lies once is not asked again while there is someone else.
    bool only_one = !state_.DropSource(item.source, why);
    state_.Bad(item.id, item.source, /*again=*/only_one, why);
  }
}

}  // namespace plumb::transfer
