#include "client/library/piece_queue.h"

#include <utility>

namespace plumb {

absl::Status PieceQueue::Put(Piece piece) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pieces_.size() < pieces_max_ || abandoned_; });
  if (abandoned_) {
    pool_.Return(std::move(piece.bytes));
    return absl::CancelledError("nobody takes the pieces");
  }
  pieces_.push_back(std::move(piece));
  changed_.notify_all();
  return absl::OkStatus();
}

void PieceQueue::Close(const absl::Status& status) {
  std::lock_guard lock(mutex_);
  closed_ = true;
  status_ = status;
  changed_.notify_all();
}

std::optional<PieceQueue::Piece> PieceQueue::Take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !pieces_.empty() || closed_; });
  if (pieces_.empty()) return std::nullopt;
  Piece piece = std::move(pieces_.front());
  pieces_.pop_front();
  changed_.notify_all();
  return piece;
}

absl::Status PieceQueue::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void PieceQueue::Abandon() {
  std::lock_guard lock(mutex_);
  abandoned_ = true;
  for (Piece& piece : pieces_) pool_.Return(std::move(piece.bytes));
  pieces_.clear();
  changed_.notify_all();
}

}  // namespace plumb
