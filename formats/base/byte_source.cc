#include "plumb/base/byte_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr uint64_t kWindowBytesMax = 1u << 20;

class MappedSource : public ByteSource {
 public:
  explicit MappedSource(MappedFile map) : map_(std::move(map)) {}
  uint64_t Size() const override { return map_.bytes().size(); }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    PLUMB_RETURN_IF_ERROR(CheckWithin(offset, out.size(), Size()));
    if (!out.empty()) std::memcpy(out.data(), map_.bytes().data() + offset, out.size());
    return absl::OkStatus();
  }
  std::span<const uint8_t> Mapped() const override { return map_.bytes(); }
  void Release(uint64_t begin, uint64_t end) const override { map_.Release(begin, end); }

 private:
  MappedFile map_;
};

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
  uint64_t Size() const override { return bytes_.size(); }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    PLUMB_RETURN_IF_ERROR(CheckWithin(offset, out.size(), Size()));
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return absl::OkStatus();
  }
  std::span<const uint8_t> Mapped() const override { return AsBytes(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace

uint64_t ByteSource::CheapEnd(uint64_t) const { return Size(); }

void ByteSource::Release(uint64_t, uint64_t) const {}

absl::StatusOr<std::shared_ptr<const ByteSource>> MapByteSource(int fd, std::string_view name) {
  PLUMB_ASSIGN_OR_RETURN(MappedFile map, MappedFile::FromFd(fd, name));
  return std::make_shared<MappedSource>(std::move(map));
}

std::shared_ptr<const ByteSource> MemoryByteSource(std::string bytes) {
  return std::make_shared<MemorySource>(std::move(bytes));
}

absl::Status CheckWithin(uint64_t offset, uint64_t count, uint64_t size) {
  if (offset <= size && count <= size - offset) return absl::OkStatus();
  return OutOfRange(fmt::format("{} bytes wanted at {}, the end is at {}", count, offset, size));
}

absl::StatusOr<std::shared_ptr<const ByteSource>> DirectoryByteFolder::Open(std::string_view path) const {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, directory_->OpenFile(path));
  return MapByteSource(fd.get(), path);
}

absl::StatusOr<std::span<const uint8_t>> ByteWindow::At(uint64_t offset, uint64_t count) {
  PLUMB_RETURN_IF_ERROR(CheckWithin(offset, count, source_.Size()));
  std::span<const uint8_t> mapped = source_.Mapped();
  if (!mapped.empty()) return mapped.subspan(offset, count);
  if (offset < begin_ || offset - begin_ > window_.size() || count > window_.size() - (offset - begin_)) {
    uint64_t cheap_bytes = std::max(source_.CheapEnd(offset + std::max<uint64_t>(count, 1) - 1), offset) - offset;
    uint64_t ahead_bytes = std::min({next_bytes_, cheap_bytes, source_.Size() - offset});
    window_.resize(std::max(count, ahead_bytes));
    begin_ = offset;
    absl::Status status = source_.Read(offset, window_);
    if (!status.ok()) {
      window_.clear();
      return status;
    }
    next_bytes_ = std::min(next_bytes_ * 2, kWindowBytesMax);
  }
  return std::span<const uint8_t>(window_).subspan(offset - begin_, count);
}

}  // namespace plumb
