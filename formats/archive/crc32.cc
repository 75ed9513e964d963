// Long runs are folded: a remainder of 128 bits, multiplied by what a shift over the bytes in between means modulo the
// polynomial, is added to the 128 bits there. Gopal et al., "Fast CRC Computation for Generic Polynomials Using
// PCLMULQDQ Instruction" (Intel, 2009). zlib does the rest.
#include "plumb/archive/crc32.h"

#include <zlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace plumb {
namespace {

uint32_t Plain(std::span<const uint8_t> bytes, uint32_t before) {
  if (bytes.empty()) return before;  // zlib takes no bytes at nullptr for a wish to begin anew.
  return static_cast<uint32_t>(crc32_z(before, bytes.data(), bytes.size()));
}

#if defined(__x86_64__)
constexpr size_t kLanes = 4;
constexpr size_t kStepBytes = 16 * kLanes;

__attribute__((target("pclmul"))) inline __m128i Fold(__m128i remainder, __m128i shifts, __m128i next) {
  const __m128i low = _mm_clmulepi64_si128(remainder, shifts, 0x00);
  const __m128i high = _mm_clmulepi64_si128(remainder, shifts, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__attribute__((target("pclmul"))) uint32_t Folded(std::span<const uint8_t> bytes, uint32_t before) {
  // x^(512 + 32), x^(512 - 32) and x^(128 + 32), x^(128 - 32) modulo the polynomial, bits reflected.
  const __m128i over_step = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);
  const __m128i over_lane = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
  auto load = [&](size_t at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at)); };
  __m128i lanes[kLanes];
  for (size_t i = 0; i < kLanes; ++i) lanes[i] = load(16 * i);
  lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi32_si128(static_cast<int>(~before)));
  size_t at = kStepBytes;
  for (; bytes.size() - at >= kStepBytes; at += kStepBytes) {
    for (size_t i = 0; i < kLanes; ++i) lanes[i] = Fold(lanes[i], over_step, load(at + 16 * i));
  }
  __m128i all = lanes[0];
  for (size_t i = 1; i < kLanes; ++i) all = Fold(all, over_lane, lanes[i]);
  uint8_t remainder[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(remainder), all);
  // The remainder holds what came before already: all ones, which zlib inverts, are none.
  return Plain(bytes.subspan(at), Plain(remainder, UINT32_MAX));
}

bool CanFold() {
  static const bool kCan = __builtin_cpu_supports("pclmul") != 0;
  return kCan;
}
#endif

}  // namespace

uint32_t Crc32(std::span<const uint8_t> bytes, uint32_t before) {
#if defined(__x86_64__)
  if (bytes.size() >= 4 * kStepBytes && CanFold()) return Folded(bytes, before);
#endif
  return Plain(bytes, before);
}

uint32_t CombineCrc32(uint32_t first, uint32_t second, uint64_t second_bytes) {
  return static_cast<uint32_t>(crc32_combine(first, second, static_cast<z_off_t>(second_bytes)));
}

}  // namespace plumb
