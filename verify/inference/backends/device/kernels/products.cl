// Matrix products; see MatMulShape.

#if VECTORS

// A work item computes block_rows x STRIP results. It packs a DEPTH x STRIP part of `b` into vectors that lie one after
// another, and takes TILE_ROWS rows of `a` through each: TILE_ROWS sums of WIDTH floats that stay in registers.
#define STRIP 64
#define DEPTH 256

INLINE void pack_rows(GLOBAL const float* from, u32 stride, u32 depth, u32 columns, LOCAL_POINTER float* to) {
  for (u32 strip = 0; strip < columns; strip += WIDTH) {
    const u32 left = columns - strip;
    if (left >= WIDTH) {
      for (u32 k = 0; k < depth; ++k) vstore16(vload16(0, from + k * stride + strip), k, to);
    } else {
      for (u32 k = 0; k < depth; ++k) vstore16(load_some(from + k * stride + strip, left), k, to);
    }
    to += DEPTH * WIDTH;
  }
}

// `b` given as rows of its columns: squares of four by four are turned in registers.
INLINE void pack_columns(GLOBAL const float* from, u32 stride, u32 depth, u32 columns, LOCAL_POINTER float* to) {
  for (u32 n = 0; n < columns; n += 4) {
    LOCAL_POINTER float* target = to + n / WIDTH * DEPTH * WIDTH + n % WIDTH;
    GLOBAL const float* r0 = from + n * stride;
    GLOBAL const float* r1 = from + (n + 1 < columns ? n + 1 : n) * stride;
    GLOBAL const float* r2 = from + (n + 2 < columns ? n + 2 : n) * stride;
    GLOBAL const float* r3 = from + (n + 3 < columns ? n + 3 : n) * stride;
    u32 k = 0;
    for (; k + 4 <= depth; k += 4) {
      const float4 a = vload4(0, r0 + k);
      const float4 b = vload4(0, r1 + k);
      const float4 c = vload4(0, r2 + k);
      const float4 d = vload4(0, r3 + k);
      vstore4((float4)(a.x, b.x, c.x, d.x), 0, target + k * WIDTH);
      vstore4((float4)(a.y, b.y, c.y, d.y), 0, target + (k + 1) * WIDTH);
      vstore4((float4)(a.z, b.z, c.z, d.z), 0, target + (k + 2) * WIDTH);
      vstore4((float4)(a.w, b.w, c.w, d.w), 0, target + (k + 3) * WIDTH);
    }
    for (; k < depth; ++k) vstore4((float4)(r0[k], r1[k], r2[k], r3[k]), 0, target + k * WIDTH);
  }
}

// TILE_ROWS rows from `a` on, of which `rows` are there, times `depth` vectors; added to `out` unless this is the first
// part of the sums, which begins with `bias`.
INLINE void multiply_tile(GLOBAL const float* a, u32 a_row, u32 a_column, u32 rows, LOCAL_POINTER const float* packed, u32 depth,
                          GLOBAL float* out, u32 n, u32 left, i32 first, GLOBAL const float* bias, u32 bias_kind) {
  GLOBAL const float* from[TILE_ROWS];
  V sums[TILE_ROWS];
#pragma unroll
  for (u32 i = 0; i < TILE_ROWS; ++i) {
    from[i] = a + (i < rows ? i : rows - 1) * a_row;
    sums[i] = SPLAT(0.0f);
  }
  if (a_column == 1) {
    for (u32 k = 0; k < depth; ++k) {
      const V b = vload16(k, packed);
#pragma unroll
      for (u32 i = 0; i < TILE_ROWS; ++i) sums[i] += SPLAT(from[i][k]) * b;
    }
  } else {
    for (u32 k = 0; k < depth; ++k) {
      const V b = vload16(k, packed);
#pragma unroll
      for (u32 i = 0; i < TILE_ROWS; ++i) sums[i] += SPLAT(from[i][k * a_column]) * b;
    }
  }
#pragma unroll
  for (u32 i = 0; i < TILE_ROWS; ++i) {
    if (i < rows) {
      GLOBAL float* to = out + i * n;
      V before = SPLAT(0.0f);
      if (!first) {
        before = load_v(to, 1, left);
      } else if (bias_kind == BIAS_COLUMNS) {
        before = load_v(bias, 1, left);
      } else if (bias_kind == BIAS_ROWS) {
        before = SPLAT(bias[i]);
      }
      store_v(to, before + sums[i], left);
    }
  }
}

