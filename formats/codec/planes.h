// Elements taken apart into byte planes and put together again (docs/codecs.md). Plane k holds byte k, the lowest
// first, of each element after a change of form that brings what compresses together.
#ifndef PLUMB_FORMATS_CODEC_PLANES_H_
#define PLUMB_FORMATS_CODEC_PLANES_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "plumb/codec/frame.h"

namespace plumb {

inline constexpr size_t kPlanesMax = 8;

// Bytes of one element, which is the number of its planes.
size_t ElementBytes(ElementKind kind);

// Each call handles `count` elements; `planes` has one pointer to `count` bytes for each plane, the lowest first.
// Inputs and outputs must not overlap. Every value is allowed everywhere.

// Form: the sign bit goes to the low end, so that the highest plane is all exponent.
void SplitPlanes(ElementKind kind, const uint8_t* plain, size_t count, uint8_t* const* planes);
void MergePlanes(ElementKind kind, const uint8_t* const* planes, size_t count, uint8_t* plain);

// Form: elements become integers in the order of the floats; the base is subtracted, and the sign of what is left goes
// to the low end, so that small differences have empty high planes.
void SplitDifference(ElementKind kind, const uint8_t* plain, const uint8_t* base, size_t count, uint8_t* const* planes);
void MergeDifference(ElementKind kind, const uint8_t* const* planes, const uint8_t* base, size_t count, uint8_t* plain);

// For each element of `base`, how many of `thresholds` (at most 7) its highest plane in the form of SplitPlanes
// reaches.
void ClassifyBase(ElementKind kind, const uint8_t* base, size_t count, std::span<const uint8_t> thresholds,
                  uint8_t* classes);

}  // namespace plumb

#endif  // PLUMB_FORMATS_CODEC_PLANES_H_
