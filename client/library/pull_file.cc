#include "client/library/pull_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "client/library/folder_record.h"
#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// How often a copy that vanished is made again.
constexpr int kSharingTries = 8;

// Gives the open file its final size and reserves the disk for it, so that a full disk shows now.
absl::Status Reserve(int fd, uint64_t bytes, std::string_view name) {
  if (::ftruncate(fd, static_cast<off_t>(bytes)) != 0) return ErrnoStatus(errno, fmt::format("resize {}", name));
  if (bytes == 0 || ::fallocate(fd, 0, 0, static_cast<off_t>(bytes)) == 0) return absl::OkStatus();
  if (errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS) return absl::OkStatus();
  return ErrnoStatus(errno, fmt::format("reserve {} bytes for {}", bytes, name));
}

}  // namespace

PullFile::PullFile(const Directory& directory, const Cache* cache, EqualFiles files, ChunkList list)
    : directory_(directory), cache_(cache), files_(std::move(files)), list_(std::move(list)), root_(list_.TreeRoot()) {
  auto indexed = std::find_if(files_.begin(), files_.end(), [](const v1::File* f) { return !f->tensors().empty(); });
  if (indexed != files_.end()) std::swap(*files_.begin(), *indexed);
}

absl::StatusOr<std::unique_ptr<PullFile>> PullFile::Prepare(const Directory& directory, const Cache* cache,
                                                            EqualFiles files, ChunkList list) {
  std::unique_ptr<PullFile> made(new PullFile(directory, cache, std::move(files), std::move(list)));
  PLUMB_ASSIGN_OR_RETURN(LocalBytes found, FindLocalBytes(&directory, cache, made->files_, made->list_));
  made->reused_bytes_ = made->files_.size() * made->list_.file_bytes();
  PLUMB_RETURN_IF_ERROR(found.source.valid() ? made->UseSource(found) : made->OpenPartial(found));
  return made;
}

bool PullFile::IsWanting(const v1::File& file) const {
  return std::find(wanting_.begin(), wanting_.end(), &file) != wanting_.end();
}

std::string PullFile::PlaceOf(const v1::File& file) const { return IsWanting(file) ? PartialName(root_) : file.path(); }

absl::Status PullFile::UseSource(const LocalBytes& found) {
  // Adding makes a large file read-only, for it has two names then.
  if (cache_ != nullptr) cache_->Add(found.source.get(), list_.file_bytes(), root_).IgnoreError();
  for (const v1::File* file : found.wanting) PLUMB_RETURN_IF_ERROR(ShareAs(found.source.get(), file->path()));
  // What an interrupted pull gathered is not needed any more.
  return directory_.Remove(PartialName(root_));
}

absl::Status PullFile::OpenPartial(const LocalBytes& found) {
  wanting_ = found.wanting;
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, directory_.OpenForWriting(PartialName(root_)));
  PLUMB_RETURN_IF_ERROR(Reserve(fd.get(), list_.file_bytes(), file().path()));
  partial_.emplace(std::move(fd), list_.file_bytes(), file().path());
  std::vector<bool> good = found.in_partial;
  PLUMB_RETURN_IF_ERROR(CopyFromDamaged(found, &good));
  for (size_t i = 0; i < list_.size(); ++i) {
    if (good[i]) continue;
    missing_.push_back(i);
    reused_bytes_ -= list_.chunks()[i].size_bytes;
  }
  left_ = missing_.size();
  return absl::OkStatus();
}

absl::Status PullFile::CopyFromDamaged(const LocalBytes& found, std::vector<bool>* good) {
  std::vector<uint8_t> buffer;
  for (const LocalBytes::Damaged& damaged : found.damaged) {
    absl::StatusOr<UniqueFd> fd = directory_.OpenFile(damaged.path);
    if (!fd.ok()) continue;
    for (size_t i = 0; i < list_.size(); ++i) {
      if ((*good)[i] || !damaged.good[i]) continue;
      buffer.resize(list_.chunks()[i].size_bytes);
      PLUMB_RETURN_IF_ERROR(PreadExactly(fd->get(), buffer, list_.offset(i), damaged.path));
      // Hashed again: the file may be changing under us.
      if (Sha256Of(buffer) != list_.chunks()[i].digest) continue;
      PLUMB_RETURN_IF_ERROR(partial_->Write(buffer, list_.offset(i)));
      (*good)[i] = true;
    }
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
  // The partial file stays until every other name is there: whatever moment a pull is killed at, nothing is fetched
  // again.
  for (size_t i = wanting_.size(); i-- > 0;) {
    const std::string& path = wanting_[i]->path();
    PLUMB_RETURN_IF_ERROR(i == 0 ? MovePartialTo(path) : ShareAs(partial_->fd(), path));
    PLUMB_RETURN_IF_ERROR(directory_.SyncParent(path));
  }
  // The cache is a convenience: a full cache disk must not fail the pull.
  if (cache_ != nullptr) cache_->Add(partial_->fd(), list_.file_bytes(), root_).IgnoreError();
  return partial_->Close();
}

absl::Status PullFile::ShareAs(int fd, std::string_view name) const {
  // Where locks do nothing, another pull that ends may take what is on its way for leftovers.
  absl::Status shared = TryToShareAs(fd, name);
  for (int i = 0; i < kSharingTries && absl::IsNotFound(shared); ++i) shared = TryToShareAs(fd, name);
  return shared;
}

absl::Status PullFile::TryToShareAs(int fd, std::string_view name) const {
  const bool large = list_.file_bytes() >= kHardLinkBytesMin;
  const std::string temporary = TemporaryName(root_);
  // Without a cache every file is its owner's alone.
  PLUMB_ASSIGN_OR_RETURN(Directory::ShareMethod method,
                         directory_.ShareFile(fd, temporary, large && cache_ != nullptr));
  if (method == Directory::ShareMethod::kHardLink) ::fchmod(fd, 0444);
  if (method == Directory::ShareMethod::kCopy && large) {
    PLUMB_ASSIGN_OR_RETURN(UniqueFd copy, directory_.OpenFile(temporary));
    if (::fdatasync(copy.get()) != 0) return ErrnoStatus(errno, fmt::format("sync {}", name));
  }
  absl::Status renamed = directory_.Rename(temporary, name);
  // Renaming one of two names of a file to the other does nothing.
  PLUMB_RETURN_IF_ERROR(directory_.Remove(temporary));
  return renamed;
}

absl::Status PullFile::MovePartialTo(std::string_view name) const {
  // Where locks do nothing, what has the partial file's name may be another pull's by now, and not whole: what is moved
  // is the very file that was written.
  const std::string temporary = TemporaryName(root_);
  const absl::Status linked = directory_.Link(partial_->fd(), temporary);
  absl::Status moved = linked.ok() ? directory_.Rename(temporary, name)
                                   : (absl::IsNotFound(linked) ? linked : directory_.Rename(PartialName(root_), name));
  if (absl::IsNotFound(moved)) moved = ShareAs(partial_->fd(), name);
  if (!linked.ok() || !moved.ok()) return moved;
  PLUMB_RETURN_IF_ERROR(directory_.Remove(temporary));
  return directory_.Remove(PartialName(root_));
}

}  // namespace plumb