KERNEL void matmul(GLOBAL const float* a, GLOBAL const float* b, GLOBAL const float* bias, GLOBAL float* out,
                   const MatMulShape s) {
  LOCAL float packed[DEPTH * STRIP];
  const u32 n0 = GROUP_ID_X * STRIP;
  const u32 m0 = GROUP_ID_Y * s.block_rows;
  const u32 columns = s.n - n0 < STRIP ? s.n - n0 : STRIP;
  const u32 m1 = m0 + s.block_rows < s.m ? m0 + s.block_rows : s.m;
  a += s.a_offset + GROUP_ID_Z * s.a_batch;
  b += s.b_offset + GROUP_ID_Z * s.b_batch + n0 * s.b_column;
  bias += s.bias_offset;
  out += s.out_offset + GROUP_ID_Z * s.m * s.n + n0;
  for (u32 k0 = 0; k0 < s.k; k0 += DEPTH) {
    const u32 depth = s.k - k0 < DEPTH ? s.k - k0 : DEPTH;
    if (s.b_column == 1) {
      pack_rows(b + k0 * s.b_row, s.b_row, depth, columns, packed);
    } else {
      pack_columns(b + k0 * s.b_row, s.b_column, depth, columns, packed);
    }
    for (u32 strip = 0; strip < columns; strip += WIDTH) {
      for (u32 m = m0; m < m1; m += TILE_ROWS) {
        multiply_tile(a + m * s.a_row + k0 * s.a_column, s.a_row, s.a_column, m1 - m, packed + strip * DEPTH, depth,
                      out + m * s.n + strip, s.n, columns - strip, k0 == 0,
                      bias + (s.bias == BIAS_ROWS ? m : n0 + strip), s.bias);
      }
    }
  }
}

#else

// A group of 16 x 16 items computes TILE x TILE results, four by four each, from parts of both operands that they load
// together.
#define TILE 64
#define TILE_DEPTH 16

KERNEL void matmul(GLOBAL const float* a, GLOBAL const float* b, GLOBAL const float* bias, GLOBAL float* out,
                   const MatMulShape s) {
  LOCAL float a_part[TILE_DEPTH][TILE + 1];
  LOCAL float b_part[TILE_DEPTH][TILE + 1];
  const u32 n0 = GROUP_ID_X * TILE;
  const u32 m0 = GROUP_ID_Y * TILE;
  const u32 item = LOCAL_ID_Y * 16 + LOCAL_ID_X;
  a += s.a_offset + GROUP_ID_Z * s.a_batch;
  b += s.b_offset + GROUP_ID_Z * s.b_batch;
  bias += s.bias_offset;
  out += s.out_offset + GROUP_ID_Z * s.m * s.n;
  float sums[4][4];
  for (u32 i = 0; i < 4; ++i) {
    for (u32 j = 0; j < 4; ++j) sums[i][j] = 0.0f;
  }
  for (u32 k0 = 0; k0 < s.k; k0 += TILE_DEPTH) {
    for (u32 i = item; i < TILE * TILE_DEPTH; i += 256) {  // Neighbours load neighbours, however an operand lies.
      const u32 ka = s.a_column == 1 ? i % TILE_DEPTH : i / TILE;
      const u32 m = s.a_column == 1 ? i / TILE_DEPTH : i % TILE;
      a_part[ka][m] = m0 + m < s.m && k0 + ka < s.k ? a[(m0 + m) * s.a_row + (k0 + ka) * s.a_column] : 0.0f;
      const u32 kb = s.b_column == 1 ? i / TILE : i % TILE_DEPTH;
      const u32 n = s.b_column == 1 ? i % TILE : i / TILE_DEPTH;
      b_part[kb][n] = n0 + n < s.n && k0 + kb < s.k ? b[(k0 + kb) * s.b_row + (n0 + n) * s.b_column] : 0.0f;
    }
    BARRIER();
    for (u32 k = 0; k < TILE_DEPTH; ++k) {
      for (u32 i = 0; i < 4; ++i) {
        const float value = a_part[k][LOCAL_ID_Y + 16 * i];
        for (u32 j = 0; j < 4; ++j) sums[i][j] += value * b_part[k][LOCAL_ID_X + 16 * j];
      }
    }
    BARRIER();
  }
  for (u32 i = 0; i < 4; ++i) {
    const u32 m = m0 + LOCAL_ID_Y + 16 * i;
    for (u32 j = 0; j < 4; ++j) {
      const u32 n = n0 + LOCAL_ID_X + 16 * j;
      if (m >= s.m || n >= s.n) continue;
      const float added = s.bias == BIAS_COLUMNS ? bias[n] : s.bias == BIAS_ROWS ? bias[m] : 0.0f;
      out[m * s.n + n] = sums[i][j] + added;
    }
  }
}

#endif
