#include "formats/codec/planes.h"

#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

#include "formats/codec/instruction_set.h"

static_assert(std::endian::native == std::endian::little, "elements are read and written as they stand in memory");

namespace plumb {
namespace {

// The loops are written once, without intrinsics, and compiled for each instruction set (with -O3, see CMakeLists.txt):
// everything below is inlined into the few functions that have a target attribute.
#define PLUMB_INLINE inline __attribute__((always_inline))

template <typename U>
constexpr unsigned kTop = 8 * sizeof(U) - 1;

template <typename U>
PLUMB_INLINE U LoadElement(const uint8_t* from, size_t index) {
  U value;
  std::memcpy(&value, from + index * sizeof(U), sizeof(U));
  return value;
}

template <typename U>
PLUMB_INLINE void StoreElement(U value, uint8_t* to, size_t index) {
  std::memcpy(to + index * sizeof(U), &value, sizeof(U));
}

template <typename U>
PLUMB_INLINE U RotateLeft(U value) {
  return static_cast<U>(value << 1 | value >> kTop<U>);
}

template <typename U>
PLUMB_INLINE U RotateRight(U value) {
  return static_cast<U>(value >> 1 | value << kTop<U>);
}

// Bytes have no sign bit to move.
template <typename U>
PLUMB_INLINE U ToForm(U value) {
  if constexpr (sizeof(U) == 1) return value;
  return RotateLeft(value);
}

template <typename U>
PLUMB_INLINE U FromForm(U value) {
  if constexpr (sizeof(U) == 1) return value;
  return RotateRight(value);
}

// All ones when the sign bit is set.
template <typename U>
PLUMB_INLINE U SignMask(U value) {
  return static_cast<U>(static_cast<std::make_signed_t<U>>(value) >> kTop<U>);
}

// Negative floats grow downwards: their bits are turned around; then all lie in one order.
template <typename U>
PLUMB_INLINE U ToOrdered(U value) {
  if constexpr (sizeof(U) == 1) return value;
  return static_cast<U>(value ^ (SignMask(value) | U{1} << kTop<U>));
}

template <typename U>
PLUMB_INLINE U FromOrdered(U value) {
  if constexpr (sizeof(U) == 1) return value;
  return static_cast<U>(value ^ (static_cast<U>(~SignMask(value)) | U{1} << kTop<U>));
}

// 0, -1, 1, -2, 2, ... to 0, 1, 2, 3, 4, ...
template <typename U>
PLUMB_INLINE U ToZigzag(U value) {
  return static_cast<U>(static_cast<U>(value << 1) ^ SignMask(value));
}

template <typename U>
PLUMB_INLINE U FromZigzag(U value) {
  return static_cast<U>((value >> 1) ^ static_cast<U>(U{0} - (value & 1)));
}

// Elements handled together, so that they are still in the first cache when the next plane is taken from them.
constexpr size_t kBlock = 1024;

template <typename U, bool kHasBase>
PLUMB_INLINE void SplitLoop(const uint8_t* plain, const uint8_t* base, size_t count, uint8_t* const* planes) {
  for (size_t begin = 0; begin < count; begin += kBlock) {
    size_t end = begin + kBlock < count ? begin + kBlock : count;
    for (size_t k = 0; k < sizeof(U); ++k) {
      uint8_t* __restrict plane = planes[k];
      for (size_t i = begin; i < end; ++i) {
        U value = LoadElement<U>(plain, i);
        if constexpr (kHasBase) {
          value = ToZigzag(static_cast<U>(ToOrdered(value) - ToOrdered(LoadElement<U>(base, i))));
        } else {
          value = ToForm(value);
        }
        plane[i] = static_cast<uint8_t>(value >> (8 * k));
      }
    }
  }
}

template <typename U>
PLUMB_INLINE U Join(const uint8_t* __restrict a, const uint8_t* __restrict b, size_t i) {
  return static_cast<U>(U{a[i]} | U{b[i]} << 8);
}

template <typename U>
PLUMB_INLINE U JoinPlanes(const uint8_t* const (&p)[sizeof(U)], size_t i) {
  if constexpr (sizeof(U) == 1) return p[0][i];
  if constexpr (sizeof(U) == 2) return Join<U>(p[0], p[1], i);
  if constexpr (sizeof(U) == 4) return Join<U>(p[0], p[1], i) | Join<U>(p[2], p[3], i) << 16;
  if constexpr (sizeof(U) == 8) {
    U low = Join<U>(p[0], p[1], i) | Join<U>(p[2], p[3], i) << 16;
    return low | (Join<U>(p[4], p[5], i) | Join<U>(p[6], p[7], i) << 16) << 32;
  }
}

template <typename U, bool kHasBase>
PLUMB_INLINE void MergeLoop(const uint8_t* const* planes, const uint8_t* base, size_t count,
                            uint8_t* __restrict plain) {
  const uint8_t* p[sizeof(U)];
  for (size_t k = 0; k < sizeof(U); ++k) p[k] = planes[k];
  for (size_t i = 0; i < count; ++i) {
    U value = JoinPlanes<U>(p, i);
    if constexpr (kHasBase) {
      value = FromOrdered(static_cast<U>(ToOrdered(LoadElement<U>(base, i)) + FromZigzag(value)));
    } else {
      value = FromForm(value);
    }
    StoreElement(value, plain, i);
  }
}

template <typename U>
PLUMB_INLINE void ClassifyLoop(const uint8_t* base, size_t count, const uint8_t* thresholds, size_t threshold_count,
                               uint8_t* __restrict classes) {
  for (size_t begin = 0; begin < count; begin += kBlock) {
    size_t end = begin + kBlock < count ? begin + kBlock : count;
    std::memset(classes + begin, 0, end - begin);
    for (size_t t = 0; t < threshold_count; ++t) {
      uint8_t threshold = thresholds[t];
      for (size_t i = begin; i < end; ++i) {
        auto top = static_cast<uint8_t>(ToForm(LoadElement<U>(base, i)) >> (8 * (sizeof(U) - 1)));
        classes[i] = static_cast<uint8_t>(classes[i] + (top >= threshold ? 1 : 0));
      }
    }
  }
}

struct Kernels {
  void (*split)(const uint8_t* plain, const uint8_t* base, size_t count, uint8_t* const* planes);
  void (*split_difference)(const uint8_t* plain, const uint8_t* base, size_t count, uint8_t* const* planes);
  void (*merge)(const uint8_t* const* planes, const uint8_t* base, size_t count, uint8_t* plain);
  void (*merge_difference)(const uint8_t* const* planes, const uint8_t* base, size_t count, uint8_t* plain);
  void (*classify)(const uint8_t* base, size_t count, const uint8_t* thresholds, size_t threshold_count,
                   uint8_t* classes);
};

#define PLUMB_PLANES_FOR(NAME, TARGET)                                                                                \
  template <typename U>                                                                                               \
  struct NAME {                                                                                                       \
    template <bool kHasBase>                                                                                          \
    TARGET static void Split(const uint8_t* plain, const uint8_t* base, size_t count, uint8_t* const* planes) {       \
      SplitLoop<U, kHasBase>(plain, base, count, planes);                                                             \
    }                                                                                                                 \
    template <bool kHasBase>                                                                                          \
    TARGET static void Merge(const uint8_t* const* planes, const uint8_t* base, size_t count, uint8_t* plain) {       \
      MergeLoop<U, kHasBase>(planes, base, count, plain);                                                             \
    }                                                                                                                 \
    TARGET static void Classify(const uint8_t* base, size_t count, const uint8_t* thresholds, size_t threshold_count, \
                                uint8_t* classes) {                                                                   \
      ClassifyLoop<U>(base, count, thresholds, threshold_count, classes);                                             \
    }                                                                                                                 \
    static constexpr Kernels kKernels = {Split<false>, Split<true>, Merge<false>, Merge<true>, Classify};             \
  }

PLUMB_PLANES_FOR(Portable, );
#if defined(__x86_64__)
PLUMB_PLANES_FOR(Avx2, __attribute__((target("avx2"))));
PLUMB_PLANES_FOR(Avx512, __attribute__((target("avx512f,avx512bw,avx512vl"))));
#endif

template <typename U>
const Kernels& KernelsOf() {
#if defined(__x86_64__)
  switch (ActiveInstructionSet()) {
    case InstructionSet::kAvx512:
      return Avx512<U>::kKernels;
    case InstructionSet::kAvx2:
      return Avx2<U>::kKernels;
    case InstructionSet::kPortable:
      break;
  }
#endif
  return Portable<U>::kKernels;
}

const Kernels& KernelsFor(ElementKind kind) {
  switch (ElementBytes(kind)) {
    case 2:
      return KernelsOf<uint16_t>();
    case 4:
      return KernelsOf<uint32_t>();
    case 8:
      return KernelsOf<uint64_t>();
    default:
      return KernelsOf<uint8_t>();
  }
}

}  // namespace

size_t ElementBytes(ElementKind kind) {
  switch (kind) {
    case ElementKind::kBf16:
    case ElementKind::kF16:
      return 2;
    case ElementKind::kF32:
      return 4;
    case ElementKind::kF64:
      return 8;
    case ElementKind::kBytes:
      break;
  }
  return 1;
}

void SplitPlanes(ElementKind kind, const uint8_t* plain, size_t count, uint8_t* const* planes) {
  KernelsFor(kind).split(plain, nullptr, count, planes);
}

void MergePlanes(ElementKind kind, const uint8_t* const* planes, size_t count, uint8_t* plain) {
  KernelsFor(kind).merge(planes, nullptr, count, plain);
}

void SplitDifference(ElementKind kind, const uint8_t* plain, const uint8_t* base, size_t count,
                     uint8_t* const* planes) {
  KernelsFor(kind).split_difference(plain, base, count, planes);
}

void MergeDifference(ElementKind kind, const uint8_t* const* planes, const uint8_t* base, size_t count,
                     uint8_t* plain) {
  KernelsFor(kind).merge_difference(planes, base, count, plain);
}

void ClassifyBase(ElementKind kind, const uint8_t* base, size_t count, std::span<const uint8_t> thresholds,
                  uint8_t* classes) {
  KernelsFor(kind).classify(base, count, thresholds.data(), thresholds.size(), classes);
}

}  // namespace plumb
