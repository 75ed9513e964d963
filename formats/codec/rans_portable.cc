#include <cstring>

#include "formats/codec/rans_kernels.h"

namespace plumb {
namespace {

template <size_t kLanes>
uint8_t* Encode(const uint8_t* symbols, const uint8_t* contexts, size_t count, const RansIntervals& tables,
                uint8_t* words_end, uint32_t* states) {
  uint8_t* words = words_end;
  for (size_t step = count; step > 0; step -= kLanes) {
    for (size_t lane = kLanes; lane-- > 0;) {
      size_t i = step - kLanes + lane;
      size_t context = contexts == nullptr ? 0 : contexts[i];
      size_t index = context << 8 | symbols[i];
      RansEncodeOne(tables.intervals[index], tables.reciprocals[index], &states[lane], &words);
    }
  }
  return words;
}

template <size_t kLanes>
void Decode(const uint32_t* slots, const uint8_t* contexts, size_t count, uint8_t* symbols, uint32_t* states,
            RansPosition* position) {
  constexpr uint32_t kMask = FrequencyTable::kScale - 1;
  const uint8_t* words = position->words;
  size_t done = position->done;
  while (done < count && position->words_end - words >= static_cast<ptrdiff_t>(2 * (kLanes + kRansSlackWords))) {
#pragma GCC unroll 4
    for (size_t lane = 0; lane < kLanes; ++lane) {
      size_t context = contexts == nullptr ? 0 : contexts[done + lane];
      uint32_t slot = slots[context << FrequencyTable::kScaleBits | (states[lane] & kMask)];
      symbols[done + lane] = static_cast<uint8_t>(slot);
      // Without a branch, as in RansEncodeOne.
      uint32_t state = RansAdvance(slot, states[lane]);
      uint16_t word;
      std::memcpy(&word, words, sizeof word);
      uint32_t low = state < kRansStateMin ? 1 : 0;
      states[lane] = (state << (16 * low)) | (word & (0 - low));
      words += 2 * low;
    }
    done += kLanes;
  }
  position->words = words;
  position->done = done;
}

}  // namespace

const RansKernels& PortableRansKernels() {
  static constexpr RansKernels kKernels = {Encode<kRansLanesFew>, Encode<kRansLanesMany>, Decode<kRansLanesFew>,
                                           Decode<kRansLanesMany>};
  return kKernels;
}

}  // namespace plumb
