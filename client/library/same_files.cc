#include "client/library/same_files.h"

#include <algorithm>
#include <vector>

#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr uint64_t kPieceBytes = 4u << 20;

// The files that lie somewhere, not what was unpacked from them.
std::vector<const SourceFile*> StoredFiles(const TensorSource& source) {
  std::vector<const SourceFile*> files;
  for (const SourceFile& file : source.files()) {
    if (!file.unpacked) files.push_back(&file);
  }
  return files;
}

absl::StatusOr<bool> HaveSameBytes(const SourceFile& a, const SourceFile& b, const Operation& operation,
                                   Progress* progress) {
  const uint64_t size = a.bytes->Size();
  std::vector<uint8_t> left(std::min(kPieceBytes, size)), right(left.size());
  for (uint64_t at = 0; at < size; at += kPieceBytes) {
    PLUMB_RETURN_IF_ERROR(operation.Check());
    const size_t count = std::min(kPieceBytes, size - at);
    absl::Status status = a.bytes->Read(at, std::span(left).first(count));
    if (!status.ok()) return Annotate(status, a.path);
    status = b.bytes->Read(at, std::span(right).first(count));
    if (!status.ok()) return Annotate(status, b.path);
    if (!std::equal(left.begin(), left.begin() + count, right.begin())) return false;
    progress->item = a.path;
    progress->done_bytes += count;
    operation.Report(*progress);
  }
  return true;
}

}  // namespace

absl::StatusOr<bool> HaveSameFiles(const TensorSource& a, const TensorSource& b, const Operation& operation) {
  const std::vector<const SourceFile*> left = StoredFiles(a), right = StoredFiles(b);
  if (a.format() != b.format() || left.empty() || left.size() != right.size()) return false;
  Progress progress = {.phase = "diff", .item = {}, .done_bytes = 0, .total_bytes = 0};
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i]->bytes->Size() != right[i]->bytes->Size()) return false;
    progress.total_bytes += left[i]->bytes->Size();
  }
  for (size_t i = 0; i < left.size(); ++i) {
    PLUMB_ASSIGN_OR_RETURN(bool same, HaveSameBytes(*left[i], *right[i], operation, &progress));
    if (!same) return false;
  }
  return a.tensors().size() == b.tensors().size();
}

}  // namespace plumb
