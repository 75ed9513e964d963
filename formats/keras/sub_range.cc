#include "formats/keras/sub_range.h"

#include <algorithm>
#include <utility>

#include "plumb/base/status.h"

namespace plumb {
namespace {

class SubRangeSource : public ByteSource {
 public:
  SubRangeSource(std::shared_ptr<const ByteSource> whole, uint64_t begin, uint64_t size)
      : whole_(std::move(whole)), begin_(begin), size_(size) {}

  uint64_t Size() const override { return size_; }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    PLUMB_RETURN_IF_ERROR(CheckWithin(offset, out.size(), size_));
    return whole_->Read(begin_ + offset, out);
  }
  std::span<const uint8_t> Mapped() const override {
    std::span<const uint8_t> mapped = whole_->Mapped();
    return mapped.empty() ? mapped : mapped.subspan(begin_, size_);
  }
  uint64_t CheapEnd(uint64_t offset) const override {
    return std::min(whole_->CheapEnd(begin_ + offset) - begin_, size_);
  }
  void Release(uint64_t begin, uint64_t end) const override { whole_->Release(begin_ + begin, begin_ + end); }

 private:
  std::shared_ptr<const ByteSource> whole_;
  uint64_t begin_, size_;
};

}  // namespace

std::shared_ptr<const ByteSource> SubRange(std::shared_ptr<const ByteSource> whole, uint64_t begin, uint64_t size) {
  return std::make_shared<SubRangeSource>(std::move(whole), begin, size);
}

}  // namespace plumb
