// Turning frames that came into verified bytes, on all cores.
#ifndef PLUMB_CLIENT_TRANSFER_CHUNK_DECODER_H_
#define PLUMB_CLIENT_TRANSFER_CHUNK_DECODER_H_

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "client/transfer/download_state.h"
#include "plumb/codec/frame.h"

namespace plumb::transfer {

// Threads that decode chunks into their places and hash several of them side by side. Thread-safe.
class ChunkDecoder {
 public:
  // A chunk as it came.
  struct Item {
    ChunkId id;
    size_t source = 0;
    FetchedChunk fetched;
    std::string registry;  // For messages.
  };

  // All must outlive the object. `bytes_max`: of frames that wait.
  ChunkDecoder(std::span<const Extent> extents, DownloadState* state, ExtentSink* sink, uint64_t bytes_max);
  ~ChunkDecoder();

  // Waits for room.
  void Add(Item item);
  // Nothing that is added from now on matters; waiting callers go on.
  void Close();
  void Join();

 private:
  struct Lane {
    Item item;
    std::span<uint8_t> plain;
    absl::Status status{};
    bool from_base = false;  // As the difference from a chunk that is here.
  };

  void Run();
  std::vector<Item> Take();
  // Decodes into the chunk's place; no lane when another copy was first.
  void Decode(std::vector<Item> items, FrameDecoder* decoder, std::vector<uint8_t>* base, std::vector<Lane>* lanes);
  absl::Status DecodeOne(const WantedChunk& wanted, FrameDecoder* decoder, std::vector<uint8_t>* base, Lane* lane);
  void Judge(const std::vector<Lane>& lanes);

  std::span<const Extent> extents_;
  DownloadState& state_;
  ExtentSink& sink_;
  const uint64_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;
  uint64_t queued_bytes_ = 0;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace plumb::transfer

#endif  // PLUMB_CLIENT_TRANSFER_CHUNK_DECODER_H_
