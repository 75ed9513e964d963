// How a stored tensor differs from the form in which tensors of different conventions can be compared.
#ifndef PLUMB_NAMING_TENSOR_LAYOUT_H_
#define PLUMB_NAMING_TENSOR_LAYOUT_H_

#include <cstdint>
#include <vector>

namespace plumb {

// In which order the rows (the outermost dimension of the common form) of an attention map are stored.
enum class RowOrder {
  kPlain,  // As in the common form: head after head; queries, then keys, then values.
  // The two halves of each head alternate: what rotates together is neighbours. llama's GGUF and Meta's own files.
  kPairs,
  // For each key head the queries that share it, the key, the value. GPT-NeoX, BLOOM, Falcon in transformers.
  kGroups,
};

// From the stored tensor to the common form, in this order: axes, rows, slice, addend. Plain value.
struct TensorLayout {
  // Stored [..., in, out] where the common form is [out, in, ...]: kernels of Flax and TensorFlow, GPT-2's Conv1D.
  bool output_last = false;
  RowOrder rows = RowOrder::kPlain;
  uint64_t heads = 0;      // Of kPairs: heads in this tensor. Of kGroups: heads of queries.
  uint64_t key_heads = 0;  // Of kGroups.
  // Rows [first_row, first_row + row_count) of the common form alone; all when row_count is 0.
  uint64_t first_row = 0;
  uint64_t row_count = 0;
  // Added to every element: 1 for gains that are stored without their one.
  float addend = 0;

  friend bool operator==(const TensorLayout&, const TensorLayout&) = default;
};

// The shape of the common form, with its slice, of a tensor stored with `shape`.
std::vector<uint64_t> CommonShape(const std::vector<uint64_t>& shape, const TensorLayout& layout);

// Where row `row` of the common form (before slicing) of `row_count` rows is stored.
// REQUIRES: RowsFit(layout, row_count); row < row_count.
uint64_t StoredRow(const TensorLayout& layout, uint64_t row, uint64_t row_count);

// Whether `row_count` rows can be divided into the heads that the layout speaks of.
bool RowsFit(const TensorLayout& layout, uint64_t row_count);

// Shapes that are equal when dimensions of 1 are left out: the elements are in the same order.
bool SameButForOnes(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b);

}  // namespace plumb

#endif  // PLUMB_NAMING_TENSOR_LAYOUT_H_
