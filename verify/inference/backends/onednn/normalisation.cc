#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/onednn/operators.h"
#include "verify/inference/backends/onednn/parallel.h"
#include "verify/inference/backends/onednn/rows.h"

namespace plumb::onednn {
namespace {

// Calls row(index) for each row of the result.
template <typename Row>
absl::Status ForRows(const HostOutput& output, Row row) {
  const uint64_t width = output.shape->back();
  const uint64_t rows = output.values.size() / width;
  ParallelFor(rows, output.values.size() * 2, [&](uint64_t begin, uint64_t end) {
    for (uint64_t i = begin; i < end; ++i) row(i);
  });
  return absl::OkStatus();
}

absl::Status Mask(const CausalMaskAttributes& attributes, std::span<const HostTensor> x, HostOutput output) {
  constexpr float kHidden = -std::numeric_limits<float>::infinity();
  const uint64_t keys = output.shape->back();
  const uint64_t queries = (*output.shape)[output.shape->size() - 2];
  return ForRows(output, [&](uint64_t row) {
    const float* from = x[0].values.data() + row * keys;
    float* to = output.values.data() + row * keys;
    const uint64_t seen = row % queries + keys + 1;  // Less the queries.
    const uint64_t end = seen > queries ? seen - queries : 0;
    const uint64_t begin = attributes.window != 0 && end > attributes.window ? end - attributes.window : 0;
    std::fill(to, to + begin, kHidden);
    std::copy(from + begin, from + end, to + begin);
    std::fill(to + end, to + keys, kHidden);
  });
}

// Cosine and sine of each position's and pair's angle.
struct Angles {
  std::vector<float> cosine;
  std::vector<float> sine;
};

// Layers turn by the same angles: one table serves all of them.
std::shared_ptr<const Angles> FindAngles(const RopeAttributes& attributes, uint64_t positions) {
  using Key = std::tuple<std::vector<float>, double, uint64_t, uint64_t>;
  static std::mutex mutex;
  static std::map<Key, std::weak_ptr<const Angles>> tables;
  std::lock_guard lock(mutex);
  std::erase_if(tables, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<const Angles>& place =
      tables[{attributes.frequencies, attributes.magnitude, attributes.first_position, positions}];
  if (std::shared_ptr<const Angles> table = place.lock()) return table;
  auto table = std::make_shared<Angles>();
  for (uint64_t t = 0; t < positions; ++t) {
    for (float frequency : attributes.frequencies) {
      const float angle = static_cast<float>(attributes.first_position + t) * frequency;
      table->cosine.push_back(static_cast<float>(std::cos(double{angle}) * attributes.magnitude));
      table->sine.push_back(static_cast<float>(std::sin(double{angle}) * attributes.magnitude));
    }
  }
  place = table;
  return table;
}

absl::Status Rotate(const RopeAttributes& attributes, const Angles& angles, std::span<const HostTensor> x,
                    HostOutput output) {
  const uint64_t pairs = attributes.frequencies.size();
  const uint64_t positions = (*output.shape)[1];
  const uint64_t width = output.shape->back();
  return ForRows(output, [&](uint64_t row) {
    const float* cosine = angles.cosine.data() + row % positions * pairs;
    const float* sine = angles.sine.data() + row % positions * pairs;
    for (uint64_t head = 0; head < width; head += attributes.head_size) {
      const float* from = x[0].values.data() + row * width + head;
      float* to = output.values.data() + row * width + head;
      if (attributes.style == RopeStyle::kHalves) {
        RotateHalves(from, from + pairs, cosine, sine, pairs, to, to + pairs);
      } else {
        RotatePairs(from, cosine, sine, pairs, to);
      }
      std::copy(from + 2 * pairs, from + attributes.head_size, to + 2 * pairs);
    }
  });
}

}  // namespace

Prepared PrepareRope(const Node& node) {
  const auto& attributes = std::get<RopeAttributes>(node.attributes);
  return MakeSimple(
      [attributes, angles = FindAngles(attributes, node.shape[1])](std::span<const HostTensor> x, HostOutput output) {
        return Rotate(attributes, *angles, x, output);
      });
}

Prepared PrepareRows(const Node& node) {
  const uint64_t width = node.shape.back();
  const Attributes attributes = node.attributes;
  switch (node.op) {
    case OpKind::kSoftmax:
      return MakeSimple([width](std::span<const HostTensor> x, HostOutput out) {
        return ForRows(
            out, [&](uint64_t i) { SoftmaxRow(x[0].values.data() + i * width, width, out.values.data() + i * width); });
      });
    case OpKind::kLayerNorm:
      return MakeSimple([width, epsilon = std::get<LayerNormAttributes>(attributes).epsilon](
                            std::span<const HostTensor> x, HostOutput out) {
        const float* bias = x.size() > 2 ? x[2].values.data() : nullptr;
        return ForRows(out, [&](uint64_t i) {
          LayerNormRow(x[0].values.data() + i * width, x[1].values.data(), bias, width, epsilon,
                       out.values.data() + i * width);
        });
      });
    case OpKind::kRmsNorm:
      return MakeSimple(
          [width, a = std::get<RmsNormAttributes>(attributes)](std::span<const HostTensor> x, HostOutput out) {
            return ForRows(out, [&](uint64_t i) {
              RmsNormRow(x[0].values.data() + i * width, x[1].values.data(), width, a, out.values.data() + i * width);
            });
          });
    case OpKind::kCausalMask:
      return MakeSimple([a = std::get<CausalMaskAttributes>(attributes)](std::span<const HostTensor> x,
                                                                         HostOutput out) { return Mask(a, x, out); });
    case OpKind::kScale:
      return MakeSimple([factor = static_cast<float>(std::get<ScaleAttributes>(attributes).factor)](
                            std::span<const HostTensor> x, HostOutput out) {
        ParallelFor(out.values.size(), out.values.size(), [&](uint64_t begin, uint64_t end) {
          ScaleRow(x[0].values.data() + begin, end - begin, factor, out.values.data() + begin);
        });
        return absl::OkStatus();
      });
    default:
      return Internal(fmt::format("{} is no operator on rows", OpName(node.op)));
  }
}

}  // namespace plumb::onednn
