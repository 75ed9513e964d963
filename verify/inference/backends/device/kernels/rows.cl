// Whole rows: softmax, layer normalisation, masks, reductions. With explicit vectors a work item does one row; without,
// a work group of ROW_GROUP items does.

#define ROW_GROUP 128
#define SUM_CHUNK 256  // Elements that are summed before their sum is added to the others: keeps rounding small.

#if VECTORS

INLINE float row_sum(GLOBAL const float* from, u32 width) {
  float total = 0.0f;
  for (u32 chunk = 0; chunk < width; chunk += SUM_CHUNK * 4) {
    const u32 end = chunk + SUM_CHUNK * 4 < width ? chunk + SUM_CHUNK * 4 : width;
    V sum = SPLAT(0.0f);
    for (u32 i = chunk; i < end; i += WIDTH) sum += load_v(from + i, 1, width - i);
    total += sum_of(sum);
  }
  return total;
}

KERNEL void softmax(GLOBAL const float* from, GLOBAL float* to, u32 rows, u32 width) {
  if (GLOBAL_ID >= rows) return;
  from += GLOBAL_ID * width;
  to += GLOBAL_ID * width;
  V largest = SPLAT(-INFINITY);
  V nan = SPLAT(0.0f);
  u32 i = 0;
  for (; i + WIDTH <= width; i += WIDTH) {
    const V x = vload16(0, from + i);
    largest = fmax(largest, x);
    nan = (x != x) ? x : nan;
  }
  float most = max_of(largest);
  float poison = sum_of(nan);
  for (; i < width; ++i) {
    most = fmax(most, from[i]);
    if (from[i] != from[i]) poison = from[i];
  }
  if (most == -INFINITY || poison != poison) {  // Masked throughout, or NaN somewhere.
    for (i = 0; i < width; ++i) to[i] = poison;
    return;
  }
  V sums = SPLAT(0.0f);
  float sum = 0.0f;
  for (i = 0; i + WIDTH <= width; i += WIDTH) {
    const V share = exp(vload16(0, from + i) - most);
    sums += share;
    vstore16(share, 0, to + i);
  }
  for (; i < width; ++i) {
    to[i] = exp(from[i] - most);
    sum += to[i];
  }
  sum += sum_of(sums);
  for (i = 0; i < width; i += WIDTH) store_v(to + i, load_v(to + i, 1, width - i) / sum, width - i);
}

KERNEL void layer_norm(GLOBAL const float* from, GLOBAL const float* gain, GLOBAL const float* bias, GLOBAL float* to,
                       u32 rows, u32 width, u32 biased, float epsilon) {
  if (GLOBAL_ID >= rows) return;
  from += GLOBAL_ID * width;
  to += GLOBAL_ID * width;
  const float mean = row_sum(from, width) / (float)width;
  for (u32 i = 0; i < width; i += WIDTH) {
    const V centred = load_v(from + i, 1, width - i) - mean;
    store_v(to + i, centred * centred, width - i);
  }
  const float factor = 1.0f / sqrt(row_sum(to, width) / (float)width + epsilon);
  for (u32 i = 0; i < width; i += WIDTH) {
    const u32 left = width - i;
    const V normed = (load_v(from + i, 1, left) - mean) * factor * load_v(gain + i, 1, left);
    store_v(to + i, biased ? normed + load_v(bias + i, 1, left) : normed, left);
  }
}

#else

// The sum (or largest) of one value from each item of the group, in every item.
INLINE float group_join(float value, LOCAL_POINTER float* shared, i32 largest) {
  BARRIER();
  shared[LOCAL_ID_X] = value;
  for (u32 half = ROW_GROUP / 2; half > 0; half /= 2) {
    BARRIER();
    if (LOCAL_ID_X < half) {
      const float a = shared[LOCAL_ID_X];
      const float b = shared[LOCAL_ID_X + half];
      shared[LOCAL_ID_X] = largest ? MATH(fmax)(a, b) : a + b;
    }
  }
  BARRIER();
  return shared[0];
}

KERNEL void softmax(GLOBAL const float* from, GLOBAL float* to, u32 rows, u32 width) {
  LOCAL float shared[ROW_GROUP];
  from += GROUP_ID_X * width;
  to += GROUP_ID_X * width;
  float most = -INFINITY;
  float poison = 0.0f;
  for (u32 i = LOCAL_ID_X; i < width; i += ROW_GROUP) {
    most = MATH(fmax)(most, from[i]);
    if (from[i] != from[i]) poison = from[i];
  }
  most = group_join(most, shared, 1);
  poison = group_join(poison, shared, 0);
  if (most == -INFINITY || poison != poison) {  // Masked throughout, or NaN somewhere.
    for (u32 i = LOCAL_ID_X; i < width; i += ROW_GROUP) to[i] = poison;
    return;
  }
  float sum = 0.0f;
  for (u32 i = LOCAL_ID_X; i < width; i += ROW_GROUP) sum += MATH(exp)(from[i] - most);
  sum = group_join(sum, shared, 0);
  for (u32 i = LOCAL_ID_X; i < width; i += ROW_GROUP) to[i] = MATH(exp)(from[i] - most) / sum;
}

