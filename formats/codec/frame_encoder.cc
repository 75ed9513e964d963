#include <algorithm>
#include <utility>
#include <vector>

#include "formats/codec/frame_format.h"
#include "formats/codec/plane_plan.h"
#include "formats/codec/planes.h"
#include "formats/codec/planes_candidate.h"
#include "formats/codec/zstd_coder.h"
#include "plumb/codec/frame.h"

namespace plumb {
namespace {

constexpr int kZstdLevel = 3;
constexpr size_t kSmallBytes = 16u << 10;  // Up to here everything is tried.
// Larger chunks are tried in pieces first. Among floats only text before them counts: their beginning, and the quickest
// level, must promise half.
constexpr int kQuickLevel = -5;
constexpr size_t kBeginningBytes = 4u << 10;
constexpr size_t kPieceBytes = 8u << 10;

}  // namespace

struct FrameEncoder::State {
  // Whether zstd on the plain bytes may need less than `size_bytes`.
  bool ZstdMayPay(std::span<const uint8_t> plain, ElementKind kind, size_t size_bytes) {
    if (plain.size() <= kSmallBytes) return true;
    if (kind == ElementKind::kBytes) {
      return zstd.Estimate(plain, 1, 3, kPieceBytes) < std::min(size_bytes, plain.size() - plain.size() / 32);
    }
    return zstd.Estimate(plain, kQuickLevel, 1, kBeginningBytes) < plain.size() / 2;
  }

  // The better of plain planes and a difference, planned; null when there is no element.
  PlanesCandidate* ChoosePlanes(std::span<const uint8_t> plain, ElementKind kind, const Base* base) {
    if (plain.size() < ElementBytes(kind)) return nullptr;
    planes.Sketch(plain, nullptr, kind);
    PlanesCandidate* best = &planes;
    if (base != nullptr && base->plain.size() == plain.size()) {
      difference.Sketch(plain, base, kind);
      if (plain.size() <= kSmallBytes) {
        planes.Plan(&planner);
        difference.Plan(&planner);
        return difference.size_bytes() < planes.size_bytes() ? &difference : &planes;
      }
      if (difference.size_bytes() < planes.size_bytes()) best = &difference;
    }
    best->Plan(&planner);
    return best;
  }

  PlanePlanner planner;
  ZstdCompressor zstd;
  PlanesCandidate planes, difference;
  std::vector<uint8_t> frame, compressed;
};

FrameEncoder::FrameEncoder() : state_(std::make_unique<State>()) {}
FrameEncoder::~FrameEncoder() = default;

std::span<const uint8_t> FrameEncoder::Encode(std::span<const uint8_t> plain, ElementKind elements,
                                              const std::optional<Base>& base) {
  const size_t raw_bytes = kFrameFixedBytes + plain.size();
  PlanesCandidate* best = state_->ChoosePlanes(plain, elements, base.has_value() ? &*base : nullptr);
  const size_t best_bytes = best == nullptr ? raw_bytes : std::min(raw_bytes, best->size_bytes());
  if (state_->ZstdMayPay(plain, elements, best_bytes)) {
    state_->zstd.Compress(plain, kZstdLevel, &state_->compressed);
    if (!state_->compressed.empty() && kFrameFixedBytes + state_->compressed.size() < best_bytes) {
      StartFrame(Codec::kZstd, plain.size(), &state_->frame);
      state_->frame.insert(state_->frame.end(), state_->compressed.begin(), state_->compressed.end());
      return state_->frame;
    }
  }
  // What is planned may be a little short.
  state_->frame.reserve(best_bytes + best_bytes / 128);
  if (best_bytes == raw_bytes) return EncodeRaw(plain);
  best->Write(&state_->planner, &state_->frame);
  // What was expected to be smaller by a few bytes need not be.
  return state_->frame.size() < raw_bytes ? std::span<const uint8_t>(state_->frame) : EncodeRaw(plain);
}

std::vector<uint8_t> FrameEncoder::EncodeToKeep(std::span<const uint8_t> plain, ElementKind elements,
                                                const std::optional<Base>& base) {
  Encode(plain, elements, base);
  return std::exchange(state_->frame, {});
}

std::span<const uint8_t> FrameEncoder::EncodeRaw(std::span<const uint8_t> plain) {
  StartFrame(Codec::kRaw, plain.size(), &state_->frame);
  state_->frame.insert(state_->frame.end(), plain.begin(), plain.end());
  return state_->frame;
}

}  // namespace plumb
