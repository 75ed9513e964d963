#include "formats/content/sha256_engine.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>
#include <vector>

#include "formats/content/sha256_tail.h"

namespace plumb::sha256 {
namespace {

// Seconds that `kernel` takes for one block of each of so many lanes.
double SecondsPerBlock(const Kernel& kernel, size_t lane_count) {
  constexpr size_t kBlocks = 32;
  constexpr int kRounds = 6;
  static constexpr std::array<uint8_t, kBlocks * kBlockBytes> kBytes{};
  std::array<Lane, kLanesMax> lanes;
  std::array<Lane*, kLanesMax> work;
  double best = std::numeric_limits<double>::max();
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < lane_count; ++i) {
      lanes[i].next = kBytes.data();
      work[i] = &lanes[i];
    }
    auto start = std::chrono::steady_clock::now();
    kernel.compress({work.data(), lane_count}, kBlocks);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best / kBlocks;
}

Engine MeasureEngine() {
  Engine engine;
  engine.narrow = FindKernel("sha-ni");
  if (engine.narrow == nullptr) engine.narrow = FindKernel("openssl");
  const double narrow_rate =
      static_cast<double>(engine.narrow->lanes) / SecondsPerBlock(*engine.narrow, engine.narrow->lanes);
  for (const Kernel& kernel : Kernels()) {
    if (kernel.lanes <= engine.narrow->lanes) continue;
    auto lanes_min = static_cast<size_t>(narrow_rate * SecondsPerBlock(kernel, kernel.lanes)) + 1;
    if (lanes_min > kernel.lanes) continue;
    // Of two wide kernels the one that wins sooner for its width is the faster.
    if (engine.wide != nullptr && lanes_min * engine.wide->lanes >= engine.wide_lanes_min * kernel.lanes) continue;
    engine.wide = &kernel;
    engine.wide_lanes_min = lanes_min;
  }
  if (engine.narrow->lanes < 2) return engine;
  const Kernel& many = engine.wide != nullptr ? *engine.wide : *engine.narrow;
  const double apart =
      SecondsPerBlock(*engine.narrow, 1) + SecondsPerBlock(many, many.lanes) / static_cast<double>(many.lanes);
  engine.beside = SecondsPerBlock(*engine.narrow, 2) < apart;
  return engine;
}

// A message on its way through a lane: first its whole blocks, then its tail.
struct Stream {
  Lane lane;
  size_t blocks = 0;  // Still to be hashed of the part at hand.
  bool in_tail = false;
  std::span<const uint8_t> message;
  Digest* digest = nullptr;
  Tail tail;
};

// Keeps lanes filled: when a message ends, the next one takes its lane.
class Schedule {
 public:
  Schedule(std::span<const std::span<const uint8_t>> messages, std::span<Digest> digests)
      : messages_(messages), digests_(digests), order_(messages.size()) {
    // Longest first, so that no long one is left to run alone at the end.
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::stable_sort(order_.begin(), order_.end(),
                     [&](size_t a, size_t b) { return messages[a].size() > messages[b].size(); });
    for (size_t i = 0; i < streams_.size(); ++i) active_[i] = &streams_[i];
  }

  // Works until fewer than `streams_min` messages are left, of which at most kernel.lanes are begun.
  void Run(const Kernel& kernel, size_t streams_min) {
    while (true) {
      while (active_count_ < kernel.lanes && started_ < order_.size()) Start();
      if (active_count_ < streams_min) return;
      Step(kernel);
    }
  }

 private:
  void Start() {
    Stream* stream = active_[active_count_++];
    size_t index = order_[started_++];
    stream->message = messages_[index];
    stream->digest = &digests_[index];
    stream->lane = {kInitialState, stream->message.data()};
    stream->blocks = stream->message.size() / kBlockBytes;
    stream->in_tail = false;
    if (stream->blocks == 0) EnterTail(stream);
  }

  static void EnterTail(Stream* stream) {
    const size_t rest_bytes = stream->message.size() % kBlockBytes;
    MakeTail(stream->message.last(rest_bytes), stream->message.size(), &stream->tail);
    stream->in_tail = true;
    stream->lane.next = stream->tail.bytes.data();
    stream->blocks = stream->tail.blocks;
  }

  // Runs as many blocks as all streams of one turn have. More streams than lanes take turns of about equal width.
  void Step(const Kernel& kernel) {
    const size_t turns = (active_count_ + kernel.lanes - 1) / kernel.lanes;
    const size_t width = (active_count_ + turns - 1) / turns;
    std::array<Lane*, kLanesMax> lanes;
    size_t blocks = std::numeric_limits<size_t>::max();
    for (size_t i = 0; i < width; ++i) {
      lanes[i] = &active_[i]->lane;
      blocks = std::min(blocks, active_[i]->blocks);
    }
    kernel.compress({lanes.data(), width}, blocks);
    for (size_t i = width; i-- > 0;) {
      active_[i]->blocks -= blocks;
      if (active_[i]->blocks == 0) EndPart(i);
    }
  }

  void EndPart(size_t i) {
    Stream* stream = active_[i];
    if (!stream->in_tail) return EnterTail(stream);
    *stream->digest = ToDigest(stream->lane.state);
    std::swap(active_[i], active_[--active_count_]);
  }

  std::span<const std::span<const uint8_t>> messages_;
  std::span<Digest> digests_;
  std::vector<size_t> order_;
  size_t started_ = 0;
  std::array<Stream, kLanesMax> streams_;
  std::array<Stream*, kLanesMax> active_;  // The first active_count_ hold a message.
  size_t active_count_ = 0;
};

}  // namespace

const Engine& BestEngine() {
  static const Engine engine = MeasureEngine();
  return engine;
}

void HashMany(const Engine& engine, std::span<const std::span<const uint8_t>> messages, std::span<Digest> digests) {
  Schedule schedule(messages, digests);
  if (engine.wide != nullptr) schedule.Run(*engine.wide, engine.wide_lanes_min);
  schedule.Run(*engine.narrow, 1);
}

}  // namespace plumb::sha256
