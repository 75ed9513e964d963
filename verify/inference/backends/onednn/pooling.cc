#include <array>
#include <limits>
#include <vector>

#include "verify/inference/backends/onednn/operators.h"
#include "verify/inference/backends/onednn/parallel.h"

namespace plumb::onednn {
namespace {

constexpr size_t kSpatialMax = 3;

// Where one window of one dimension meets its operand.
struct Meeting {
  std::vector<uint64_t> places;
  uint64_t counted = 0;  // Of them, and of the padding that counts.
};

// The windows of every dimension; missing ones have a single window over a single place.
struct Windows {
  std::array<std::vector<Meeting>, kSpatialMax> meetings;
  std::array<uint64_t, kSpatialMax> sizes = {1, 1, 1};  // Of the operand.
};

std::vector<Meeting> FindMeetings(const PoolAttributes& pool, size_t d, uint64_t size, uint64_t count) {
  const auto before = pool.window.pads_before[d];
  const auto end = static_cast<int64_t>(size) + pool.window.pads_after[d];
  std::vector<Meeting> meetings(count);
  for (uint64_t i = 0; i < count; ++i) {
    for (uint64_t k = 0; k < pool.window.kernel[d]; ++k) {
      const auto at = static_cast<int64_t>(i * pool.window.strides[d] + k * pool.window.dilations[d]) - before;
      const bool inside = at >= 0 && at < static_cast<int64_t>(size);
      if (inside) meetings[i].places.push_back(static_cast<uint64_t>(at));
      if (inside || (pool.count_padding && at < end)) ++meetings[i].counted;
    }
  }
  return meetings;
}

Windows FindWindows(const PoolAttributes& pool, const Shape& from, const Shape& to) {
  Windows windows;
  const size_t missing = kSpatialMax - (from.size() - 2);
  for (size_t d = 0; d < missing; ++d) windows.meetings[d] = {{.places = {0}, .counted = 1}};
  for (size_t d = 2; d < from.size(); ++d) {
    windows.meetings[missing + d - 2] = FindMeetings(pool, d - 2, from[d], to[d]);
    windows.sizes[missing + d - 2] = from[d];
  }
  return windows;
}

// Calls use(value) for what a window sees of a plane.
template <typename Use>
void ForEach(const Meeting& a, const Meeting& b, const Meeting& c, const Windows& w, const float* plane, Use use) {
  for (uint64_t i : a.places) {
    for (uint64_t j : b.places) {
      const float* row = plane + (i * w.sizes[1] + j) * w.sizes[2];
      for (uint64_t k : c.places) use(row[k]);
    }
  }
}

void PoolPlane(const Windows& windows, PoolKind kind, const float* plane, float* out) {
  for (const Meeting& a : windows.meetings[0]) {
    for (const Meeting& b : windows.meetings[1]) {
      for (const Meeting& c : windows.meetings[2]) {
        if (kind == PoolKind::kMax) {
          float most = -std::numeric_limits<float>::infinity();
          ForEach(a, b, c, windows, plane, [&](float v) { most = most > v || most != most ? most : v; });
          *out++ = most;
        } else {
          double sum = 0;
          ForEach(a, b, c, windows, plane, [&](float v) { sum += v; });
          const uint64_t counted = a.counted * b.counted * c.counted;
          *out++ = counted == 0 ? 0.0f : static_cast<float>(sum / static_cast<double>(counted));
        }
      }
    }
  }
}

uint64_t PlaneElements(const Shape& shape) {
  uint64_t count = 1;
  for (size_t d = 2; d < shape.size(); ++d) count *= shape[d];
  return count;
}

}  // namespace

bool PoolsFloats(const Node& node) {
  const auto& pool = std::get<PoolAttributes>(node.attributes);
  return !pool.places && pool.window.kernel.size() <= kSpatialMax;
}

Prepared PreparePool(const Graph& graph, const Node& node) {
  const auto& pool = std::get<PoolAttributes>(node.attributes);
  const Shape& from = graph.node(node.inputs[0]).shape;
  return MakeSimple([kind = pool.kind, windows = FindWindows(pool, from, node.shape), from_plane = PlaneElements(from),
                     to_plane = PlaneElements(node.shape)](std::span<const HostTensor> x, HostOutput output) {
    const uint64_t planes = output.values.size() / to_plane;
    ParallelFor(planes, x[0].values.size() * 4, [&](uint64_t begin, uint64_t end) {
      for (uint64_t i = begin; i < end; ++i) {
        PoolPlane(windows, kind, x[0].values.data() + i * from_plane, output.values.data() + i * to_plane);
      }
    });
    return absl::OkStatus();
  });
}

}  // namespace plumb::onednn
