#include "registry/storage/pack_digester.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "spdlog/spdlog.h"

namespace plumb {
namespace {

constexpr std::chrono::seconds kLook(2);
constexpr std::chrono::seconds kQuiet(5);
constexpr size_t kPieceBytes = 256u << 10;

}  // namespace

PackDigester::PackDigester(const PackFolder* folder, ChunkIndex* index, const PackAppender* appender)
    : folder_(*folder), index_(*index), appender_(*appender), thread_([this] { Work(); }) {}

PackDigester::~PackDigester() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

absl::StatusOr<Digest> PackDigester::Compute(uint32_t pack) const {
  std::string path = folder_.PathOf(pack);
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const UniqueFd> fd, folder_.Open(pack));
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd->get(), path));
  Sha256 hash;
  std::vector<uint8_t> piece(kPieceBytes);
  for (uint64_t offset = 0; offset < size; offset += piece.size()) {
    if (stopping_) return absl::CancelledError("the store is being closed");
    piece.resize(std::min<uint64_t>(kPieceBytes, size - offset));
    PLUMB_RETURN_IF_ERROR(PreadExactly(fd->get(), piece, offset, path));
    hash.Update(piece);
  }
  return hash.Finish();
}

absl::StatusOr<bool> PackDigester::DigestOne() {
  std::optional<uint32_t> next;
  PLUMB_RETURN_IF_ERROR(index_.ForEachPack([&](uint32_t pack, const PackState& state) {
    if (state.sealed && !state.sha256.has_value() && !next.has_value()) next = pack;
    return absl::OkStatus();
  }));
  if (!next.has_value()) return false;
  absl::StatusOr<Digest> digest = Compute(*next);
  if (absl::IsNotFound(digest.status())) return false;  // Collected meanwhile.
  PLUMB_RETURN_IF_ERROR(digest.status());
  PLUMB_RETURN_IF_ERROR(index_.SetPackDigest(*next, *digest));
  return true;
}

void PackDigester::Work() {
  sched_param lowest{};
  ::sched_setscheduler(0, SCHED_IDLE, &lowest);  // This thread only.
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    stop_.wait_for(lock, kLook, [this] { return stopping_.load(); });
    lock.unlock();
    absl::StatusOr<bool> more = true;
    while (more.ok() && *more && !stopping_ && appender_.IdleTime() > kQuiet) more = DigestOne();
    if (!more.ok() && !stopping_) spdlog::warn("a pack could not be hashed: {}", Message(more.status()));
    lock.lock();
  }
}

}  // namespace plumb
