#include "formats/codec/planes_candidate.h"

#include <algorithm>
#include <array>
#include <utility>

#include "formats/codec/frame_format.h"
#include "formats/codec/planes.h"

namespace plumb {
namespace {

// A class of the base's exponents should have this many elements, to be worth its tables.
constexpr size_t kElementsPerClass = 4096;
// The exponents of one element in so many are looked at to find the classes.
constexpr size_t kSampleEvery = 16;

// Bounds between classes of about the same size.
std::vector<uint8_t> ThresholdsFor(ElementKind kind, std::span<const uint8_t> base) {
  const size_t width = ElementBytes(kind);
  const size_t count = base.size() / width;
  const size_t classes = std::min(kThresholdsMax + 1, count / kElementsPerClass);
  std::array<size_t, 256> tops{};
  size_t total = 0;
  for (size_t i = 0; i < count; i += kSampleEvery, ++total) {
    size_t high = base[i * width + width - 1];
    ++tops[width == 1 ? high : (high << 1 | base[i * width + width - 2] >> 7) & 0xFF];
  }
  std::vector<uint8_t> thresholds;
  size_t in_class = 0;
  for (size_t top = 0; top < 255 && thresholds.size() + 1 < classes; ++top) {
    in_class += tops[top];
    if (in_class * classes < total) continue;
    thresholds.push_back(static_cast<uint8_t>(top + 1));
    in_class = 0;
  }
  return thresholds;
}

}  // namespace

void PlanesCandidate::Sketch(std::span<const uint8_t> plain, const FrameEncoder::Base* base, ElementKind kind) {
  const size_t width = ElementBytes(kind);
  kind_ = kind;
  base_ = base;
  count_ = plain.size() / width;
  tail_ = plain.subspan(count_ * width);
  contexts_ = {};
  planes_.resize(std::max(planes_.size(), count_ * width));
  std::array<uint8_t*, kPlanesMax> planes{};
  for (size_t k = 0; k < width; ++k) planes[k] = planes_.data() + k * count_;
  head_bytes_ = kFrameFixedBytes + 1 + width * kPlaneHeaderBytes + tail_.size();
  if (base == nullptr) {
    SplitPlanes(kind_, plain.data(), count_, planes.data());
  } else {
    SplitDifference(kind_, plain.data(), base->plain.data(), count_, planes.data());
    Classify(base->plain);
    head_bytes_ += Digest::kSizeBytes + 1 + thresholds_.size();
  }
  plans_.clear();
  for (size_t k = 0; k < width; ++k) plans_.push_back(PlanePlanner::Sketch(Plane(k), contexts_));
}

void PlanesCandidate::Plan(PlanePlanner* planner) {
  for (size_t k = 0; k < plans_.size(); ++k) plans_[k] = planner->Plan(Plane(k), contexts_, std::move(plans_[k]));
}

size_t PlanesCandidate::size_bytes() const {
  size_t total = head_bytes_;
  for (const PlanePlan& plan : plans_) total += plan.size_bytes;
  return total;
}

void PlanesCandidate::Classify(std::span<const uint8_t> base) {
  thresholds_ = ThresholdsFor(kind_, base);
  if (thresholds_.empty()) return;
  classes_.resize(std::max(classes_.size(), count_));
  ClassifyBase(kind_, base.data(), count_, thresholds_, classes_.data());
  contexts_ = {.of_symbols = std::span(classes_).first(count_), .count = thresholds_.size() + 1};
}

void PlanesCandidate::Write(PlanePlanner* planner, std::vector<uint8_t>* out) const {
  StartFrame(base_ == nullptr ? Codec::kPlanes : Codec::kDifference, count_ * plans_.size() + tail_.size(), out);
  if (base_ != nullptr) out->insert(out->end(), base_->digest.bytes.begin(), base_->digest.bytes.end());
  out->push_back(static_cast<uint8_t>(kind_));
  if (base_ != nullptr) {
    out->push_back(static_cast<uint8_t>(thresholds_.size()));
    out->insert(out->end(), thresholds_.begin(), thresholds_.end());
  }
  const size_t headers = out->size();
  out->resize(headers + plans_.size() * kPlaneHeaderBytes);
  for (size_t k = 0; k < plans_.size(); ++k) {
    const size_t begin = out->size();
    planner->Append(plans_[k], Plane(k), contexts_, out);
    uint8_t* header = out->data() + headers + k * kPlaneHeaderBytes;
    header[0] = static_cast<uint8_t>(plans_[k].mode);
    StoreNumber(static_cast<uint32_t>(out->size() - begin), header + 1);
  }
  out->insert(out->end(), tail_.begin(), tail_.end());
}

}  // namespace plumb
