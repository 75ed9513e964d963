// SHA-256 with one stream in each 32-bit lane of a vector, for any vector width. Include it in one `.cc` per
// instruction set, with PLUMB_LANES_TARGET saying which instructions its functions may use.
#ifndef PLUMB_FORMATS_CONTENT_SHA256_LANES_H_
#define PLUMB_FORMATS_CONTENT_SHA256_LANES_H_

#include "formats/content/sha256_kernel.h"

#ifndef PLUMB_LANES_TARGET
#error "define PLUMB_LANES_TARGET as the target attribute of the vector's instructions"
#endif
#define PLUMB_LANES_INLINE PLUMB_LANES_TARGET inline __attribute__((always_inline))

namespace plumb::sha256 {
namespace {

// Word t of the schedule, t >= 16, in the place of word t - 16.
template <typename V>
PLUMB_LANES_INLINE void ExtendSchedule(typename V::Vec* window, int t) {
  const typename V::Vec near = window[(t + 14) % 16];
  const typename V::Vec far = window[(t + 1) % 16];
  const typename V::Vec sigma0 =
      V::Xor(V::template RotateRight<7>(far), V::template RotateRight<18>(far), V::template ShiftRight<3>(far));
  const typename V::Vec sigma1 =
      V::Xor(V::template RotateRight<17>(near), V::template RotateRight<19>(near), V::template ShiftRight<10>(near));
  window[t % 16] = V::Add(V::Add(window[t % 16], sigma0), V::Add(window[(t + 9) % 16], sigma1));
}

// `s` are the working variables a to h, of which round t calls s[(8 - t) % 8] a.
template <typename V>
PLUMB_LANES_INLINE void Round(typename V::Vec* s, typename V::Vec word, int t) {
  using Vec = typename V::Vec;
  Vec& a = s[(64 - t) % 8];
  Vec& b = s[(65 - t) % 8];
  Vec& c = s[(66 - t) % 8];
  Vec& d = s[(67 - t) % 8];
  Vec& e = s[(68 - t) % 8];
  Vec& f = s[(69 - t) % 8];
  Vec& g = s[(70 - t) % 8];
  Vec& h = s[(71 - t) % 8];
  const Vec sum1 =
      V::Xor(V::template RotateRight<6>(e), V::template RotateRight<11>(e), V::template RotateRight<25>(e));
  const Vec sum0 =
      V::Xor(V::template RotateRight<2>(a), V::template RotateRight<13>(a), V::template RotateRight<22>(a));
  const Vec keyed = V::Add(word, V::Broadcast(kRoundConstants[static_cast<size_t>(t)]));
  const Vec temporary = V::Add(V::Add(V::Add(h, keyed), V::Choose(e, f, g)), sum1);
  d = V::Add(d, temporary);
  h = V::Add(temporary, V::Add(sum0, V::Majority(a, b, c)));
}

template <typename V>
PLUMB_LANES_INLINE void Block(typename V::Vec* state, const uint8_t* const* next) {
  typename V::Vec window[16];
  V::LoadBlocks(next, window);
  typename V::Vec working[8];
  for (int i = 0; i < 8; ++i) working[i] = state[i];
#pragma GCC unroll 64
  for (int t = 0; t < 64; ++t) {
    if (t >= 16) ExtendSchedule<V>(window, t);
    Round<V>(working, window[t % 16], t);
  }
  for (int i = 0; i < 8; ++i) state[i] = V::Add(state[i], working[i]);
}

// Lanes beyond those given repeat the first.
template <typename V>
PLUMB_LANES_INLINE void CompressLanes(std::span<Lane* const> lanes, size_t blocks) {
  alignas(64) uint32_t words[8][V::kLanes];
  const uint8_t* next[V::kLanes];
  for (size_t i = 0; i < V::kLanes; ++i) {
    const Lane& lane = *lanes[i < lanes.size() ? i : 0];
    for (size_t word = 0; word < 8; ++word) words[word][i] = lane.state[word];
    next[i] = lane.next;
  }
  typename V::Vec state[8];
  for (int i = 0; i < 8; ++i) state[i] = V::Load(words[i]);
  for (size_t block = 0; block < blocks; ++block) {
    Block<V>(state, next);
    for (const uint8_t*& bytes : next) bytes += kBlockBytes;
  }
  for (int i = 0; i < 8; ++i) V::Store(words[i], state[i]);
  for (size_t i = 0; i < lanes.size(); ++i) {
    for (size_t word = 0; word < 8; ++word) lanes[i]->state[word] = words[word][i];
    lanes[i]->next = next[i];
  }
}

}  // namespace
}  // namespace plumb::sha256

#endif  // PLUMB_FORMATS_CONTENT_SHA256_LANES_H_
