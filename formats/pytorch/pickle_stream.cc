#include "formats/pytorch/pickle_stream.h"

#include <algorithm>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::Status EndsTooEarly(std::string why) { return WithErrorClass(DataLoss(std::move(why)), ErrorClass::kPolicy); }

}  // namespace

absl::StatusOr<PickleStream> PickleStream::Open(const ByteSource& source, uint64_t begin, uint64_t end) {
  PickleStream stream(source, begin, end);
  if (source.Mapped().empty()) {
    stream.read_begin_ = begin;
    stream.read_.resize(std::min(end - begin, limits::kPickleBytesMax));
    PLUMB_RETURN_IF_ERROR(source.Read(begin, stream.read_));
  }
  return stream;
}

absl::StatusOr<std::span<const uint8_t>> PickleStream::Take(uint64_t count) {
  if (count > end_ - at_)
    return EndsTooEarly(fmt::format("{} bytes are expected at byte {}, {} are left", count, at_, end_ - at_));
  std::span<const uint8_t> mapped = source_->Mapped();
  std::span<const uint8_t> taken;
  if (!mapped.empty()) {
    taken = mapped.subspan(at_, count);
  } else if (at_ - read_begin_ + count <= read_.size()) {
    taken = std::span<const uint8_t>(read_).subspan(at_ - read_begin_, count);
  } else {
    // Counts between the elements of a file that is not mapped.
    read_.resize(count);
    read_begin_ = at_;
    PLUMB_RETURN_IF_ERROR(source_->Read(at_, read_));
    taken = read_;
  }
  at_ += count;
  return taken;
}

absl::StatusOr<Pickle> PickleStream::Next() {
  std::span<const uint8_t> mapped = source_->Mapped();
  std::span<const uint8_t> left;
  if (!mapped.empty()) {
    left = mapped.subspan(at_, end_ - at_);
  } else if (at_ - read_begin_ < read_.size()) {
    left = std::span<const uint8_t>(read_).subspan(at_ - read_begin_);
  }
  absl::StatusOr<Pickle> pickle = Pickle::Parse(left);
  if (!pickle.ok()) return Annotate(pickle.status(), fmt::format("at byte {}", at_));
  at_ += pickle->consumed();
  return pickle;
}

absl::StatusOr<uint64_t> PickleStream::Count(bool big_endian) {
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, Take(sizeof(uint64_t)));
  uint64_t number = 0;
  for (size_t i = 0; i < bytes.size(); ++i) number |= uint64_t{bytes[i]} << (8 * (big_endian ? 7 - i : i));
  if (number >> 63 != 0) return RefusedFile(fmt::format("the number before byte {} is negative", at_));
  return number;
}

absl::StatusOr<uint32_t> PickleStream::Small() {
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, Take(sizeof(uint32_t)));
  uint32_t number = 0;
  for (size_t i = 0; i < bytes.size(); ++i) number |= uint32_t{bytes[i]} << (8 * i);
  return number;
}

absl::StatusOr<StoredRange> PickleStream::Skip(uint64_t count, uint64_t bytes) {
  uint64_t size = 0;
  if (__builtin_mul_overflow(count, bytes, &size) || size > end_ - at_) {
    return EndsTooEarly(fmt::format("{} elements of {} bytes are expected at byte {}, {} bytes are left", count, bytes,
                                    at_, end_ - at_));
  }
  StoredRange range = {0, at_, at_ + size};
  at_ += size;
  return range;
}

}  // namespace plumb
