#include <algorithm>
#include <cstring>
#include <utility>

#include "plumb/base/status.h"
#include "verify/inference/backends/onednn/integers.h"
#include "verify/inference/backends/onednn/operators.h"
#include "verify/inference/backends/reference/kernels.h"

namespace plumb::onednn {
namespace {

uint64_t Padded(uint64_t bytes) { return (bytes + 63) / 64 * 64; }

// Matrices of one operand of a product.
struct Matrices {
  uint64_t rows = 0;
  uint64_t columns = 0;
  bool turned = false;  // Stored as [columns, rows].
  uint64_t size() const { return rows * columns; }

  static Matrices Of(const Shape& shape, bool turned) {
    const uint64_t rows = shape[shape.size() - 2];
    const uint64_t columns = shape.back();
    return turned ? Matrices{columns, rows, true} : Matrices{rows, columns, false};
  }
};

void AddToRows(const int32_t* term, uint64_t term_step, uint64_t rows, uint64_t columns, int32_t* out) {
  for (uint64_t i = 0; i < rows * columns; ++i) {
    const int32_t added = term[term_step == 1 ? i % columns : i / columns];
    out[i] = static_cast<int32_t>(static_cast<uint32_t>(out[i]) + static_cast<uint32_t>(added));
  }
}

class IntegerMatMul : public PreparedOp {
 public:
  IntegerMatMul(const Shape& a, const Shape& b, const Shape& out, const MatMulAttributes& attributes)
      : a_(Matrices::Of(a, attributes.transpose_a)),
        b_(Matrices::Of(b, attributes.transpose_b)),
        batch_(*ElementCount(out) / (a_.rows * b_.columns)),
        shared_(b.size() == 2) {
    if (!shared_ || a_.turned) return;  // One tall matrix does the same.
    a_.rows *= batch_;
    batch_ = 1;
  }

  uint64_t scratch_bytes() const override {
    return TurnedBytes(a_) + TurnedBytes(b_) + IntegerScratchBytes(a_.rows, b_.columns, a_.columns);
  }
  absl::Status Run(std::span<const HostTensor> x, HostOutput output, std::span<uint8_t> scratch) const override {
    const std::span<int32_t> out = output.As<int32_t>();
    const std::span<uint8_t> room = scratch.subspan(TurnedBytes(a_) + TurnedBytes(b_));
    for (uint64_t i = 0; i < batch_; ++i) {
      PLUMB_RETURN_IF_ERROR(MultiplyIntegers(
          {.m = a_.rows,
           .n = b_.columns,
           .k = a_.columns,
           .a = ByRows(a_, x[0].ids.data() + i * a_.size(), scratch.data()),
           .a_stride = a_.columns,
           .b = ByRows(b_, x[1].ids.data() + (shared_ ? 0 : i * b_.size()), scratch.data() + TurnedBytes(a_)),
           .b_stride = b_.columns,
           .out = out.data() + i * a_.rows * b_.columns,
           .out_stride = b_.columns},
          room));
    }
    if (x.size() > 2) AddToRows(x[2].ids.data(), 1, out.size() / b_.columns, b_.columns, out.data());
    return absl::OkStatus();
  }

 private:
  static uint64_t TurnedBytes(const Matrices& m) { return m.turned ? Padded(m.size() * sizeof(int32_t)) : 0; }
  static const int32_t* ByRows(const Matrices& m, const int32_t* from, uint8_t* room) {
    if (!m.turned) return from;
    auto* to = reinterpret_cast<int32_t*>(room);
    for (uint64_t row = 0; row < m.rows; ++row) {
      for (uint64_t column = 0; column < m.columns; ++column)
        to[row * m.columns + column] = from[column * m.rows + row];
    }
    return to;
  }

  Matrices a_;
  Matrices b_;
  uint64_t batch_;
  bool shared_;
};

// Windows as columns of a matrix, so many at a time, and products with the filters.
class IntegerConv : public PreparedOp {
 public:
  IntegerConv(Shape x, Shape filters, Shape out, WindowAttributes window)
      : x_(std::move(x)), filters_(std::move(filters)), out_(std::move(out)), window_(std::move(window)) {
    for (size_t d = 2; d < x_.size(); ++d) {
      taps_ *= filters_[d];
      plane_ *= x_[d];
      places_ *= out_[d];
    }
    depth_ = filters_[1] * taps_;
    group_filters_ = filters_[0] / window_.groups;
    constexpr uint64_t kElementsAtATime = 1 << 20;
    block_ = std::clamp<uint64_t>(kElementsAtATime / depth_, 1, places_);
  }

