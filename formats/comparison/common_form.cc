#include "formats/comparison/common_form.h"

#include <algorithm>

#include "plumb/weights/dtype.h"

namespace plumb {

CommonForm::CommonForm(const LaidOut& tensor)
    : source_(tensor.source), source_tensor_(tensor.tensor), layout_(tensor.layout) {
  TensorLayout whole = layout_;
  whole.row_count = 0;
  const std::vector<uint64_t> shape = CommonShape(source_tensor_->shape, whole);
  turned_ = layout_.output_last && shape.size() >= 2;
  if (shape.empty()) return;
  all_rows_ = shape[0];
  rows_ = layout_.row_count == 0 ? all_rows_ : layout_.row_count;
  for (size_t i = 1; i < shape.size(); ++i) row_elements_ *= shape[i];
  if (!turned_) return;
  inputs_ = shape[1];
  for (size_t i = 2; i < shape.size(); ++i) places_ *= shape[i];
}

bool CommonForm::as_stored() const {
  return !turned_ && layout_.rows == RowOrder::kPlain && layout_.row_count == 0 && layout_.addend == 0;
}

absl::Status CommonForm::ForEachRun(uint64_t first_row, uint64_t count,
                                    absl::FunctionRef<absl::Status(uint64_t, uint64_t, uint64_t)> read) const {
  const uint64_t end = first_row + count;
  for (uint64_t row = first_row; row < end;) {
    const uint64_t stored = StoredRow(layout_, layout_.first_row + row, all_rows_);
    uint64_t run = layout_.rows == RowOrder::kPlain ? end - row : 1;
    while (row + run < end && StoredRow(layout_, layout_.first_row + row + run, all_rows_) == stored + run) ++run;
    absl::Status status = read(stored, row, run);
    if (!status.ok()) return status;
    row += run;
  }
  return absl::OkStatus();
}

absl::Status CommonForm::ForEachSpan(uint64_t first, uint64_t count,
                                     absl::FunctionRef<absl::Status(uint64_t, uint64_t, uint64_t)> read) const {
  if (count == 0) return absl::OkStatus();
  const uint64_t end = first + count;
  const uint64_t first_row = first / row_elements_;
  const uint64_t last_row = (end - 1) / row_elements_;
  auto read_run = [&](uint64_t stored, uint64_t row, uint64_t run) {
    const uint64_t begin = std::max(first, row * row_elements_);
    const uint64_t stop = std::min(end, (row + run) * row_elements_);
    return read(stored * row_elements_ + (begin - row * row_elements_), begin - first, stop - begin);
  };
  return ForEachRun(first_row, last_row - first_row + 1, read_run);
}

absl::Status CommonForm::ReadTurned(uint64_t stored_row, uint64_t count, std::span<float> out) const {
  // What lies together are the outputs of one input at one place.
  std::vector<float> piece(count);
  for (uint64_t place = 0; place < places_; ++place) {
    for (uint64_t input = 0; input < inputs_; ++input) {
      const uint64_t from = (place * inputs_ + input) * all_rows_ + stored_row;
      absl::Status status = source_->ReadF32(*source_tensor_, from, piece);
      if (!status.ok()) return status;
      float* to = out.data() + input * places_ + place;
      for (uint64_t row = 0; row < count; ++row) to[row * row_elements_] = piece[row];
    }
  }
  return absl::OkStatus();
}

absl::Status CommonForm::ReadF32(uint64_t first, std::span<float> out) const {
  if (out.empty()) return absl::OkStatus();  // Rows may have no elements.
  absl::Status status;
  if (turned_) {
    const uint64_t first_row = first / row_elements_;
    status = ForEachRun(first_row, out.size() / row_elements_, [&](uint64_t stored, uint64_t row, uint64_t run) {
      return ReadTurned(stored, run, out.subspan((row - first_row) * row_elements_, run * row_elements_));
    });
  } else {
    status = ForEachSpan(first, out.size(), [&](uint64_t stored, uint64_t at, uint64_t count) {
      return source_->ReadF32(*source_tensor_, stored, out.subspan(at, count));
    });
  }
  if (layout_.addend != 0) {
    for (float& value : out) value += layout_.addend;
  }
  return status;
}

absl::Status CommonForm::ReadBytes(uint64_t first, uint64_t count, std::span<uint8_t> out) const {
  const DTypeBlock block = BlockOf(source_tensor_->dtype);
  return ForEachSpan(first, count, [&](uint64_t stored, uint64_t at, uint64_t length) {
    return source_->ReadBytes(*source_tensor_, stored / block.elements * block.bytes,
                              out.subspan(at / block.elements * block.bytes, length / block.elements * block.bytes));
  });
}

}  // namespace plumb
