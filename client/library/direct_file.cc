#include "client/library/direct_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr uint64_t kBlockBytes = 4096;
// Smaller files are not worth a second descriptor.
constexpr uint64_t kDirectBytesMin = 1u << 20;

}  // namespace

DirectFile::DirectFile(UniqueFd fd, uint64_t file_bytes, std::string_view name) : fd_(std::move(fd)), name_(name) {
  if (file_bytes < kDirectBytesMin) return;
  // The same file, opened again whatever it is called now.
  direct_ = UniqueFd(::open(fmt::format("/proc/self/fd/{}", fd_.get()).c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC));
  use_direct_ = direct_.valid();
}

absl::Status DirectFile::Write(std::span<const uint8_t> bytes, uint64_t offset) {
  uint64_t phase = offset % kBlockBytes;
  bool fits = use_direct_ && reinterpret_cast<uintptr_t>(bytes.data()) % kBlockBytes == phase;
  uint64_t head = std::min<uint64_t>(phase == 0 ? 0 : kBlockBytes - phase, bytes.size());
  uint64_t whole = (bytes.size() - head) / kBlockBytes * kBlockBytes;
  if (!fits || whole == 0) return WriteBuffered(bytes, offset);
  absl::Status direct = PwriteAll(direct_.get(), bytes.subspan(head, whole), offset + head, name_);
  if (absl::IsInvalidArgument(direct)) {  // The file system took the flag and refuses the write.
    use_direct_ = false;
    return WriteBuffered(bytes, offset);
  }
  PLUMB_RETURN_IF_ERROR(direct);
  PLUMB_RETURN_IF_ERROR(WriteBuffered(bytes.first(head), offset));
  return WriteBuffered(bytes.subspan(head + whole), offset + head + whole);
}

absl::Status DirectFile::WriteBuffered(std::span<const uint8_t> bytes, uint64_t offset) const {
  if (bytes.empty()) return absl::OkStatus();
  PLUMB_RETURN_IF_ERROR(PwriteAll(fd_.get(), bytes, offset, name_));
  if (bytes.size() >= kBlockBytes) {
    ::sync_file_range(fd_.get(), static_cast<off64_t>(offset), static_cast<off64_t>(bytes.size()),
                      SYNC_FILE_RANGE_WRITE);
  }
  return absl::OkStatus();
}

absl::Status DirectFile::Sync() const {
  return ::fdatasync(fd_.get()) == 0 ? absl::OkStatus() : ErrnoStatus(errno, fmt::format("sync {}", name_));
}

absl::Status DirectFile::Close() {
  direct_ = UniqueFd();
  return fd_.Close();
}

}  // namespace plumb
