// Convolution and pooling.

// Where tap `tap` of the window at `place` lies in the operand's plane; -1 outside.
INLINE i32 meeting(const WindowShape* w, u32 place, u32 tap) {
  i32 offset = 0;
  i32 stride = 1;
  for (u32 d = WINDOW_DIMS; d-- > 0;) {
    const i32 at = (i32)(place % w->to[d] * w->strides[d]) - w->pads_before[d] +
                   (i32)(tap % w->window[d] * w->dilations[d]);
    if (at < 0 || at >= (i32)w->from[d]) return -1;
    offset += at * stride;
    stride *= (i32)w->from[d];
    place /= w->to[d];
    tap /= w->window[d];
  }
  return offset;
}

INLINE u32 volume(const u32* sizes) { return sizes[0] * sizes[1] * sizes[2]; }

// Every window's elements as a column: [channels_in_group * taps, places], so that a product does the rest.
KERNEL void unfold(GLOBAL const u32* from, GLOBAL u32* to, const WindowShape w) {
  const u32 places = volume(w.to);
  const u32 chunks = (places + CHUNK - 1) / CHUNK;
  if (GLOBAL_ID >= w.items) return;
  const u32 row = GLOBAL_ID / chunks;
  const u32 begin = GLOBAL_ID % chunks * CHUNK;
  const u32 end = begin + CHUNK < places ? begin + CHUNK : places;
  const u32 taps = volume(w.window);
  GLOBAL const u32* plane = from + (w.first_channel + row / taps) * volume(w.from);
  for (u32 place = begin; place < end; ++place) {
    const i32 at = meeting(&w, place, row % taps);
    to[row * places + place] = at < 0 ? 0 : plane[at];
  }
}

// One result by its definition: for groups of few channels.
#define CONVOLVE(name, type, wide)                                                                                  \
  KERNEL void name(GLOBAL const type* from, GLOBAL const type* weights, GLOBAL const type* bias, GLOBAL type* to,   \
                   const WindowShape w) {                                                                           \
    if (GLOBAL_ID >= w.items) return;                                                                               \
    const u32 places = volume(w.to);                                                                                \
    const u32 taps = volume(w.window);                                                                              \
    const u32 place = GLOBAL_ID % places;                                                                           \
    const u32 filter = GLOBAL_ID / places % w.filters;                                                              \
    const u32 image = GLOBAL_ID / places / w.filters;                                                               \
    const u32 channel = image * w.channels + filter / w.filters_in_group * w.channels_in_group;                     \
    wide sum = w.flags & 1 ? (wide)bias[filter] : (wide)0;                                                          \
    for (u32 tap = 0; tap < taps; ++tap) {                                                                          \
      const i32 at = meeting(&w, place, tap);                                                                       \
      if (at < 0) continue;                                                                                         \
      for (u32 c = 0; c < w.channels_in_group; ++c) {                                                               \
        sum += (wide)from[(channel + c) * volume(w.from) + at] *                                                    \
               (wide)weights[(filter * w.channels_in_group + c) * taps + tap];                                      \
      }                                                                                                             \
    }                                                                                                               \
    to[GLOBAL_ID] = (type)sum;                                                                                      \
  }

CONVOLVE(convolve, float, float)
CONVOLVE(convolve_i32, i32, u32)

// Elements of the window at `place` that lie inside the operand or its declared padding.
INLINE u32 counted(const WindowShape* w, u32 place) {
  u32 count = 1;
  for (u32 d = WINDOW_DIMS; d-- > 0;) {
    const i32 end = (i32)w->from[d] + w->pads_before[d] + w->pads_after[d];
    u32 along = 0;
    for (u32 k = 0; k < w->window[d]; ++k) {
      along += (i32)(place % w->to[d] * w->strides[d] + k * w->dilations[d]) < end ? 1 : 0;
    }
    count *= along;
    place /= w->to[d];
  }
  return count;
}

KERNEL void pool(GLOBAL const float* from, GLOBAL float* to, const WindowShape w) {
  if (GLOBAL_ID >= w.items) return;
  const u32 places = volume(w.to);
  const u32 taps = volume(w.window);
  const u32 place = GLOBAL_ID % places;
  GLOBAL const float* plane = from + GLOBAL_ID / places * volume(w.from);
  const i32 mean = (w.flags & 1) != 0;
  float result = mean ? 0.0f : -INFINITY;
  u32 inside = 0;
  for (u32 tap = 0; tap < taps; ++tap) {
    const i32 at = meeting(&w, place, tap);
    if (at < 0) continue;
    const float value = plane[at];
    ++inside;
    if (mean) {
      result += value;
    } else if (result == result && (value != value || value > result)) {
      result = value;
    }
  }
  if (mean) {
    const u32 divisor = w.flags & 2 ? counted(&w, place) : inside;
    result = divisor == 0 ? 0.0f : result / (float)divisor;
  }
  to[GLOBAL_ID] = result;
}