  uint64_t scratch_bytes() const override {
    return Padded(depth_ * block_ * sizeof(int32_t)) + IntegerScratchBytes(group_filters_, block_, depth_);
  }
  absl::Status Run(std::span<const HostTensor> x, HostOutput output, std::span<uint8_t> scratch) const override {
    auto* columns = reinterpret_cast<int32_t*>(scratch.data());
    const std::span<uint8_t> room = scratch.subspan(Padded(depth_ * block_ * sizeof(int32_t)));
    int32_t* out = output.As<int32_t>().data();
    for (uint64_t i = 0; i < x_[0] * window_.groups; ++i) {
      const int32_t* planes = x[0].ids.data() + i * filters_[1] * plane_;
      const int32_t* filters = x[1].ids.data() + i % window_.groups * group_filters_ * depth_;
      for (uint64_t first = 0; first < places_; first += block_) {
        const uint64_t count = std::min(block_, places_ - first);
        Unfold(planes, first, count, columns);
        PLUMB_RETURN_IF_ERROR(MultiplyIntegers({.m = group_filters_,
                                                .n = count,
                                                .k = depth_,
                                                .a = filters,
                                                .a_stride = depth_,
                                                .b = columns,
                                                .b_stride = count,
                                                .out = out + i * group_filters_ * places_ + first,
                                                .out_stride = places_},
                                               room));
      }
    }
    for (uint64_t image = 0; x.size() > 2 && image < x_[0]; ++image) {
      AddToRows(x[2].ids.data(), 0, filters_[0], places_, out + image * filters_[0] * places_);
    }
    return absl::OkStatus();
  }

 private:
  // Where tap `tap` of the window at `place` lies in a plane; negative outside.
  int64_t Meeting(uint64_t place, uint64_t tap) const {
    int64_t offset = 0;
    int64_t stride = 1;
    for (size_t d = x_.size(); d-- > 2;) {
      const auto at = static_cast<int64_t>(place % out_[d] * window_.strides[d - 2]) - window_.pads_before[d - 2] +
                      static_cast<int64_t>(tap % filters_[d] * window_.dilations[d - 2]);
      if (at < 0 || at >= static_cast<int64_t>(x_[d])) return -1;
      offset += at * stride;
      stride *= static_cast<int64_t>(x_[d]);
      place /= out_[d];
      tap /= filters_[d];
    }
    return offset;
  }
  // Places [first, first + count): [channels of a group * taps, count].
  void Unfold(const int32_t* planes, uint64_t first, uint64_t count, int32_t* to) const {
    for (uint64_t tap = 0; tap < taps_; ++tap) {
      for (uint64_t i = 0; i < count; ++i) {
        const int64_t at = Meeting(first + i, tap);
        for (uint64_t channel = 0; channel < filters_[1]; ++channel) {
          to[(channel * taps_ + tap) * count + i] = at < 0 ? 0 : planes[channel * plane_ + static_cast<uint64_t>(at)];
        }
      }
    }
  }

  const Shape x_;
  const Shape filters_;
  const Shape out_;
  const WindowAttributes window_;
  uint64_t taps_ = 1;
  uint64_t plane_ = 1;
  uint64_t places_ = 1;
  uint64_t depth_ = 1;
  uint64_t group_filters_ = 1;
  uint64_t block_ = 1;
};

}  // namespace

Prepared PrepareIntegerMatMul(const Graph& graph, const Node& node) {
  return std::make_unique<IntegerMatMul>(graph.node(node.inputs[0]).shape, graph.node(node.inputs[1]).shape, node.shape,
                                         std::get<MatMulAttributes>(node.attributes));
}

Prepared PrepareIntegerConv(const Graph& graph, const Node& node) {
  return std::make_unique<IntegerConv>(graph.node(node.inputs[0]).shape, graph.node(node.inputs[1]).shape, node.shape,
                                       std::get<WindowAttributes>(node.attributes));
}

}  // namespace plumb::onednn
