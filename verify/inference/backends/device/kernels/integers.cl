// Arithmetic of int32 that wraps around, products of it, and conversions.

#define BINARY_I32(name, expression)                                                                           \
  KERNEL void binary_i32_##name(GLOBAL const i32* a, GLOBAL const i32* b, GLOBAL i32* to, const Layout at) {   \
    ROW_OF_LAYOUT(at);                                                                                         \
    GLOBAL const i32* a_row = a + row_offset(&at, row, 0);                                                     \
    GLOBAL const i32* b_row = b + row_offset(&at, row, 1);                                                     \
    for (u32 i = begin; i < end; ++i) {                                                                        \
      const i32 x = a_row[(i32)i * at.steps[0]];                                                               \
      const i32 y = b_row[(i32)i * at.steps[1]];                                                               \
      to[row * at.inner + i] = (expression);                                                                   \
    }                                                                                                          \
  }

BINARY_I32(add, (i32)((u32)x + (u32)y))
BINARY_I32(sub, (i32)((u32)x - (u32)y))
BINARY_I32(mul, (i32)((u32)x * (u32)y))
BINARY_I32(max, x > y ? x : y)
BINARY_I32(min, x < y ? x : y)

#define COMPARE_I32(name, operation)                                                                             \
  KERNEL void compare_i32_##name(GLOBAL const i32* a, GLOBAL const i32* b, GLOBAL u8* to, const Layout at) {     \
    ROW_OF_LAYOUT(at);                                                                                           \
    GLOBAL const i32* a_row = a + row_offset(&at, row, 0);                                                       \
    GLOBAL const i32* b_row = b + row_offset(&at, row, 1);                                                       \
    for (u32 i = begin; i < end; ++i) {                                                                          \
      to[row * at.inner + i] = a_row[(i32)i * at.steps[0]] operation b_row[(i32)i * at.steps[1]] ? 1 : 0;        \
    }                                                                                                            \
  }

COMPARE_I32(equal, ==)
COMPARE_I32(less, <)
COMPARE_I32(less_or_equal, <=)

#define CONVERT(name, from_type, to_type, expression)                                  \
  KERNEL void convert_##name(GLOBAL const from_type* from, GLOBAL to_type* to, u32 count) { \
    const u32 begin = GLOBAL_ID * CHUNK;                                               \
    const u32 end = begin + CHUNK < count ? begin + CHUNK : count;                     \
    for (u32 i = begin; i < end; ++i) {                                                \
      const from_type x = from[i];                                                     \
      to[i] = (expression);                                                            \
    }                                                                                  \
  }

// Towards zero and saturating; NaN gives 0.
#define FROM_FLOAT(type, least, most) \
  ((x != x) ? (type)0 : ((x <= (float)(least)) ? (type)(least) : ((x >= (float)(most)) ? (type)(most) : (type)x)))

CONVERT(u8_i32, u8, i32, (i32)x)
CONVERT(i8_i32, i8, i32, (i32)x)
CONVERT(i8_f32, i8, float, (float)x)
CONVERT(i32_u8, i32, u8, (u8)x)
CONVERT(i32_i8, i32, i8, (i8)x)
CONVERT(f32_u8, float, u8, FROM_FLOAT(u8, 0, 255))
CONVERT(f32_i8, float, i8, FROM_FLOAT(i8, -128, 127))
CONVERT(f32_i32, float, i32, FROM_FLOAT(i32, -2147483647 - 1, 2147483647))

// out[z, m, n], see MatMulShape: a work item does INTEGER_ROWS x WIDTH results.
#if VECTORS
#define INTEGER_ROWS 8
typedef int16 IV;
INLINE IV load_integers(GLOBAL const i32* from, u32 step, u32 left) {
  if (step == 1 && left >= WIDTH) return vload16(0, from);
  i32 lanes[WIDTH];
  for (u32 i = 0; i < WIDTH; ++i) lanes[i] = i < left ? from[i * step] : 0;
  return vload16(0, lanes);
}
INLINE void store_integers(GLOBAL i32* to, IV value, u32 left) {
  i32 lanes[WIDTH];
  vstore16(value, 0, lanes);
  for (u32 i = 0; i < WIDTH && i < left; ++i) to[i] = lanes[i];
}
#else
#define INTEGER_ROWS 1
typedef i32 IV;
#define load_integers(from, step, left) (*(from))
#define store_integers(to, value, left) (*(to) = (value))
#endif

KERNEL void matmul_i32(GLOBAL const i32* a, GLOBAL const i32* b, GLOBAL const i32* bias, GLOBAL i32* out,
                       const MatMulShape s) {
  const u32 strips = (s.n + WIDTH - 1) / WIDTH;
  const u32 blocks = (s.m + INTEGER_ROWS - 1) / INTEGER_ROWS;
  if (GLOBAL_ID >= strips * blocks * s.batches) return;
  const u32 n0 = GLOBAL_ID % strips * WIDTH;
  const u32 m0 = GLOBAL_ID / strips % blocks * INTEGER_ROWS;
  const u32 batch = GLOBAL_ID / strips / blocks;
  const u32 rows = s.m - m0 < INTEGER_ROWS ? s.m - m0 : INTEGER_ROWS;
  a += s.a_offset + batch * s.a_batch;
  b += s.b_offset + batch * s.b_batch + n0 * s.b_column;
  bias += s.bias_offset;
  out += s.out_offset + (batch * s.m + m0) * s.n + n0;
  IV sums[INTEGER_ROWS];
  for (u32 i = 0; i < INTEGER_ROWS; ++i) {
    sums[i] = (IV)(0);
    if (s.bias == BIAS_COLUMNS) sums[i] = load_integers(bias + n0, 1, s.n - n0);
    if (s.bias == BIAS_ROWS && i < rows) sums[i] = (IV)(bias[m0 + i]);
  }
  for (u32 k = 0; k < s.k; ++k) {
    const IV column = load_integers(b + k * s.b_row, s.b_column, s.n - n0);
    for (u32 i = 0; i < INTEGER_ROWS; ++i) {
      sums[i] += (IV)(a[(m0 + (i < rows ? i : rows - 1)) * s.a_row + k * s.a_column]) * column;
    }
  }
  for (u32 i = 0; i < rows; ++i) store_integers(out + i * s.n, sums[i], s.n - n0);
}
