#include "client/library/pull_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "client/library/chunk_check.h"
#include "client/library/folder_record.h"
#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

bool AllGood(const std::vector<bool>& good) { return std::find(good.begin(), good.end(), false) == good.end(); }

// Gives the open file its final size and reserves the disk for it, so that a full disk shows now.
absl::Status Reserve(int fd, uint64_t bytes, std::string_view name) {
  if (::ftruncate(fd, static_cast<off_t>(bytes)) != 0) return ErrnoStatus(errno, fmt::format("resize {}", name));
  if (bytes == 0 || ::fallocate(fd, 0, 0, static_cast<off_t>(bytes)) == 0) return absl::OkStatus();
  if (errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS) return absl::OkStatus();
  return ErrnoStatus(errno, fmt::format("reserve {} bytes for {}", bytes, name));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PullFile>> PullFile::Prepare(const Directory& directory, const Cache* cache,
                                                            const v1::File& file, ChunkList list) {
  PLUMB_ASSIGN_OR_RETURN(Digest root, Digest::FromBytes(file.tree_root()));
  std::unique_ptr<PullFile> made(new PullFile(directory, cache, file, std::move(list), root));
  PLUMB_ASSIGN_OR_RETURN(bool complete, made->UseTarget());
  if (!complete && cache != nullptr) {
    PLUMB_ASSIGN_OR_RETURN(complete, made->UseCache());
  }
  if (complete) {
    made->reused_bytes_ = file.size_bytes();
    return made;
  }
  PLUMB_RETURN_IF_ERROR(made->OpenPartial());
  return made;
}

std::string PullFile::place() const { return partial_.has_value() ? PartialName(root_) : file_.path(); }

absl::StatusOr<bool> PullFile::UseTarget() {
  absl::StatusOr<UniqueFd> fd = directory_.OpenFile(file_.path());
  // Anything but a readable regular file counts as nothing; Finish replaces it, or says why it cannot.
  if (!fd.ok()) return false;
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd->get(), file_.path()));
  PLUMB_ASSIGN_OR_RETURN(target_good_, CheckChunks(fd->get(), list_, file_.path()));
  if (size == file_.size_bytes() && AllGood(target_good_)) {
    if (cache_ != nullptr) cache_->Add(fd->get(), size, root_).IgnoreError();
    return true;
  }
  target_ = *std::move(fd);
  return false;
}

absl::StatusOr<bool> PullFile::UseCache() {
  absl::StatusOr<UniqueFd> cached = cache_->Find(root_);
  if (!cached.ok()) return false;
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(cached->get(), file_.path()));
  PLUMB_ASSIGN_OR_RETURN(std::vector<bool> good, CheckChunks(cached->get(), list_, file_.path()));
  if (size != file_.size_bytes() || !AllGood(good)) {
    cache_->Remove(root_).IgnoreError();
    return false;
  }
  std::string shared = PartialName(root_) + ".shared";
  PLUMB_RETURN_IF_ERROR(directory_.Remove(shared));
  PLUMB_RETURN_IF_ERROR(directory_.ShareFile(cached->get(), shared, size >= kHardLinkBytesMin).status());
  PLUMB_RETURN_IF_ERROR(directory_.Rename(shared, file_.path()));
  return true;
}

absl::Status PullFile::OpenPartial() {
  std::string name = PartialName(root_);
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, directory_.OpenForWriting(name));
  PLUMB_ASSIGN_OR_RETURN(std::vector<bool> good, CheckChunks(fd.get(), list_, name));
  PLUMB_RETURN_IF_ERROR(Reserve(fd.get(), file_.size_bytes(), name));
  partial_.emplace(std::move(fd), file_.size_bytes(), file_.path());
  if (target_.valid()) PLUMB_RETURN_IF_ERROR(CopyFromTarget(&good));
  for (size_t i = 0; i < list_.size(); ++i) {
    if (good[i]) {
      reused_bytes_ += list_.chunks()[i].size_bytes;
    } else {
      missing_.push_back(i);
    }
  }
  left_ = missing_.size();
  target_ = UniqueFd();
  return absl::OkStatus();
}

absl::Status PullFile::CopyFromTarget(std::vector<bool>* good) {
  std::vector<uint8_t> buffer;
  for (size_t i = 0; i < list_.size(); ++i) {
    if ((*good)[i] || !target_good_[i]) continue;
    buffer.resize(list_.chunks()[i].size_bytes);
    PLUMB_RETURN_IF_ERROR(PreadExactly(target_.get(), buffer, list_.offset(i), file_.path()));
    // Hashed again: the file may be changing under us.
    if (Sha256Of(buffer) != list_.chunks()[i].digest) continue;
    PLUMB_RETURN_IF_ERROR(partial_->Write(buffer, list_.offset(i)));
    (*good)[i] = true;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> PullFile::Write(size_t first_chunk, size_t chunk_count, std::span<const uint8_t> bytes) {
  PLUMB_RETURN_IF_ERROR(partial_->Write(bytes, list_.offset(first_chunk)));
  return left_.fetch_sub(chunk_count) == chunk_count;
}

absl::Status PullFile::Finish() {
  if (!partial_.has_value()) return absl::OkStatus();
  PLUMB_RETURN_IF_ERROR(partial_->Sync());
  PLUMB_RETURN_IF_ERROR(directory_.Rename(PartialName(root_), file_.path()));
  PLUMB_RETURN_IF_ERROR(directory_.SyncParent(file_.path()));
  // The cache is a convenience: a full cache disk must not fail the pull.
  if (cache_ != nullptr) cache_->Add(partial_->fd(), file_.size_bytes(), root_).IgnoreError();
  return partial_->Close();
}

}  // namespace plumb
