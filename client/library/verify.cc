#include <algorithm>

#include "client/library/folder_record.h"
#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/client/release_folder.h"

namespace plumb {
namespace {

void AddBadRange(uint64_t begin, uint64_t end, FileVerdict* verdict) {
  if (begin >= end) return;
  if (!verdict->bad_ranges.empty() && verdict->bad_ranges.back().second == begin) {
    verdict->bad_ranges.back().second = end;
  } else {
    verdict->bad_ranges.emplace_back(begin, end);
  }
}

// Reads a file once, hashing each chunk and the whole.
class FileVerifier {
 public:
  FileVerifier(const v1::File& file, const ChunkList& list, const Operation& operation, Progress* progress)
      : file_(file), list_(list), operation_(operation), progress_(*progress) {}

  absl::StatusOr<FileVerdict> Run(int fd) {
    PLUMB_ASSIGN_OR_RETURN(uint64_t found_bytes, FileSize(fd, file_.path()));
    verdict_.path = file_.path();
    verdict_.present = true;
    for (size_t i = 0; i < list_.size(); ++i) {
      PLUMB_RETURN_IF_ERROR(operation_.Check());
      PLUMB_RETURN_IF_ERROR(CheckChunk(fd, i, found_bytes));
    }
    if (found_bytes > file_.size_bytes()) AddBadRange(file_.size_bytes(), found_bytes, &verdict_);
    Conclude(found_bytes);
    return std::move(verdict_);
  }

 private:
  absl::Status CheckChunk(int fd, size_t i, uint64_t found_bytes) {
    const ChunkRef& chunk = list_.chunks()[i];
    uint64_t begin = list_.offset(i);
    uint64_t end = begin + chunk.size_bytes;
    buffer_.resize(chunk.size_bytes);
    bool good = end <= found_bytes;
    if (good) {
      PLUMB_RETURN_IF_ERROR(PreadExactly(fd, buffer_, begin, file_.path()));
      whole_.Update(buffer_);
      good = Sha256Of(buffer_) == chunk.digest;
    }
    if (!good) AddBadRange(begin, end, &verdict_);
    progress_.done_bytes += chunk.size_bytes;
    operation_.Report(progress_);
    return absl::OkStatus();
  }

  void Conclude(uint64_t found_bytes) {
    if (found_bytes != file_.size_bytes()) {
      verdict_.message = fmt::format("expected {} bytes, found {}", file_.size_bytes(), found_bytes);
    } else if (!verdict_.bad_ranges.empty()) {
      verdict_.message = fmt::format("{} byte range(s) differ", verdict_.bad_ranges.size());
    } else if (whole_.Finish().ToBytes() != file_.sha256()) {
      // Every chunk is right, so the publisher's whole-file hash is not that of these chunks.
      AddBadRange(0, file_.size_bytes(), &verdict_);
      verdict_.message = "the file's SHA-256 is not the one in the manifest";
    }
    verdict_.ok = verdict_.message.empty();
  }

  const v1::File& file_;
  const ChunkList& list_;
  const Operation& operation_;
  Progress& progress_;
  FileVerdict verdict_;
  Sha256 whole_;
  std::vector<uint8_t> buffer_;
};

FileVerdict Missing(const v1::File& file, std::string message) {
  FileVerdict verdict{
      .path = file.path(), .ok = false, .present = false, .bad_ranges = {}, .message = std::move(message)};
  AddBadRange(0, file.size_bytes(), &verdict);
  return verdict;
}

}  // namespace

absl::StatusOr<VerifyResult> VerifyFolder(const std::string& path, const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(ReleaseFolder folder, ReleaseFolder::Open(path));
  const v1::Manifest& manifest = folder.manifest().manifest;
  VerifyResult result{.ok = true,
                      .digest = folder.manifest().digest,
                      .model = manifest.model(),
                      .version = manifest.version(),
                      .checked_bytes = 0,
                      .files = {}};
  Progress progress{.phase = "verify", .item = {}, .done_bytes = 0, .total_bytes = 0};
  for (const std::string& name : folder.selected()) progress.total_bytes += FindFile(manifest, name)->size_bytes();
  for (const std::string& name : folder.selected()) {
    const v1::File& file = *FindFile(manifest, name);
    progress.item = name;
    absl::StatusOr<UniqueFd> fd = folder.directory().OpenFile(name);
    if (absl::IsNotFound(fd.status())) {
      result.files.push_back(Missing(file, "missing"));
    } else if (absl::IsInvalidArgument(fd.status())) {
      result.files.push_back(Missing(file, std::string(Message(fd.status()))));
    } else {
      PLUMB_RETURN_IF_ERROR(fd.status());
      absl::StatusOr<ChunkList> list = folder.LoadChunkList(file);
      if (absl::IsNotFound(list.status())) {
        // The pull was stopped before it got here.
        result.files.push_back(Missing(file, "not pulled yet"));
        result.ok = false;
        continue;
      }
      PLUMB_RETURN_IF_ERROR(list.status());
      PLUMB_ASSIGN_OR_RETURN(FileVerdict verdict, FileVerifier(file, *list, operation, &progress).Run(fd->get()));
      result.checked_bytes += file.size_bytes();
      result.files.push_back(std::move(verdict));
    }
    result.ok = result.ok && result.files.back().ok;
  }
  return result;
}

}  // namespace plumb
