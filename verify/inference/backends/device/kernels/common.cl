// What every kernel source begins with: vectors of WIDTH floats (one float where the hardware joins work items
// itself), and rows of a layout.
#if VECTORS
typedef float16 V;
#define WIDTH 16
#define CHUNK 2048
#define SPLAT(value) ((V)(value))

INLINE V load_some(GLOBAL const float* from, u32 count) {
  float lanes[WIDTH];
  for (u32 i = 0; i < WIDTH; ++i) lanes[i] = i < count ? from[i] : 0.0f;
  return vload16(0, lanes);
}

INLINE void store_some(GLOBAL float* to, V value, u32 count) {
  float lanes[WIDTH];
  vstore16(value, 0, lanes);
  for (u32 i = 0; i < count; ++i) to[i] = lanes[i];
}

// The next elements of a row, or one for all lanes where `step` is 0; `left` are there.
INLINE V load_v(GLOBAL const float* from, i32 step, u32 left) {
  if (step == 0) return SPLAT(from[0]);
  return left >= WIDTH ? vload16(0, from) : load_some(from, left);
}

INLINE void store_v(GLOBAL float* to, V value, u32 left) {
  if (left >= WIDTH) {
    vstore16(value, 0, to);
  } else {
    store_some(to, value, left);
  }
}

INLINE float sum_of(V v) {
  const float8 a = v.lo + v.hi;
  const float4 b = a.lo + a.hi;
  return (b.x + b.z) + (b.y + b.w);
}

INLINE float max_of(V v) {
  const float8 a = fmax(v.lo, v.hi);
  const float4 b = fmax(a.lo, a.hi);
  return fmax(fmax(b.x, b.z), fmax(b.y, b.w));
}
#else
typedef float V;
#define WIDTH 1
#define CHUNK 1
#define SPLAT(value) ((float)(value))
#define load_v(from, step, left) (*(from))
#define store_v(to, value, left) (*(to) = (value))
#endif

// Where an operand's part of a row begins.
INLINE i32 row_offset(const Layout* at, u32 row, u32 operand) {
  i32 offset = 0;
  for (u32 d = at->rank; d-- > 0;) {
    offset += (i32)(row % at->dims[d]) * at->strides[operand][d];
    row /= at->dims[d];
  }
  return offset;
}

// Opens a kernel body over a layout `at`: this work item's `row` and its elements, `begin` to `end`.
#define ROW_OF_LAYOUT(at)                            \
  if (GLOBAL_ID >= (at).items) return;               \
  const u32 row = GLOBAL_ID / (at).chunks;           \
  const u32 begin = GLOBAL_ID % (at).chunks * CHUNK; \
  const u32 end = begin + CHUNK < (at).inner ? begin + CHUNK : (at).inner
