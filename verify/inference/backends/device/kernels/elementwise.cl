// Functions of one element or of elements that stand at the same place. NaN stays NaN.

// Functions that go to zero as x goes to -Inf, where their formula would say -Inf * 0.
#define VANISHES_BELOW(expression) ((x == SPLAT(-INFINITY)) ? SPLAT(0.0f) : (expression))
#define SOFTPLUS(x) (MATH(fmax)(x, SPLAT(0.0f)) + MATH(log1p)(MATH(exp)(-MATH(fabs)(x))))
#define CLAMP_TO_UNIT(x) MATH(fmin)(MATH(fmax)(x, SPLAT(0.0f)), SPLAT(1.0f))

// Exactly one at infinity, which not every built-in tanh is.
INLINE V exact_tanh(V x) {
  const V t = MATH(expm1)(-2.0f * MATH(fabs)(x));
  return MATH(copysign)(-t / (2.0f + t), x);
}

#define UNARY(name, expression)                                                                             \
  KERNEL void unary_##name(GLOBAL const float* from, GLOBAL float* to, u32 count, float alpha, float beta) { \
    const u32 begin = GLOBAL_ID * CHUNK;                                                                    \
    const u32 end = begin + CHUNK < count ? begin + CHUNK : count;                                          \
    for (u32 i = begin; i < end; i += WIDTH) {                                                              \
      const V x = load_v(from + i, 1, count - i);                                                           \
      const V y = (expression);                                                                             \
      const V result = (x != x) ? x : y;                                                                    \
      store_v(to + i, result, count - i);                                                                   \
    }                                                                                                       \
  }

UNARY(relu, (x > SPLAT(0.0f)) ? x : SPLAT(0.0f))
UNARY(gelu_erf, VANISHES_BELOW(0.5f * x * MATH(erfc)(x * -0.70710678118654752440f)))
UNARY(gelu_tanh, VANISHES_BELOW(x / (1.0f + MATH(exp)(-1.59576912160573071176f * (x + 0.044715f * x * x * x)))))
UNARY(quick_gelu, VANISHES_BELOW(x / (1.0f + MATH(exp)(-1.702f * x))))
UNARY(silu, VANISHES_BELOW(x / (1.0f + MATH(exp)(-x))))
UNARY(tanh, exact_tanh(x))
UNARY(sigmoid, 1.0f / (1.0f + MATH(exp)(-x)))
UNARY(exp, MATH(exp)(x))
UNARY(abs, MATH(fabs)(x))
UNARY(neg, -x)
UNARY(sign, (x > SPLAT(0.0f)) ? SPLAT(1.0f) : ((x < SPLAT(0.0f)) ? SPLAT(-1.0f) : SPLAT(0.0f)))
UNARY(sqrt, MATH(sqrt)(x))
UNARY(rsqrt, 1.0f / MATH(sqrt)(x))
UNARY(reciprocal, 1.0f / x)
UNARY(log, MATH(log)(x))
UNARY(log1p, MATH(log1p)(x))
UNARY(erf, MATH(erf)(x))
UNARY(softplus, SOFTPLUS(x))
UNARY(softsign, (MATH(fabs)(x) == SPLAT(INFINITY)) ? MATH(copysign)(SPLAT(1.0f), x) : x / (1.0f + MATH(fabs)(x)))
UNARY(mish, VANISHES_BELOW(x * exact_tanh(SOFTPLUS(x))))
UNARY(sin, MATH(sin)(x))
UNARY(cos, MATH(cos)(x))
UNARY(tan, MATH(tan)(x))
UNARY(asin, MATH(asin)(x))
UNARY(acos, MATH(acos)(x))
UNARY(atan, MATH(atan)(x))
UNARY(sinh, MATH(sinh)(x))
UNARY(cosh, MATH(cosh)(x))
UNARY(asinh, MATH(asinh)(x))
UNARY(acosh, MATH(acosh)(x))
UNARY(atanh, MATH(atanh)(x))
UNARY(ceil, MATH(ceil)(x))
UNARY(floor, MATH(floor)(x))
UNARY(round, MATH(rint)(x))
UNARY(elu, (x > SPLAT(0.0f)) ? x : alpha * MATH(expm1)(x))
UNARY(leaky_relu, (x > SPLAT(0.0f)) ? x : alpha * x)
UNARY(hard_sigmoid, CLAMP_TO_UNIT(alpha * x + beta))
UNARY(hard_swish, VANISHES_BELOW(x * CLAMP_TO_UNIT(x / 6.0f + 0.5f)))
UNARY(scale, alpha * x)

