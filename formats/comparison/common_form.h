// A tensor read in the form in which tensors of different conventions are compared.
#ifndef PLUMB_FORMATS_COMPARISON_COMMON_FORM_H_
#define PLUMB_FORMATS_COMPARISON_COMMON_FORM_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "plumb/comparison/compare_values.h"

namespace plumb {

// Not thread-safe. Borrows what `tensor` borrows.
class CommonForm {
 public:
  // REQUIRES: RowsFit; a slice lies in the tensor.
  explicit CommonForm(const LaidOut& tensor);

  const SourceTensor& tensor() const { return *source_tensor_; }
  uint64_t elements() const { return rows_ * row_elements_; }
  // Elements of one step along the outermost dimension.
  uint64_t row_elements() const { return row_elements_; }
  // Whether rows are stored one after another, each in its order, so that whole blocks stay whole blocks.
  bool rows_are_whole() const { return !turned_; }
  // Whether the bytes are the common form as they lie.
  bool as_stored() const;

  // Elements [first, first + out.size()), decoded, the addend added. A turned tensor's pieces must be whole rows.
  absl::Status ReadF32(uint64_t first, std::span<float> out) const;
  // The bytes of the same range, of whole blocks. REQUIRES: rows_are_whole().
  absl::Status ReadBytes(uint64_t first, uint64_t count, std::span<uint8_t> out) const;

 private:
  // Calls `read` with each run of rows that lie one after another: the stored row, the row here, how many.
  absl::Status ForEachRun(uint64_t first_row, uint64_t count,
                          absl::FunctionRef<absl::Status(uint64_t, uint64_t, uint64_t)> read) const;
  // The same with elements, for tensors that are not turned.
  absl::Status ForEachSpan(uint64_t first, uint64_t count,
                           absl::FunctionRef<absl::Status(uint64_t, uint64_t, uint64_t)> read) const;
  absl::Status ReadTurned(uint64_t stored_row, uint64_t count, std::span<float> out) const;

  const TensorSource* source_;
  const SourceTensor* source_tensor_;
  TensorLayout layout_;
  uint64_t all_rows_ = 1;  // Without the slice.
  uint64_t rows_ = 1;
  uint64_t row_elements_ = 1;
  bool turned_ = false;
  uint64_t inputs_ = 1;  // Of a turned tensor: elements of its second common dimension,
  uint64_t places_ = 1;  // and of all that follow.
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_COMPARISON_COMMON_FORM_H_
