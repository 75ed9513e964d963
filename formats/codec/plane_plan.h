// How one byte plane is stored, and what that costs (docs/codecs.md).
#ifndef PLUMB_FORMATS_CODEC_PLANE_PLAN_H_
#define PLUMB_FORMATS_CODEC_PLANE_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "formats/codec/frequency_table.h"
#include "formats/codec/rans.h"
#include "formats/codec/zstd_coder.h"

namespace plumb {

enum class PlaneMode : uint8_t {
  kRaw = 0,            // The plane's bytes.
  kConstant = 1,       // One byte, which all are equal to.
  kRans = 2,           // A frequency table, then a rANS stream.
  kRansByContext = 3,  // A table for each context, then a rANS stream.
  kZstd = 4,           // A zstd frame.
};

// The context of each byte of a plane; none when `count` is 1.
struct PlaneContexts {
  std::span<const uint8_t> Slice(size_t begin, size_t size) const {
    return count == 1 ? of_symbols : of_symbols.subspan(begin, size);
  }

  std::span<const uint8_t> of_symbols;
  size_t count = 1;
};

struct PlanePlan {
  PlaneMode mode = PlaneMode::kRaw;
  size_t size_bytes = 0;  // Expected; exact for all modes but the rANS ones, where it is right to a few bytes.
  std::vector<FrequencyTable> tables;
  std::vector<uint8_t> head;  // What comes before a rANS stream, or all of a zstd frame.
};

// Not thread-safe.
class PlanePlanner {
 public:
  // About what `plane`, which is not empty, will take, from a sample. Raw and constant planes are final.
  static PlanePlan Sketch(std::span<const uint8_t> plane, const PlaneContexts& contexts);
  // The cheapest way found to store a plane with that sketch.
  PlanePlan Plan(std::span<const uint8_t> plane, const PlaneContexts& contexts, PlanePlan sketch);
  // Appends `plane` to `out` as planned.
  void Append(const PlanePlan& plan, std::span<const uint8_t> plane, const PlaneContexts& contexts,
              std::vector<uint8_t>* out);

 private:
  void TryZstd(std::span<const uint8_t> plane, const Histogram& counts, PlanePlan* best);

  RansEncoder rans_;
  ZstdCompressor zstd_;
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_CODEC_PLANE_PLAN_H_
