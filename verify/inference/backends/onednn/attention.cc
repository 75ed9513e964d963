#include <algorithm>
#include <atomic>
#include <utility>

#include "plumb/base/status.h"
#include "verify/inference/backends/onednn/operators.h"
#include "verify/inference/backends/onednn/parallel.h"
#include "verify/inference/backends/onednn/rows.h"
#include "verify/inference/backends/onednn/shim.h"
#include "verify/inference/backends/reference/strides.h"

namespace plumb::onednn {
namespace {

constexpr uint64_t kBlockQueries = 64;

struct Sizes {
  uint64_t batch, queries, keys, heads, groups, key_size, value_size;
  uint64_t blocks() const { return (queries + kBlockQueries - 1) / kBlockQueries; }
};

// Keys [begin, end).
struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;
};

class Attention : public PreparedOp {
 public:
  Attention(const AttentionAttributes& attributes, const Sizes& sizes, std::vector<uint64_t> mask_strides)
      : attributes_(attributes), s_(sizes), mask_strides_(std::move(mask_strides)) {}

  uint64_t scratch_bytes() const override { return ThreadsMax() * BlockElements() * sizeof(float); }

  absl::Status Run(std::span<const HostTensor> x, HostOutput output, std::span<uint8_t> scratch) const override {
    // A key that is masked has no share, but 0 * NaN is NaN: only finite values may be left out.
    const bool skips = AllFinite(x[2].values.data(), x[2].values.size());
    const uint64_t items = s_.batch * s_.heads * s_.blocks();
    std::atomic<bool> failed = false;
    absl::Status failure;
    ParallelItems(items, s_.batch * s_.heads * s_.queries * s_.keys, [&](uint64_t item, uint64_t slot) {
      float* scores = reinterpret_cast<float*>(scratch.data()) + slot * BlockElements();
      absl::Status status = ComputeBlock(x, item, skips, scores, output.values.data());
      if (!status.ok() && !failed.exchange(true)) failure = std::move(status);
    });
    return failed ? failure : absl::OkStatus();
  }

 private:
  uint64_t BlockElements() const { return (std::min(kBlockQueries, s_.queries) * s_.keys + 15) / 16 * 16; }

  Range VisibleKeys(uint64_t query) const {
    if (!attributes_.causal) return {0, s_.keys};
    const uint64_t end = query + s_.keys + 1 > s_.queries ? query + s_.keys + 1 - s_.queries : 0;
    return {attributes_.window != 0 && end > attributes_.window ? end - attributes_.window : 0, end};
  }

  // One head's queries of one block.
  absl::Status ComputeBlock(std::span<const HostTensor> x, uint64_t item, bool skips, float* scores, float* out) const {
    const uint64_t block = item % s_.blocks();
    const uint64_t head = item / s_.blocks() % s_.heads;
    const uint64_t batch = item / s_.blocks() / s_.heads;
    const uint64_t group = head * s_.groups / s_.heads;
    const uint64_t first = block * kBlockQueries;
    const uint64_t rows = std::min(kBlockQueries, s_.queries - first);
    const Range keys = skips ? Range{VisibleKeys(first).begin, VisibleKeys(first + rows - 1).end} : Range{0, s_.keys};
    const uint64_t width = keys.end - keys.begin;
    float* result = out + (batch * s_.queries + first) * s_.heads * s_.value_size + head * s_.value_size;
    if (width == 0) {
      for (uint64_t r = 0; r < rows; ++r) std::fill_n(result + r * s_.heads * s_.value_size, s_.value_size, 0.0f);
      return absl::OkStatus();
    }
    const uint64_t q_stride = s_.heads * s_.key_size;
    const uint64_t k_stride = s_.groups * s_.key_size;
    const uint64_t v_stride = s_.groups * s_.value_size;
    PLUMB_RETURN_IF_ERROR(
        Multiply({.m = rows,
                  .n = width,
                  .k = s_.key_size,
                  .a = x[0].values.data() + (batch * s_.queries + first) * q_stride + head * s_.key_size,
                  .a_stride = q_stride,
                  .b = x[1].values.data() + (batch * s_.keys + keys.begin) * k_stride + group * s_.key_size,
                  .b_stride = k_stride,
                  .transpose_b = true,
                  .factor = static_cast<float>(attributes_.scale),
                  .out = scores,
                  .out_stride = width}));
    const float* mask = x.size() < 4 ? nullptr
                                     : x[3].values.data() + batch * mask_strides_[0] + head * mask_strides_[1] +
                                           keys.begin * mask_strides_[3];
    for (uint64_t r = 0; r < rows; ++r) {
      const float* term = mask == nullptr ? nullptr : mask + (first + r) * mask_strides_[2];
      ShareOut(VisibleKeys(first + r), keys, term, scores + r * width);
    }
    return Multiply({.m = rows,
                     .n = s_.value_size,
                     .k = width,
                     .a = scores,
                     .a_stride = width,
                     .b = x[2].values.data() + (batch * s_.keys + keys.begin) * v_stride + group * s_.value_size,
                     .b_stride = v_stride,
                     .out = result,
                     .out_stride = s_.heads * s_.value_size});
  }

  // One query's scores of the keys in `given` to shares.
  void ShareOut(Range visible, Range given, const float* term, float* scores) const {
    const uint64_t begin = std::max(visible.begin, given.begin) - given.begin;
    const uint64_t end = std::max(std::min(visible.end, given.end) - given.begin, begin);
    const uint64_t width = end - begin;
    if (attributes_.soft_cap != 0) CapRow(scores + begin, width, static_cast<float>(attributes_.soft_cap));
    if (term != nullptr) AddToRow(scores + begin, term + begin * mask_strides_[3], mask_strides_[3], width);
    if (width > 0) SoftmaxRow(scores + begin, width, scores + begin);
    std::fill_n(scores, begin, 0.0f);
    std::fill(scores + end, scores + given.end - given.begin, 0.0f);
  }

  const AttentionAttributes attributes_;
  const Sizes s_;
  const std::vector<uint64_t> mask_strides_;  // By batch, head, query and key; 0 where it is broadcast.
};

}  // namespace

Prepared PrepareAttention(const Graph& graph, const Node& node) {
  const auto& attributes = std::get<AttentionAttributes>(node.attributes);
  const Shape& q = graph.node(node.inputs[0]).shape;
  const Shape& k = graph.node(node.inputs[1]).shape;
  const uint64_t groups = attributes.kv_heads == 0 ? attributes.heads : attributes.kv_heads;
  const Sizes sizes = {.batch = q[0],
                       .queries = q[1],
                       .keys = k[1],
                       .heads = attributes.heads,
                       .groups = groups,
                       .key_size = q[2] / attributes.heads,
                       .value_size = node.shape[2] / attributes.heads};
  std::vector<uint64_t> strides;
  if (node.inputs.size() > 3) {
    const Shape scores = {sizes.batch, sizes.heads, sizes.queries, sizes.keys};
    strides = reference::BroadcastStrides(graph.node(node.inputs[3]).shape, scores);
  }
  return std::make_unique<Attention>(attributes, sizes, std::move(strides));
}

}  // namespace plumb::onednn
