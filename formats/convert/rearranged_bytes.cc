#include "formats/convert/rearranged_bytes.h"

#include <algorithm>

#include "plumb/base/status.h"

namespace plumb {

absl::Status RearrangedBytes::Read(uint64_t offset, std::span<uint8_t> out) const {
  PLUMB_RETURN_IF_ERROR(CheckWithin(offset, out.size(), Size()));
  while (!out.empty()) {
    const uint64_t row = offset / row_bytes_;
    const uint64_t within = offset % row_bytes_;
    // Rows that are neighbours in the tensor too are read at once.
    uint64_t end = row + 1;
    while (end < rows_.size() && rows_[end] == rows_[end - 1] + 1 && (end - row) * row_bytes_ - within < out.size()) {
      ++end;
    }
    const uint64_t count = std::min<uint64_t>(out.size(), (end - row) * row_bytes_ - within);
    PLUMB_RETURN_IF_ERROR(source_->ReadBytes(*tensor_, rows_[row] * row_bytes_ + within, out.first(count)));
    out = out.subspan(count);
    offset += count;
  }
  return absl::OkStatus();
}

void RearrangedBytes::Release(uint64_t, uint64_t end) const {
  // Rows come from all over the tensor, so that its pages are kept until the last are read.
  if (end == Size()) source_->Release(*tensor_);
}

}  // namespace plumb
