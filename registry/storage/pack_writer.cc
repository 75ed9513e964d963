#include "registry/storage/pack_writer.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/pack/pack_index.h"

namespace plumb {
namespace {

// The disk is told to begin each time that so much more was written.
constexpr uint64_t kWriteBackBytes = 8u << 20;

// Writes both, one after the other.
absl::Status WriteBoth(int fd, std::span<const uint8_t> first, std::span<const uint8_t> second, uint64_t offset,
                       const std::string& name) {
  iovec parts[2] = {{const_cast<uint8_t*>(first.data()), first.size()},
                    {const_cast<uint8_t*>(second.data()), second.size()}};
  ssize_t put = 0;
  do {
    put = ::pwritev(fd, parts, 2, static_cast<off_t>(offset));
  } while (put < 0 && errno == EINTR);
  if (put < 0) return ErrnoStatus(errno, fmt::format("write {}", name));
  auto done = static_cast<size_t>(put);
  if (done < first.size()) PLUMB_RETURN_IF_ERROR(PwriteAll(fd, first.subspan(done), offset + done, name));
  size_t skipped = done < first.size() ? 0 : done - first.size();
  return PwriteAll(fd, second.subspan(skipped), offset + first.size() + skipped, name);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PackWriter>> PackWriter::Create(uint32_t pack, const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus(errno, fmt::format("create {}", path));
  absl::Status written = PwriteAll(fd.get(), RenderPackHeader(), 0, path);
  if (!written.ok()) {
    ::unlink(path.c_str());
    return written;
  }
  auto writer = std::unique_ptr<PackWriter>(new PackWriter(pack, path, std::move(fd)));
  writer->end_ = kPackHeaderBytes;
  return writer;
}

absl::StatusOr<std::unique_ptr<PackWriter>> PackWriter::Resume(uint32_t pack, const std::string& path,
                                                               std::vector<PackEntry> entries, uint64_t end) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, fmt::format("open {}", path));
  auto writer = std::unique_ptr<PackWriter>(new PackWriter(pack, path, std::move(fd)));
  writer->entries_ = std::move(entries);
  writer->end_ = end;
  for (const PackEntry& entry : writer->entries_) writer->frame_bytes_ += entry.frame_bytes;
  return writer;
}

bool PackWriter::HasRoomFor(size_t frame_bytes, uint64_t pack_bytes) const {
  // A pack takes one chunk whatever its size.
  if (entries_.empty()) return true;
  return entries_.size() < kPackRecordsMax && end_ + kPackRecordHeaderBytes + frame_bytes <= pack_bytes;
}

absl::StatusOr<uint32_t> PackWriter::Append(const Digest& digest, const FrameHeader& header,
                                            std::span<const uint8_t> frame) {
  PackRecord record{
      .digest = digest, .frame_bytes = static_cast<uint32_t>(frame.size()), .frame_checksum = FrameChecksum(frame)};
  absl::Status written = WriteBoth(fd_.get(), RenderPackRecord(record), frame, end_, path_);
  if (!written.ok()) {
    // Gives the space back. When that fails too, later records are written over what is there.
    [[maybe_unused]] int ignored = ::ftruncate(fd_.get(), static_cast<off_t>(end_));
    return written;
  }
  auto offset = static_cast<uint32_t>(end_ + kPackRecordHeaderBytes);
  entries_.push_back({.digest = digest,
                      .offset = offset,
                      .frame_bytes = record.frame_bytes,
                      .plain_bytes = header.plain_bytes,
                      .base = header.base});
  end_ = offset + frame.size();
  frame_bytes_ += frame.size();
  if (end_ - written_back_ >= kWriteBackBytes) {
    ::sync_file_range(fd_.get(), static_cast<off_t>(written_back_), static_cast<off_t>(end_ - written_back_),
                      SYNC_FILE_RANGE_WRITE);
    written_back_ = end_;
  }
  return offset;
}

absl::Status PackWriter::EndBatch() {
  uint64_t block_end = PackBlockEnd(end_);
  if (block_end == end_) return absl::OkStatus();
  static constexpr std::array<uint8_t, kPackBlockBytes> kZeros{};
  PLUMB_RETURN_IF_ERROR(PwriteAll(fd_.get(), std::span(kZeros).first(block_end - end_), end_, path_));
  end_ = block_end;
  return absl::OkStatus();
}

absl::Status PackWriter::Sync() const {
  return ::fdatasync(fd_.get()) == 0 ? absl::OkStatus() : ErrnoStatus(errno, fmt::format("sync {}", path_));
}

absl::Status PackWriter::Seal() {
  PLUMB_RETURN_IF_ERROR(EndBatch());
  std::vector<uint8_t> index = RenderPackEnd(end_, entries_);
  uint64_t size = end_ + index.size();
  if (size > limits::kPackBytesMax) {
    return OutOfRange(fmt::format("{} would have {} bytes with its index, at most {} are allowed", path_, size,
                                  limits::kPackBytesMax));
  }
  PLUMB_RETURN_IF_ERROR(PwriteAll(fd_.get(), index, end_, path_));
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return ErrnoStatus(errno, fmt::format("cut {}", path_));
  PLUMB_RETURN_IF_ERROR(Sync());
  end_ = size;
  return absl::OkStatus();
}

}  // namespace plumb