KERNEL void layer_norm(GLOBAL const float* from, GLOBAL const float* gain, GLOBAL const float* bias, GLOBAL float* to,
                       u32 rows, u32 width, u32 biased, float epsilon) {
  LOCAL float shared[ROW_GROUP];
  from += GROUP_ID_X * width;
  to += GROUP_ID_X * width;
  float sum = 0.0f;
  for (u32 i = LOCAL_ID_X; i < width; i += ROW_GROUP) sum += from[i];
  const float mean = group_join(sum, shared, 0) / (float)width;
  float squares = 0.0f;
  for (u32 i = LOCAL_ID_X; i < width; i += ROW_GROUP) squares += (from[i] - mean) * (from[i] - mean);
  const float factor = 1.0f / MATH(sqrt)(group_join(squares, shared, 0) / (float)width + epsilon);
  for (u32 i = LOCAL_ID_X; i < width; i += ROW_GROUP) {
    const float normed = (from[i] - mean) * factor * gain[i];
    to[i] = biased ? normed + bias[i] : normed;
  }
}

#endif

// Row r of [rows, keys] belongs to query r % queries.
KERNEL void causal_mask(GLOBAL const float* from, GLOBAL float* to, u32 rows, u32 queries, u32 keys, u32 window) {
#if VECTORS
  if (GLOBAL_ID >= rows) return;
  const u32 row = GLOBAL_ID;
  const u32 begin = 0;
  const u32 end = keys;
#else
  if (GLOBAL_ID >= rows * keys) return;
  const u32 row = GLOBAL_ID / keys;
  const u32 begin = GLOBAL_ID % keys;
  const u32 end = begin + 1;
#endif
  const i32 last = (i32)(row % queries + keys) - (i32)queries;
  const i32 first = window == 0 || (i32)window > last ? 0 : last - (i32)window + 1;
  for (u32 i = begin; i < end; ++i) {
    const i32 seen = (i32)i >= first && (i32)i <= last;
    to[row * keys + i] = seen ? from[row * keys + i] : -INFINITY;
  }
}

#define JOIN_SUM(a, b) ((a) + (b))
#define JOIN_PROD(a, b) ((a) * (b))
#define JOIN_MAX(a, b) (((a) != (a) || (a) > (b)) ? (a) : (b))
#define JOIN_MIN(a, b) (((a) != (a) || (a) < (b)) ? (a) : (b))

// One work item for each result: `kept` says where its elements begin, `reduced` how they lie.
#define REDUCE(name, JOIN, neutral)                                                                                \
  KERNEL void reduce_##name(GLOBAL const float* from, GLOBAL float* to, const Layout kept, const Layout reduced,   \
                            u32 results, float factor) {                                                           \
    if (GLOBAL_ID >= results) return;                                                                              \
    GLOBAL const float* first =                                                                                    \
        from + row_offset(&kept, GLOBAL_ID / kept.inner, 0) + (i32)(GLOBAL_ID % kept.inner) * kept.steps[0];       \
    float total = (neutral);                                                                                       \
    for (u32 row = 0; row < reduced.items; ++row) {                                                                \
      GLOBAL const float* line = first + row_offset(&reduced, row, 0);                                             \
      for (u32 chunk = 0; chunk < reduced.inner; chunk += SUM_CHUNK) {                                             \
        const u32 end = chunk + SUM_CHUNK < reduced.inner ? chunk + SUM_CHUNK : reduced.inner;                     \
        float part = (neutral);                                                                                    \
        for (u32 i = chunk; i < end; ++i) {                                                                        \
          const float value = line[(i32)i * reduced.steps[0]];                                                     \
          part = JOIN(part, value);                                                                                \
        }                                                                                                          \
        total = JOIN(total, part);                                                                                 \
      }                                                                                                            \
    }                                                                                                              \
    to[GLOBAL_ID] = total * factor;                                                                                \
  }

REDUCE(sum, JOIN_SUM, 0.0f)
REDUCE(prod, JOIN_PROD, 1.0f)
REDUCE(max, JOIN_MAX, -INFINITY)
REDUCE(min, JOIN_MIN, INFINITY)
