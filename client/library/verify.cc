#include <algorithm>

#include "client/library/chunk_check.h"
#include "client/library/folder_record.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/folder_status.h"
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

// Checks one file that is there.
class FileVerifier {
 public:
  FileVerifier(const v1::File& file, const ChunkList& list, const VerifyOptions& options, const Operation& operation,
               Progress* progress)
      : file_(file), list_(list), options_(options), operation_(operation), progress_(*progress) {}

  absl::StatusOr<FileVerdict> Run(int fd) {
    PLUMB_ASSIGN_OR_RETURN(uint64_t found_bytes, FileSize(fd, file_.path()));
    const uint64_t before = progress_.done_bytes;
    Digest whole;
    PLUMB_ASSIGN_OR_RETURN(std::vector<bool> good, Check(fd, &whole));
    progress_.done_bytes = before + file_.size_bytes();
    operation_.Report(progress_);
    FileVerdict verdict{.path = file_.path(), .ok = false, .present = true, .bad_ranges = {}, .message = {}};
    for (size_t i = 0; i < list_.size(); ++i) {
      if (!good[i]) AddBadRange(list_.offset(i), list_.offset(i) + list_.chunks()[i].size_bytes, &verdict);
    }
    if (found_bytes > file_.size_bytes()) AddBadRange(file_.size_bytes(), found_bytes, &verdict);
    Conclude(found_bytes, whole, &verdict);
    return verdict;
  }

 private:
  absl::StatusOr<std::vector<bool>> Check(int fd, Digest* whole) {
    PLUMB_RETURN_IF_ERROR(operation_.Check());
    const CheckProgress advance = [this](uint64_t bytes) {
      progress_.done_bytes += bytes;
      operation_.Report(progress_);
      return operation_.Check();
    };
    if (options_.whole_sha256) return CheckEveryChunkAndWhole(fd, list_, file_.path(), advance, whole);
    return CheckEveryChunk(fd, list_, file_.path(), advance);
  }

  void Conclude(uint64_t found_bytes, const Digest& whole, FileVerdict* verdict) const {
    if (found_bytes != file_.size_bytes()) {
      verdict->message = fmt::format("expected {} bytes, found {}", file_.size_bytes(), found_bytes);
    } else if (!verdict->bad_ranges.empty()) {
      verdict->message = fmt::format("{} byte range(s) differ", verdict->bad_ranges.size());
    } else if (options_.whole_sha256 && whole.ToBytes() != file_.sha256()) {
      // Every chunk is right, so the publisher's whole-file hash is not that of these chunks.
      AddBadRange(0, file_.size_bytes(), verdict);
      verdict->message = "the file's SHA-256 is not the one in the manifest";
    }
    verdict->ok = verdict->message.empty();
  }

  const v1::File& file_;
  const ChunkList& list_;
  const VerifyOptions& options_;
  const Operation& operation_;
  Progress& progress_;
};

FileVerdict Missing(const v1::File& file, std::string message) {
  FileVerdict verdict{
      .path = file.path(), .ok = false, .present = false, .bad_ranges = {}, .message = std::move(message)};
  AddBadRange(0, file.size_bytes(), &verdict);
  return verdict;
}

}  // namespace

absl::StatusOr<VerifyResult> VerifyFolder(const std::string& path, const Operation& operation,
                                          const VerifyOptions& options) {
  PLUMB_ASSIGN_OR_RETURN(ReleaseFolder folder, ReleaseFolder::Open(path));
  const v1::Manifest& manifest = folder.manifest().manifest;
  VerifyResult result{.ok = true,
                      .digest = folder.manifest().digest,
                      .model = manifest.model(),
                      .version = manifest.version(),
                      .checked_bytes = 0,
                      .files = {},
                      .extra = {}};
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
      PLUMB_ASSIGN_OR_RETURN(FileVerdict verdict,
                             FileVerifier(file, *list, options, operation, &progress).Run(fd->get()));
      result.checked_bytes += file.size_bytes();
      result.files.push_back(std::move(verdict));
    }
    result.ok = result.ok && result.files.back().ok;
  }
  result.extra = ExtraFiles(folder);
  return result;
}

}  // namespace plumb
