// What the host tells a kernel about shapes: passed by value, 32-bit words throughout, so that host and every device
// lay it out alike. Read by C++ and, as text before each kernel source, by the kernels' compilers.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_KERNELS_LAYOUTS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_KERNELS_LAYOUTS_H_

#ifndef PLUMB_KERNEL
#include <cstdint>
namespace plumb::device {
using u32 = uint32_t;
using i32 = int32_t;
#endif

#define LAYOUT_DIMS 8
#define LAYOUT_OPERANDS 3

// Rows of `inner` elements. A row's place counts through `dims`, outermost first; operand j of a row begins at the sum
// of place * strides[j] and goes on in steps of steps[j]. Work item i does part i % chunks of row i / chunks.
typedef struct {
  u32 items;
  u32 chunks;
  u32 inner;
  u32 rank;
  u32 dims[LAYOUT_DIMS];
  i32 steps[LAYOUT_OPERANDS];
  i32 strides[LAYOUT_OPERANDS][LAYOUT_DIMS];
} Layout;

// What a product adds to its sums.
#define BIAS_NONE 0
#define BIAS_COLUMNS 1
#define BIAS_ROWS 2

// out[z, m, n] = sum over k of a[z, m, k] b[z, k, n], `out` dense, everything counted in elements.
typedef struct {
  u32 m;
  u32 n;
  u32 k;
  u32 batches;
  u32 a_offset;
  u32 b_offset;
  u32 out_offset;
  u32 bias_offset;
  u32 a_batch;
  u32 b_batch;
  u32 a_row;
  u32 a_column;
  u32 b_row;
  u32 b_column;
  u32 bias;
  u32 block_rows;  // Rows of `out` that one work item computes (explicit-vector kernels).
} MatMulShape;

#define WINDOW_DIMS 3

// Convolution and pooling windows; dimensions that an operator does not have come first and are 1.
typedef struct {
  u32 channels;           // Of the operand.
  u32 filters;            // Channels of the result.
  u32 channels_in_group;
  u32 filters_in_group;
  u32 from[WINDOW_DIMS];
  u32 to[WINDOW_DIMS];
  u32 window[WINDOW_DIMS];
  u32 strides[WINDOW_DIMS];
  u32 dilations[WINDOW_DIMS];
  i32 pads_before[WINDOW_DIMS];
  i32 pads_after[WINDOW_DIMS];
  u32 first_channel;      // Unfolding: of the group that is unfolded, counted through all images.
  u32 items;
  u32 flags;              // Convolution: 1 when there is a bias. Pooling: 1 mean, 2 count padding.
} WindowShape;

// Slices of a table named by ids: [outer, rows, inner] and [count] -> [outer, count, inner].
typedef struct {
  u32 outer;
  u32 rows;
  u32 inner;
  u32 count;
  u32 id_words;  // 32-bit words of an id: 1 or 2, the low one first.
  u32 wrap;
} GatherShape;

#ifndef PLUMB_KERNEL
}  // namespace plumb::device
#endif

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_KERNELS_LAYOUTS_H_
