// A chunk taken apart into planes, as one of the frames it could become.
#ifndef PLUMB_FORMATS_CODEC_PLANES_CANDIDATE_H_
#define PLUMB_FORMATS_CODEC_PLANES_CANDIDATE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "formats/codec/plane_plan.h"
#include "plumb/codec/frame.h"

namespace plumb {

// Reuses its memory; not thread-safe.
class PlanesCandidate {
 public:
  // Begins a kPlanes frame of `plain`, or with `base` (bytes of the same size, not copied, as `plain` is not) a
  // kDifference one. The chunk must hold an element at least.
  void Sketch(std::span<const uint8_t> plain, const FrameEncoder::Base* base, ElementKind kind);
  // Goes on from the sketch. Call it once, before Write.
  void Plan(PlanePlanner* planner);

  // What the frame takes: from samples after Sketch, right to a few bytes after Plan.
  size_t size_bytes() const;

  void Write(PlanePlanner* planner, std::vector<uint8_t>* out) const;

 private:
  std::span<const uint8_t> Plane(size_t k) const { return std::span(planes_).subspan(k * count_, count_); }
  void Classify(std::span<const uint8_t> base);

  ElementKind kind_ = ElementKind::kBytes;
  const FrameEncoder::Base* base_ = nullptr;
  size_t count_ = 0;               // Elements.
  size_t head_bytes_ = 0;          // All that is not planes.
  std::span<const uint8_t> tail_;  // What does not fill an element.
  std::vector<uint8_t> planes_, classes_, thresholds_;
  PlaneContexts contexts_;
  std::vector<PlanePlan> plans_;
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_CODEC_PLANES_CANDIDATE_H_
