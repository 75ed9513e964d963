// Pieces of a file on their way from the thread that reads them to the one that hashes the whole.
#ifndef PLUMB_CLIENT_LIBRARY_PIECE_QUEUE_H_
#define PLUMB_CLIENT_LIBRARY_PIECE_QUEUE_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "absl/status/status.h"
#include "client/transfer/buffer_pool.h"

namespace plumb {

// Pieces of a file, each a buffer of a pool, in the file's order. One thread puts, another takes.
class PieceQueue {
 public:
  struct Piece {
    transfer::AlignedBytes bytes;
    uint32_t size_bytes = 0;
  };

  // Holds at most `pieces_max`. `pool` must outlive the queue.
  PieceQueue(transfer::BufferPool* pool, size_t pieces_max) : pool_(*pool), pieces_max_(pieces_max) {}
  ~PieceQueue() { Abandon(); }

  // A buffer for the next piece; waits for one.
  transfer::AlignedBytes Buffer() { return pool_.Take(); }
  // Waits for room. CANCELLED, and the buffer goes back to the pool, when nobody takes any more.
  absl::Status Put(Piece piece);
  // No more pieces come: all were put, or reading ended with an error.
  void Close(const absl::Status& status);

  // The next piece; waits for it. None when there are no more, and then status() says why.
  std::optional<Piece> Take();
  absl::Status status() const;
  // No more will be taken.
  void Abandon();

 private:
  transfer::BufferPool& pool_;
  const size_t pieces_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> pieces_;
  bool closed_ = false;
  bool abandoned_ = false;
  absl::Status status_;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_PIECE_QUEUE_H_
