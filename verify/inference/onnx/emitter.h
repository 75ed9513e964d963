// Adds operators to a graph while an ONNX model is read, and computes at once those whose operands are known.
#ifndef PLUMB_VERIFY_INFERENCE_ONNX_EMITTER_H_
#define PLUMB_VERIFY_INFERENCE_ONNX_EMITTER_H_

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "plumb/inference/backend.h"
#include "plumb/inference/graph.h"
#include "plumb/inference/onnx.h"

namespace plumb::onnx {

using Axes = std::vector<uint32_t>;
using Known = std::shared_ptr<const TensorValue>;

// What an ONNX value is: nothing, a tensor, or a sequence of values. A tensor is a node of the graph, or known, or
// both.
struct Value {
  static constexpr ValueId kNone = UINT32_MAX;

  bool present = false;
  ElementType type = ElementType::kF32;
  Shape shape;
  Known known;
  ValueId id = kNone;
  std::shared_ptr<const std::vector<Value>> sequence;

  size_t rank() const { return shape.size(); }
  // 1 past the last dimension.
  uint64_t dim(size_t i) const { return i < shape.size() ? shape[i] : 1; }
  uint64_t count() const;
};

// The first error is kept and names the node; what is added after it is ignored, and values after it are empty scalars,
// so that calls can be chained without checking each. Not thread-safe.
class Emitter {
 public:
  // Borrows all for its lifetime.
  Emitter(const OnnxValues& inputs, const WeightSource& weights, const OnnxImportOptions& options)
      : inputs_(inputs), weights_(weights), options_(options) {}

  // What messages and nodes are called from here on.
  void SetName(std::string name);
  bool ok() const { return status_.ok() && builder_.status().ok(); }
  absl::Status status() const;
  // Keeps the first error. INVALID_ARGUMENT, and UNIMPLEMENTED for what ONNX allows and Plumb does not read.
  Value Fail(std::string_view why);
  Value Unsupported(std::string_view why);
  void SetStatus(absl::Status status);
  // Counts what is made or computed while the graph is made. False, with the status set, past the limits.
  bool Charge(uint64_t bytes, double cost);

  Value Input(const std::string& name, ElementType type, const Shape& shape);
  Value Weight(const std::string& name, const Shape& shape);
  Value Constant(TensorValue value);
  Value Constant(Known value);
  // One number as an element of `type`.
  Value Scalar(ElementType type, double number);
  template <typename T>
  Value List(const std::vector<T>& values, Shape shape) {
    return Constant(TensorValue::Of<T>(std::move(shape), std::span<const T>(values)));
  }
  // int64, one dimension.
  Value Indices(const std::vector<int64_t>& values) { return List<int64_t>(values, {values.size()}); }
  // Numbers of any float type from doubles.
  Value Table(ElementType type, const std::vector<double>& values, Shape shape);

  // Any operator; those below end here.
  Value Append(OpKind op, const std::vector<Value>& operands, Attributes attributes = {});
  Value Unary(UnaryFunction function, const Value& x, double alpha = 0, double beta = 0);
  Value Binary(BinaryFunction function, const Value& a, const Value& b);
  Value Add(const Value& a, const Value& b) { return Binary(BinaryFunction::kAdd, a, b); }
  Value Sub(const Value& a, const Value& b) { return Binary(BinaryFunction::kSub, a, b); }
  Value Mul(const Value& a, const Value& b) { return Binary(BinaryFunction::kMul, a, b); }
  Value Div(const Value& a, const Value& b) { return Binary(BinaryFunction::kDiv, a, b); }
  Value Max(const Value& a, const Value& b) { return Binary(BinaryFunction::kMax, a, b); }
  Value Min(const Value& a, const Value& b) { return Binary(BinaryFunction::kMin, a, b); }
  Value Less(const Value& a, const Value& b) { return Binary(BinaryFunction::kLess, a, b); }
  Value Equal(const Value& a, const Value& b) { return Binary(BinaryFunction::kEqual, a, b); }
  Value And(const Value& a, const Value& b) { return Binary(BinaryFunction::kAnd, a, b); }
  // With a number of the other operand's type.
  Value Add(const Value& a, double b) { return Add(a, Scalar(a.type, b)); }
  Value Sub(const Value& a, double b) { return Sub(a, Scalar(a.type, b)); }
  Value Mul(const Value& a, double b) { return Mul(a, Scalar(a.type, b)); }
  Value Div(const Value& a, double b) { return Div(a, Scalar(a.type, b)); }
  Value Not(const Value& x) { return Unary(UnaryFunction::kNot, x); }
  Value Where(const Value& condition, const Value& x, const Value& y);
  Value Cast(ElementType type, const Value& x);
  Value Reshape(const Value& x, Shape shape);
  Value Transpose(const Value& x, Axes permutation);
  Value Swap(const Value& x, uint32_t a, uint32_t b);
  Value Slice(const Value& x, uint32_t axis, int64_t begin, int64_t end, int64_t step = 1);
  // Element `at` of a dimension, which goes.
  Value At(const Value& x, uint32_t axis, int64_t at);
  Value Concat(uint32_t axis, const std::vector<Value>& parts);
  Value Expand(const Value& x, Shape shape);
  Value Pad(const Value& x, PadAttributes pad, const Value& fill = {});
  Value Gather(const Value& x, const Value& ids, uint32_t axis, bool wrap = true);
  Value Reduce(ReduceFunction function, const Value& x, Axes axes, bool keep = true);
  Value Sum(const Value& x, Axes axes, bool keep = true) {
    return Reduce(ReduceFunction::kSum, x, std::move(axes), keep);
  }
  Value Mean(const Value& x, Axes axes) { return Reduce(ReduceFunction::kMean, x, std::move(axes), true); }
  // As NumPy's matmul: vectors, and outer dimensions that broadcast.
  Value MatMul(Value a, Value b);
  // Over the last dimension.
  Value Softmax(const Value& x) { return Append(OpKind::kSoftmax, {x}); }

  // The value on the given inputs, computed if it must be; nullptr after an error.
  Known Evaluate(const Value& x);
  // The same as numbers; integers must be integers or bools.
  std::vector<int64_t> Integers(const Value& x);
  std::vector<double> Numbers(const Value& x);

  // The finished graph.
  absl::StatusOr<Graph> Build(const std::vector<Value>& outputs);
  const std::set<std::string>& specialised_on() const { return specialised_on_; }

 private:
  ValueId IdOf(const Value& value);
  // Keeps what was added to the builder as `id`, so that it can be computed.
  void Keep(ValueId id, Node node);
  Value Placeholder() const;
  Known Compute(const Node& node, const std::vector<Known>& operands);
  Known Leaf(const Node& node);
  bool EvaluateNode(ValueId id);
  std::string NextName();

  const OnnxValues& inputs_;
  const WeightSource& weights_;
  const OnnxImportOptions& options_;
  GraphBuilder builder_;
  std::vector<Node> nodes_;  // By their ids.
  absl::Status status_;
  std::string name_;
  size_t names_ = 0;
  uint64_t known_bytes_ = 0;
  double known_cost_ = 0;
  std::map<ValueId, Known> evaluated_;
  std::map<const TensorValue*, ValueId> constants_;
  std::set<std::string> specialised_on_;
};

}  // namespace plumb::onnx

#endif  // PLUMB_VERIFY_INFERENCE_ONNX_EMITTER_H_
