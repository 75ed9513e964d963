#include <algorithm>
#include <cmath>
#include <utility>

#include "plumb/base/status.h"
#include "verify/inference/backends/onednn/integers.h"
#include "verify/inference/backends/onednn/operators.h"
#include "verify/inference/backends/onednn/parallel.h"
#include "verify/inference/backends/onednn/rows.h"
#include "verify/inference/backends/onednn/shim.h"
#include "verify/inference/backends/reference/functions.h"
#include "verify/inference/backends/reference/strides.h"

namespace plumb::onednn {
namespace {

class Simple : public PreparedOp {
 public:
  explicit Simple(Work work) : work_(std::move(work)) {}
  absl::Status Run(std::span<const HostTensor> x, HostOutput output, std::span<uint8_t>) const override {
    return work_(x, output);
  }

 private:
  const Work work_;
};

// oneDNN's function, put right where operands are not finite: its vector code does not keep NaN through min and max.
class Eltwise : public PreparedOp {
 public:
  Eltwise(const UnaryAttributes& attributes, std::unique_ptr<Primitive> primitive)
      : attributes_(attributes), primitive_(std::move(primitive)) {}
  uint64_t scratch_bytes() const override { return primitive_->scratch_bytes(); }
  absl::Status Run(std::span<const HostTensor> operands, HostOutput output, std::span<uint8_t> scratch) const override {
    std::span<const float> x = operands[0].values;
    PLUMB_RETURN_IF_ERROR(primitive_->Run({.x = x.data(), .out = output.values.data(), .scratch = scratch.data()}));
    ParallelFor(x.size(), x.size(), [&](uint64_t begin, uint64_t end) { Mend(x, begin, end, output.values); });
    return absl::OkStatus();
  }

 private:
  void Mend(std::span<const float> x, uint64_t begin, uint64_t end, std::span<float> out) const {
    constexpr uint64_t kBlock = 4096;
    for (uint64_t block = begin; block < end; block += kBlock) {
      const uint64_t block_end = std::min(block + kBlock, end);
      if (AllFinite(x.data() + block, block_end - block)) continue;
      for (uint64_t i = block; i < block_end; ++i) {
        if (!std::isfinite(x[i])) out[i] = static_cast<float>(reference::ApplyUnary(attributes_, x[i]));
      }
    }
  }

  const UnaryAttributes attributes_;
  const std::unique_ptr<Primitive> primitive_;
};

// A broadcast of two operands with dimensions that can be walked as one put together.
struct Walk {
  Shape shape;
  std::vector<uint64_t> a;
  std::vector<uint64_t> b;
  uint64_t rows = 1;

  Walk(const Shape& a_shape, const Shape& b_shape, const Shape& result) {
    const std::vector<uint64_t> a_strides = reference::BroadcastStrides(a_shape, result);
    const std::vector<uint64_t> b_strides = reference::BroadcastStrides(b_shape, result);
    for (size_t d = 0; d < result.size(); ++d) {
      if (result[d] == 1) continue;
      const bool joins = !shape.empty() && a.back() == a_strides[d] * result[d] && b.back() == b_strides[d] * result[d];
      if (joins) {
        shape.back() *= result[d];
        a.back() = a_strides[d];
        b.back() = b_strides[d];
      } else {
        shape.push_back(result[d]);
        a.push_back(a_strides[d]);
        b.push_back(b_strides[d]);
      }
    }
    if (shape.empty()) shape = {1}, a = {0}, b = {0};
    for (size_t d = 0; d + 1 < shape.size(); ++d) rows *= shape[d];
  }

  // Where a row begins.
  std::pair<uint64_t, uint64_t> Begin(uint64_t row) const {
    std::pair<uint64_t, uint64_t> at = {0, 0};
    for (size_t d = shape.size() - 1; d-- > 0;) {
      at.first += row % shape[d] * a[d];
      at.second += row % shape[d] * b[d];
      row /= shape[d];
    }
    return at;
  }
};

// A row of BinaryRow or BinaryIntegers.
template <typename T>
using CombineRow = void (*)(BinaryFunction, const T*, uint64_t, const T*, uint64_t, uint64_t, void*);

// Whole rows, or parts of the only one.
template <typename T>
void RunBinary(const Walk& walk, BinaryFunction function, const T* a, const T* b, CombineRow<T> combine,
               HostOutput output) {
  const uint64_t width = walk.shape.back();
  const uint64_t bytes = ElementBytes(output.type);
  if (walk.rows == 1) {
    return ParallelFor(width, width, [&](uint64_t begin, uint64_t end) {
      combine(function, a + begin * walk.a.back(), walk.a.back(), b + begin * walk.b.back(), walk.b.back(), end - begin,
              output.bytes.data() + begin * bytes);
    });
  }
  ParallelFor(walk.rows, walk.rows * width, [&](uint64_t begin, uint64_t end) {
    for (uint64_t row = begin; row < end; ++row) {
      const auto [at_a, at_b] = walk.Begin(row);
      combine(function, a + at_a, walk.a.back(), b + at_b, walk.b.back(), width,
              output.bytes.data() + row * width * bytes);
    }
  });
}

}  // namespace

std::unique_ptr<PreparedOp> MakeSimple(Work work) { return std::make_unique<Simple>(std::move(work)); }

Prepared PrepareUnary(const Graph& graph, const Node& node) {
  const auto& attributes = std::get<UnaryAttributes>(node.attributes);
  if (HasUnary(attributes)) {
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Primitive> primitive,
                           MakeUnary(attributes, *ElementCount(graph.node(node.inputs[0]).shape)));
    return std::make_unique<Eltwise>(attributes, std::move(primitive));
  }
  return MakeSimple([attributes](std::span<const HostTensor> x, HostOutput output) {
    ParallelFor(output.values.size(), output.values.size(), [&](uint64_t begin, uint64_t end) {
      UnaryRow(attributes, x[0].values.data() + begin, end - begin, output.values.data() + begin);
    });
    return absl::OkStatus();
  });
}

Prepared PrepareBinary(const Graph& graph, const Node& node) {
  const Walk walk(graph.node(node.inputs[0]).shape, graph.node(node.inputs[1]).shape, node.shape);
  const BinaryFunction function = std::get<BinaryAttributes>(node.attributes).function;
  const bool integers = graph.node(node.inputs[0]).type == ElementType::kI32;
  return MakeSimple([walk, function, integers](std::span<const HostTensor> x, HostOutput output) {
    if (integers) {
      RunBinary<int32_t>(walk, function, x[0].ids.data(), x[1].ids.data(), BinaryIntegers, output);
    } else {
      RunBinary<float>(walk, function, x[0].values.data(), x[1].values.data(), BinaryRow, output);
    }
    return absl::OkStatus();
  });
}

Prepared PrepareTranspose(const Graph& graph, const Node& node) {
  const Layout dense = DenseLayout(graph.node(node.inputs[0]).shape);
  Layout permuted = {node.shape, {}};
  for (uint32_t axis : std::get<TransposeAttributes>(node.attributes).permutation) {
    permuted.strides.push_back(dense.strides[axis]);
  }
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Primitive> made, MakeCopy(permuted));
  std::shared_ptr<Primitive> primitive = std::move(made);
  if (primitive->scratch_bytes() > 0) return Internal("oneDNN needs memory for a reorder");
  return MakeSimple([primitive](std::span<const HostTensor> x, HostOutput output) {
    return primitive->Run({.x = x[0].values.data(), .out = output.values.data()});
  });
}

}  // namespace plumb::onednn
