// Elements copied, never computed with: a type's width is all that matters.

#define COPY(name, type)                                                                                            \
  KERNEL void copy_##name(GLOBAL const type* from, GLOBAL type* to, u32 from_offset, u32 to_offset, const Layout at) { \
    ROW_OF_LAYOUT(at);                                                                                              \
    GLOBAL const type* from_row = from + from_offset + row_offset(&at, row, 0);                                     \
    GLOBAL type* to_row = to + to_offset + row_offset(&at, row, 1);                                                 \
    if (at.steps[0] == 1 && at.steps[1] == 1) {                                                                     \
      for (u32 i = begin; i < end; ++i) to_row[i] = from_row[i];                                                    \
    } else {                                                                                                        \
      for (u32 i = begin; i < end; ++i) to_row[(i32)i * at.steps[1]] = from_row[(i32)i * at.steps[0]];              \
    }                                                                                                               \
  }

COPY(u8, u8)
COPY(u16, u16)
COPY(u32, u32)
COPY(u64, u64)

KERNEL void fill_u32(GLOBAL u32* to, GLOBAL const u32* value, u32 given, u32 count) {
  const u32 begin = GLOBAL_ID * CHUNK;
  const u32 end = begin + CHUNK < count ? begin + CHUNK : count;
  const u32 fill = given ? *value : 0;
  for (u32 i = begin; i < end; ++i) to[i] = fill;
}

// Leaves 1 + the place of an id outside the table in `outside`, and zeros where its slice would stand.
KERNEL void gather_u32(GLOBAL const u32* table, GLOBAL const i32* ids, GLOBAL u32* to, GLOBAL u32* outside,
                       const GatherShape shape) {
  const u32 chunks = (shape.inner + CHUNK - 1) / CHUNK;
  if (GLOBAL_ID >= chunks * shape.count * shape.outer) return;
  const u32 slice = GLOBAL_ID / chunks;
  const u32 begin = GLOBAL_ID % chunks * CHUNK;
  const u32 end = begin + CHUNK < shape.inner ? begin + CHUNK : shape.inner;
  const u32 place = slice % shape.count;
  i32 id = ids[place * shape.id_words];
  const i32 sign = id < 0 ? -1 : 0;
  const i32 wide = shape.id_words == 2 && ids[place * 2 + 1] != sign;
  if (shape.wrap && id < 0) id += (i32)shape.rows;
  const i32 inside = !wide && id >= 0 && id < (i32)shape.rows;
  if (!inside) *outside = place + 1;
  GLOBAL const u32* from = table + (slice / shape.count * shape.rows + (inside ? (u32)id : 0)) * shape.inner;
  for (u32 i = begin; i < end; ++i) to[slice * shape.inner + i] = inside ? from[i] : 0;
}