#define BINARY(name, expression)                                                                               \
  KERNEL void binary_##name(GLOBAL const float* a, GLOBAL const float* b, GLOBAL float* to, const Layout at) { \
    ROW_OF_LAYOUT(at);                                                                                         \
    GLOBAL const float* a_row = a + row_offset(&at, row, 0);                                                   \
    GLOBAL const float* b_row = b + row_offset(&at, row, 1);                                                   \
    GLOBAL float* to_row = to + row * at.inner;                                                                \
    for (u32 i = begin; i < end; i += WIDTH) {                                                                 \
      const V x = load_v(a_row + i * at.steps[0], at.steps[0], at.inner - i);                                  \
      const V y = load_v(b_row + i * at.steps[1], at.steps[1], at.inner - i);                                  \
      const V result = (expression);                                                                           \
      store_v(to_row + i, result, at.inner - i);                                                               \
    }                                                                                                          \
  }

INLINE V python_mod(V x, V y) {
  const V rest = MATH(fmod)(x, y);
  return ((rest != SPLAT(0.0f)) & ((rest < SPLAT(0.0f)) != (y < SPLAT(0.0f)))) ? rest + y : rest;
}

BINARY(add, x + y)
BINARY(sub, x - y)
BINARY(mul, x* y)
BINARY(div, x / y)
BINARY(max, ((x != x) | (x > y)) ? x : y)
BINARY(min, ((x != x) | (x < y)) ? x : y)
BINARY(pow, MATH(pow)(x, y))
BINARY(fmod, MATH(fmod)(x, y))
BINARY(mod, python_mod(x, y))

#define COMPARE(name, operation)                                                                                \
  KERNEL void compare_##name(GLOBAL const float* a, GLOBAL const float* b, GLOBAL u8* to, const Layout at) {    \
    ROW_OF_LAYOUT(at);                                                                                          \
    GLOBAL const float* a_row = a + row_offset(&at, row, 0);                                                    \
    GLOBAL const float* b_row = b + row_offset(&at, row, 1);                                                    \
    for (u32 i = begin; i < end; ++i) {                                                                         \
      to[row * at.inner + i] = a_row[(i32)i * at.steps[0]] operation b_row[(i32)i * at.steps[1]] ? 1 : 0;       \
    }                                                                                                           \
  }

COMPARE(equal, ==)
COMPARE(less, <)
COMPARE(less_or_equal, <=)

KERNEL void where_f32(GLOBAL const u8* condition, GLOBAL const float* x, GLOBAL const float* y, GLOBAL float* to,
                      const Layout at) {
  ROW_OF_LAYOUT(at);
  GLOBAL const u8* condition_row = condition + row_offset(&at, row, 0);
  GLOBAL const float* x_row = x + row_offset(&at, row, 1);
  GLOBAL const float* y_row = y + row_offset(&at, row, 2);
  for (u32 j = begin; j < end; ++j) {
    const i32 i = (i32)j;
    to[row * at.inner + j] = condition_row[i * at.steps[0]] ? x_row[i * at.steps[1]] : y_row[i * at.steps[2]];
  }
}

#define CAST_TO_F32(name, type)                                               \
  KERNEL void cast_##name(GLOBAL const type* from, GLOBAL float* to, u32 count) { \
    const u32 begin = GLOBAL_ID * CHUNK;                                      \
    const u32 end = begin + CHUNK < count ? begin + CHUNK : count;            \
    for (u32 i = begin; i < end; ++i) to[i] = (float)from[i];                 \
  }

CAST_TO_F32(bool, u8)
CAST_TO_F32(i32, i32)
CAST_TO_F32(i64, i64)
