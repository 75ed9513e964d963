#include <algorithm>
#include <array>
#include <vector>

#include "fmt/format.h"
#include "formats/codec/frame_format.h"
#include "formats/codec/plane_reader.h"
#include "formats/codec/planes.h"
#include "formats/codec/zstd_coder.h"
#include "plumb/base/status.h"
#include "plumb/codec/frame.h"

namespace plumb {
namespace {

using PlaneSources = std::array<const uint8_t*, kPlanesMax>;

absl::Status Damaged(std::string_view what) { return DataLoss(fmt::format("decoding a frame: {}", what)); }

// The bounds of the classes, at the front of `*rest`; moves past them.
absl::StatusOr<std::span<const uint8_t>> TakeThresholds(std::span<const uint8_t>* rest) {
  if (rest->empty() || (*rest)[0] > kThresholdsMax || rest->size() - 1 < (*rest)[0]) {
    return Damaged("its classes are not whole");
  }
  std::span<const uint8_t> thresholds = rest->subspan(1, (*rest)[0]);
  *rest = rest->subspan(1 + thresholds.size());
  return thresholds;
}

}  // namespace

struct FrameDecoder::State {
  // The payload of a frame with planes; `base` is empty for plain ones.
  absl::Status DecodePlanes(std::span<const uint8_t> rest, std::span<const uint8_t> base, std::span<uint8_t> plain);
  absl::StatusOr<PlaneContexts> Classes(ElementKind kind, std::span<const uint8_t> base,
                                        std::span<const uint8_t>* rest);
  // Reads the headers and planes of `count` elements at the front of `*rest` and moves past them.
  absl::StatusOr<PlaneSources> ReadPlanes(ElementKind kind, size_t count, const PlaneContexts& contexts,
                                          std::span<const uint8_t>* rest);

  PlaneReader reader;
  ZstdDecompressor zstd;
  std::vector<uint8_t> planes, classes;
};

FrameDecoder::FrameDecoder() : state_(std::make_unique<State>()) {}
FrameDecoder::~FrameDecoder() = default;

absl::StatusOr<PlaneContexts> FrameDecoder::State::Classes(ElementKind kind, std::span<const uint8_t> base,
                                                           std::span<const uint8_t>* rest) {
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> thresholds, TakeThresholds(rest));
  if (thresholds.empty()) return PlaneContexts{};
  const size_t count = base.size() / ElementBytes(kind);
  classes.resize(std::max(classes.size(), count));
  ClassifyBase(kind, base.data(), count, thresholds, classes.data());
  return PlaneContexts{.of_symbols = std::span(classes).first(count), .count = thresholds.size() + 1};
}

absl::StatusOr<PlaneSources> FrameDecoder::State::ReadPlanes(ElementKind kind, size_t count,
                                                             const PlaneContexts& contexts,
                                                             std::span<const uint8_t>* rest) {
  const size_t width = ElementBytes(kind);
  if (rest->size() < width * kPlaneHeaderBytes) return Damaged("it ends before its planes");
  std::span<const uint8_t> headers = rest->first(width * kPlaneHeaderBytes);
  *rest = rest->subspan(headers.size());
  planes.resize(std::max(planes.size(), count * width));
  PlaneSources sources{};
  for (size_t k = 0; k < width; ++k) {
    const uint8_t* header = &headers[k * kPlaneHeaderBytes];
    const size_t stored = LoadNumber(header + 1);
    if (stored > rest->size()) return Damaged("a plane reaches past its end");
    std::span<uint8_t> room = std::span(planes).subspan(k * count, count);
    PLUMB_ASSIGN_OR_RETURN(sources[k], reader.Read(header[0], rest->first(stored), contexts, room));
    *rest = rest->subspan(stored);
  }
  return sources;
}

absl::Status FrameDecoder::State::DecodePlanes(std::span<const uint8_t> rest, std::span<const uint8_t> base,
                                               std::span<uint8_t> plain) {
  if (rest.empty() || rest[0] > static_cast<uint8_t>(ElementKind::kF64)) return Damaged("its elements are not known");
  const auto kind = static_cast<ElementKind>(rest[0]);
  const size_t count = plain.size() / ElementBytes(kind);
  const size_t tail_bytes = plain.size() % ElementBytes(kind);
  rest = rest.subspan(1);
  PlaneContexts contexts;
  if (!base.empty()) {
    PLUMB_ASSIGN_OR_RETURN(contexts, Classes(kind, base, &rest));
  }
  PLUMB_ASSIGN_OR_RETURN(PlaneSources sources, ReadPlanes(kind, count, contexts, &rest));
  if (rest.size() != tail_bytes) {
    return Damaged(fmt::format("{} bytes follow its planes, expected {}", rest.size(), tail_bytes));
  }
  if (base.empty()) {
    MergePlanes(kind, sources.data(), count, plain.data());
  } else {
    MergeDifference(kind, sources.data(), base.data(), count, plain.data());
  }
  std::copy(rest.begin(), rest.end(), plain.end() - static_cast<ptrdiff_t>(tail_bytes));
  return absl::OkStatus();
}

absl::Status FrameDecoder::Decode(std::span<const uint8_t> frame, std::span<const uint8_t> base,
                                  std::span<uint8_t> plain) {
  auto header = ParseFrameHeader(frame);
  if (!header.ok()) return Damaged(Message(header.status()));
  if (header->plain_bytes != plain.size()) {
    return Damaged(fmt::format("it declares {} plain bytes, expected {}", header->plain_bytes, plain.size()));
  }
  if (base.size() != (header->base.has_value() ? plain.size() : 0)) {
    return Damaged(fmt::format("a base of {} bytes does not fit {} plain bytes", base.size(), plain.size()));
  }
  std::span<const uint8_t> payload = frame.subspan(header->header_bytes);
  switch (header->codec) {
    case Codec::kRaw:
      if (payload.size() != plain.size())
        return Damaged(fmt::format("it holds {} of {} bytes", payload.size(), plain.size()));
      std::copy(payload.begin(), payload.end(), plain.begin());
      return absl::OkStatus();
    case Codec::kZstd:
      return state_->zstd.Decompress(payload, plain);
    case Codec::kPlanes:
    case Codec::kDifference:
      break;
  }
  return state_->DecodePlanes(payload, base, plain);
}

}  // namespace plumb
