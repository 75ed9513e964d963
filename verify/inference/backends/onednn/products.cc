#include <utility>

#include "plumb/base/status.h"
#include "verify/inference/backends/onednn/operators.h"
#include "verify/inference/backends/onednn/parallel.h"
#include "verify/inference/backends/onednn/rows.h"
#include "verify/inference/backends/onednn/shim.h"

namespace plumb::onednn {
namespace {

// A primitive with weights, which come packed when the primitive packs, and in `type`.
class Product : public PreparedOp {
 public:
  Product(std::unique_ptr<Primitive> primitive, ElementType type, uint64_t x_count, uint64_t weights_count,
          bool weights_given)
      : primitive_(std::move(primitive)),
        type_(type),
        x_count_(x_count),
        weights_count_(weights_count),
        weights_given_(weights_given) {}

  uint64_t scratch_bytes() const override {
    return primitive_->scratch_bytes() + RoundedBytes(x_count_) + (weights_given_ ? 0 : RoundedBytes(weights_count_));
  }
  WeightForm FormOf(size_t index) const override {
    if (index != 1 || !weights_given_) return {};
    return {type_, primitive_->packed_bytes()};
  }
  absl::Status Pack(size_t, const HostTensor& weight, std::span<uint8_t> out) const override {
    return primitive_->Pack(weight.view.bytes.data(), out.data());
  }
  absl::Status Run(std::span<const HostTensor> x, HostOutput output, std::span<uint8_t> scratch) const override {
    Arguments arguments = {.x = x[0].view.bytes.data(),
                           .weights = x[1].view.bytes.data(),
                           .bias = x.size() > 2 ? x[2].values.data() : nullptr,
                           .out = output.bytes.data(),
                           .scratch = scratch.data()};
    uint8_t* room = scratch.data() + primitive_->scratch_bytes();
    if (type_ == ElementType::kBF16) {
      arguments.x = Round(x[0].values, room);
      room += RoundedBytes(x_count_);
      if (!weights_given_) arguments.weights = Round(x[1].values, room);
    }
    return primitive_->Run(arguments);
  }

 private:
  uint64_t RoundedBytes(uint64_t count) const {
    return type_ == ElementType::kBF16 ? (count * sizeof(uint16_t) + 63) / 64 * 64 : 0;
  }
  static const void* Round(std::span<const float> from, uint8_t* room) {
    auto* to = reinterpret_cast<uint16_t*>(room);
    ParallelFor(from.size(), from.size(),
                [&](uint64_t begin, uint64_t end) { RoundRow(from.data() + begin, end - begin, to + begin); });
    return to;
  }

  const std::unique_ptr<Primitive> primitive_;
  const ElementType type_;
  const uint64_t x_count_;
  const uint64_t weights_count_;
  const bool weights_given_;  // They are a weight of the model, not computed.
};

// A matrix operand as [batch, rows, columns], transposed by its strides.
Layout AsMatrices(const Shape& shape, bool transposed) {
  const uint64_t rows = shape[shape.size() - 2];
  const uint64_t columns = shape.back();
  const uint64_t batch = *ElementCount(shape) / (rows * columns);
  if (transposed) return {{batch, columns, rows}, {rows * columns, 1, columns}};
  return {{batch, rows, columns}, {rows * columns, columns, 1}};
}

// The batch as more rows of one matrix.
Layout AsOneMatrix(const Layout& matrices) {
  const uint64_t columns = matrices.shape[2];
  return {{matrices.shape[0] * matrices.shape[1], columns}, {columns, 1}};
}

}  // namespace

Prepared PrepareMatMul(const Graph& graph, const Node& node, bool packs, ElementType type) {
  const auto& attributes = std::get<MatMulAttributes>(node.attributes);
  const Node& a = graph.node(node.inputs[0]);
  const Node& b = graph.node(node.inputs[1]);
  const bool is_weight = b.op == OpKind::kWeight;
  MatMulSpec spec = {.x = AsMatrices(a.shape, attributes.transpose_a),
                     .weights = AsMatrices(b.shape, attributes.transpose_b),
                     .out = AsMatrices(node.shape, false),
                     .has_bias = node.inputs.size() > 2,
                     .type = type,
                     .packs = packs && is_weight};
  if (b.shape.size() == 2 && !attributes.transpose_a) {
    spec.x = AsOneMatrix(spec.x);
    spec.out = AsOneMatrix(spec.out);
    spec.weights = {{spec.weights.shape[1], spec.weights.shape[2]}, {spec.weights.strides[1], spec.weights.strides[2]}};
  }
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Primitive> primitive, MakeMatMul(spec));
  return std::make_unique<Product>(std::move(primitive), type, *ElementCount(a.shape), *ElementCount(b.shape),
                                   is_weight);
}

Prepared PrepareConv(const Graph& graph, const Node& node, bool packs) {
  const Node& x = graph.node(node.inputs[0]);
  const Node& weights = graph.node(node.inputs[1]);
  const bool is_weight = weights.op == OpKind::kWeight;
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Primitive> primitive,
                         MakeConv({.transposed = node.op == OpKind::kConvTranspose,
                                   .x = x.shape,
                                   .weights = weights.shape,
                                   .out = node.shape,
                                   .has_bias = node.inputs.size() > 2,
                                   .window = std::get<WindowAttributes>(node.attributes),
                                   .packs = packs && is_weight}));
  return std::make_unique<Product>(std::move(primitive), ElementType::kF32, 0, 0, is_weight);
}

}  // namespace plumb::onednn
