#include <sys/random.h>

#include <cerrno>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "registry/catalogue/chunk_list_codec.h"
#include "registry/catalogue/chunk_lists.h"
#include "registry/catalogue/keys.h"

namespace plumb {
namespace {

// A list of up to this many pages is one transaction; a longer one is staged, this many at a time.
constexpr size_t kPagesPending = 16;

}  // namespace

absl::StatusOr<std::unique_ptr<ChunkLists::Writer>> ChunkLists::Write(const Digest& tree_root) {
  // A random name for the pages: senders of the same list, honest or not, never share them.
  std::string page_set(kPageSetBytes, '\0');
  if (::getrandom(page_set.data(), page_set.size(), 0) != static_cast<ssize_t>(page_set.size())) {
    return ErrnoStatus(errno, "get random bytes");
  }
  return std::unique_ptr<Writer>(new Writer(this, tree_root, std::move(page_set)));
}

ChunkLists::Writer::~Writer() {
  // What this cannot remove, RemoveUnfinished does at the next start.
  if (staged_) lists_->RemovePages(page_set_, Transaction()).IgnoreError();
}

absl::Status ChunkLists::Writer::Append(const ChunkRef& chunk) {
  if (chunk.size_bytes == 0 || chunk.size_bytes > limits::kChunkBytesMax) {
    return InvalidArgument(fmt::format("chunk {} of the list has {} bytes, expected 1 to {}", builder_.size(),
                                       chunk.size_bytes, limits::kChunkBytesMax));
  }
  if (builder_.size() >= limits::kChunksPerFileMax || size_bytes_ + chunk.size_bytes > limits::kFileBytesMax) {
    return OutOfRange(
        fmt::format("a file has at most {} chunks and {} bytes", limits::kChunksPerFileMax, limits::kFileBytesMax));
  }
  builder_.AddLeafHash(ChunkLeafHash(chunk));
  size_bytes_ += chunk.size_bytes;
  AppendChunkEntry(chunk, &page_);
  if (page_.size() < kChunksPerPage * kChunkEntryBytes) return absl::OkStatus();
  ClosePage();
  return pending_.puts.size() < kPagesPending ? absl::OkStatus() : Stage();
}

void ChunkLists::Writer::ClosePage() { pending_.Put(keys::ListPage(page_set_, pages_++), std::exchange(page_, {})); }

absl::Status ChunkLists::Writer::Stage() {
  if (!staged_) pending_.Put(keys::ListStaging(page_set_), "");
  staged_ = true;
  return lists_->store_->Commit(std::exchange(pending_, {}));
}

absl::StatusOr<ChunkListInfo> ChunkLists::Writer::Finish() {
  Digest root = builder_.Root();
  if (root != tree_root_) {
    return InvalidArgument(
        fmt::format("the chunk list's tree root is {}, {} was announced", root.ToHex(), tree_root_.ToHex()));
  }
  if (builder_.size() == 0) return ChunkListInfo{0, 0, lists_->clock_(), ""};
  auto rely = lists_->gate_->Rely();
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkListInfo> existing, lists_->Find(tree_root_));
  if (existing.has_value()) {
    existing->touched = lists_->clock_();
    Transaction touch;
    touch.Put(keys::List(tree_root_), EncodeListInfo(*existing));
    PLUMB_RETURN_IF_ERROR(lists_->store_->Commit(touch));
    return *existing;
  }
  if (!page_.empty()) ClosePage();
  ChunkListInfo info{builder_.size(), size_bytes_, lists_->clock_(), page_set_};
  Transaction transaction = std::exchange(pending_, {});
  transaction.RequireAbsent(keys::List(tree_root_));
  transaction.Put(keys::List(tree_root_), EncodeListInfo(info));
  transaction.Delete(keys::ListStaging(page_set_));
  absl::Status status = lists_->store_->Commit(transaction);
  if (absl::IsAborted(status)) {
    // Another sender of the same list finished first.
    PLUMB_ASSIGN_OR_RETURN(existing, lists_->Find(tree_root_));
    if (existing.has_value()) return *existing;
  }
  PLUMB_RETURN_IF_ERROR(status);
  staged_ = false;
  return info;
}

}  // namespace plumb
