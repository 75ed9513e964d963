// One ONNX operator that is being imported: its operands, attributes and results.
#ifndef PLUMB_VERIFY_INFERENCE_ONNX_CALL_H_
#define PLUMB_VERIFY_INFERENCE_ONNX_CALL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/onnx/proto.h"
#include "verify/inference/onnx/emitter.h"

namespace plumb::onnx {

// Values that names stand for, in a graph within others.
struct Scope {
  const Scope* outer = nullptr;
  std::map<std::string_view, Value> values;

  // nullptr when nothing has the name.
  const Value* Find(std::string_view name) const;
};

// What the operators of one graph or function body have in common.
struct Frame {
  std::map<std::string_view, int64_t> opsets;
  // Of a function's body: the attributes of the node that calls it, and the body they may refer to in turn.
  const OnnxNode* caller = nullptr;
  const OnnxFunction* function = nullptr;
  const Frame* outer = nullptr;
};

// Runs the bodies of control flow.
class BodyRunner {
 public:
  virtual ~BodyRunner() = default;
  // Imports `body` with its inputs bound to `arguments` and outer names to those of the node's own scope.
  virtual std::vector<Value> RunBody(const OnnxGraph& body, std::vector<Value> arguments) = 0;
  virtual Value FromTensor(const OnnxTensor& tensor) = 0;
};

class Call {
 public:
  Call(Emitter& emitter, BodyRunner& runner, const Frame& frame, const OnnxNode& call_node, int64_t opset);

  Emitter& e;
  BodyRunner& bodies;
  const OnnxNode& node;
  const int64_t version;  // Of the operator set that the node's domain has.
  std::vector<Value> inputs;
  std::vector<Value> outputs;

  // Operand i; absent when it is left out.
  const Value& in(size_t i) const;
  bool has(size_t i) const { return in(i).present; }
  // Whether somebody uses result i.
  bool wants(size_t i) const { return i < node.outputs.size() && !node.outputs[i].empty(); }
  void Out(Value value) { Out(0, std::move(value)); }
  void Out(size_t i, Value value);

  // An attribute, looked up in the calling node where a function refers to it; nullptr when it is not given.
  const OnnxAttribute* Attribute(std::string_view name) const;
  int64_t Int(std::string_view name, int64_t otherwise) const;
  double Float(std::string_view name, double otherwise) const;
  std::string_view Text(std::string_view name, std::string_view otherwise) const;
  std::vector<int64_t> Ints(std::string_view name) const;

  // A dimension of a tensor of `rank`, counted from the end when negative. Fails when there is none.
  uint32_t Axis(int64_t axis, size_t rank) const;
  uint32_t AxisOf(std::string_view name, int64_t otherwise, const Value& x) const;
  Axes AxesOf(const std::vector<int64_t>& axes, size_t rank) const;
  // Checks that operand i is a tensor of at least that rank.
  bool Need(size_t i, size_t rank = 0) const;

 private:
  const Frame& frame_;
};

using Handler = void (*)(Call&);

struct OpEntry {
  std::string_view name;
  Handler handler;
  std::string_view domain = {};  // Empty: ONNX's own.
};

// The handler of an operator; nullptr when there is none.
Handler FindHandler(std::string_view domain, std::string_view name);

// Numbers 0, 1, ... count - 1.
Axes AllAxes(size_t count);
// `shape` from `begin` on and before `end` as one number; saturates past what a tensor may have.
uint64_t Product(const Shape& shape, size_t begin, size_t end);
// IR types for ONNX's; nullopt for those without.
std::optional<ElementType> ElementTypeFor(OnnxType type);

// The operators by group, one file each.
std::span<const OpEntry> ElementwiseOps();
std::span<const OpEntry> LogicOps();
std::span<const OpEntry> CastOps();
std::span<const OpEntry> ReductionOps();
std::span<const OpEntry> ShapeOps();
std::span<const OpEntry> SliceOps();
std::span<const OpEntry> IndexOps();
std::span<const OpEntry> GeneratorOps();
std::span<const OpEntry> ProductOps();
std::span<const OpEntry> EinsumOps();
std::span<const OpEntry> ConvolutionOps();
std::span<const OpEntry> PoolOps();
std::span<const OpEntry> QuantizedOps();
std::span<const OpEntry> QuantizedContribOps();
std::span<const OpEntry> ResizeOps();
std::span<const OpEntry> SamplingOps();
std::span<const OpEntry> NormalizationOps();
std::span<const OpEntry> SoftmaxOps();
std::span<const OpEntry> LossOps();
std::span<const OpEntry> RecurrentOps();
std::span<const OpEntry> SignalOps();
std::span<const OpEntry> SelectionOps();
std::span<const OpEntry> ControlOps();
std::span<const OpEntry> SequenceOps();
std::span<const OpEntry> TrainingOps();
std::span<const OpEntry> ContribOps();
std::span<const OpEntry> AttentionOps();

}  // namespace plumb::onnx

#endif  // PLUMB_VERIFY_INFERENCE_ONNX_CALL_H_
