#include "verify/inference/onnx/importer.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::onnx {
namespace {

std::string OperatorName(const OnnxNode& node) {
  return node.domain.empty() ? std::string(node.op_type) : fmt::format("{}.{}", node.domain, node.op_type);
}

// What messages call a node: its operator, and its name or that of its first result.
std::string Describe(const OnnxNode& node) {
  std::string_view name = node.name;
  for (std::string_view output : node.outputs) {
    if (name.empty()) name = output;
  }
  return fmt::format("{} \"{}\"", OperatorName(node), name);
}

std::map<std::string_view, int64_t> OpsetMap(const std::vector<OnnxOpset>& opsets) {
  std::map<std::string_view, int64_t> map;
  for (const OnnxOpset& opset : opsets) map.emplace(opset.domain, opset.version);
  return map;
}

}  // namespace

Importer::Importer(const OnnxFile& file, const Weights& weights, const OnnxValues& inputs,
                   const OnnxImportOptions& options)
    : file_(file), weights_(weights), inputs_(inputs), options_(options), emitter_(inputs_, weights_, options_) {
  for (const OnnxFunction& function : file.model().functions) {
    functions_.try_emplace({function.domain, function.name}, &function);
  }
}

absl::StatusOr<OnnxImport> Importer::Run(const std::vector<OnnxInput>& inputs) {
  const OnnxModelProto& model = file_.model();
  Scope scope;
  emitter_.SetName("inputs");
  BindInitializers(model.graph, scope);
  BindInputs(inputs, scope);
  const Frame frame = {.opsets = OpsetMap(model.opsets)};
  RunNodes(model.graph.nodes, frame, scope);
  std::vector<Value> outputs = Collect(model.graph.outputs, scope);
  for (const Value& output : outputs) {
    if (output.sequence) emitter_.Unsupported("an output is a sequence");
  }
  PLUMB_RETURN_IF_ERROR(emitter_.status());
  OnnxImport result;
  emitter_.SetName("outputs");
  PLUMB_ASSIGN_OR_RETURN(result.graph, emitter_.Build(outputs));
  for (const OnnxValueInfo& output : model.graph.outputs) result.output_names.emplace_back(output.name);
  result.specialised_on = {emitter_.specialised_on().begin(), emitter_.specialised_on().end()};
  result.operators = std::move(operators_);
  return result;
}

void Importer::BindInputs(const std::vector<OnnxInput>& inputs, Scope& scope) {
  for (const OnnxInput& input : inputs) {
    auto given = inputs_.find(input.name);
    if (given == inputs_.end()) {
      if (!input.has_default) emitter_.Fail(fmt::format("input \"{}\" is not given", input.name));
      continue;
    }
    const TensorValue& value = given->second;
    const std::optional<uint64_t> count = ElementCount(value.shape);
    if (value.type != input.type || !count || *count * ElementBytes(value.type) != value.bytes.size()) {
      emitter_.Fail(fmt::format("input \"{}\" is {} {}, expected {}", input.name, ElementTypeName(value.type),
                                ShapeText(value.shape), ElementTypeName(input.type)));
      continue;
    }
    const std::string_view name = given->first;
    scope.values[name] = emitter_.Input(given->first, value.type, value.shape);
  }
}

void Importer::BindInitializers(const OnnxGraph& graph, Scope& scope) {
  for (const OnnxTensor& tensor : graph.initializers) scope.values[tensor.name] = FromTensor(tensor);
  for (const OnnxSparseTensor& sparse : graph.sparse_initializers) {
    scope.values[sparse.values.name] = FromSparse(sparse);
  }
}

Value Importer::FromTensor(const OnnxTensor& tensor) {
  if (!emitter_.ok()) return emitter_.Fail("");
  if (const std::string* name = weights_.NameOf(tensor)) return emitter_.Weight(*name, tensor.dims);
  absl::StatusOr<OnnxBytes> bytes = file_.Read(tensor);
  absl::StatusOr<TensorValue> value = bytes.ok() ? ValueOf(tensor, *bytes) : bytes.status();
  if (value.ok()) return emitter_.Constant(*std::move(value));
  emitter_.SetStatus(value.status());
  return emitter_.Fail("");
}

Value Importer::FromSparse(const OnnxSparseTensor& sparse) {
  Value values = FromTensor(sparse.values);
  Value indices = FromTensor(sparse.indices);
  const std::optional<uint64_t> count = ElementCount(sparse.dims);
  if (!count || sparse.dims.empty()) return emitter_.Fail("a sparse tensor has no or too many elements");
  Value dense = emitter_.Expand(emitter_.Scalar(values.type, 0), {*count});
  if (indices.rank() == 2) {
    if (indices.shape[1] != sparse.dims.size()) return emitter_.Fail("a sparse tensor's indices do not fit its shape");
    dense = emitter_.Reshape(dense, sparse.dims);
    return emitter_.Append(OpKind::kScatterNd, {dense, indices, values}, ScatterAttributes{});
  }
  dense = emitter_.Append(OpKind::kScatterElements, {dense, indices, values}, ScatterAttributes{});
  return emitter_.Reshape(dense, sparse.dims);
}

void Importer::RunNodes(std::span<const OnnxNode> nodes, const Frame& frame, Scope& scope) {
  for (const OnnxNode& node : nodes) {
    if (!emitter_.ok()) return;
    RunNode(node, frame, scope);
  }
}

void Importer::RunNode(const OnnxNode& node, const Frame& frame, Scope& scope) {
  emitter_.SetName(Describe(node));
  if (!CountStep()) return;
  auto opset = frame.opsets.find(node.domain);
  const int64_t version = opset != frame.opsets.end() ? opset->second : 1;
  Call call(emitter_, *this, frame, node, version);
  for (std::string_view name : node.inputs) {
    const Value* value = name.empty() ? nullptr : scope.Find(name);
    if (value == nullptr && !name.empty()) return (void)emitter_.Fail(fmt::format("\"{}\" is no value", name));
    call.inputs.push_back(value != nullptr ? *value : Value());
  }
  ++operators_[OperatorName(node)];
  const Frame* outer_frame = std::exchange(frame_, &frame);
  const Scope* outer_scope = std::exchange(scope_, &scope);
  if (const OnnxFunction* function = FindFunction(node)) {
    RunFunction(*function, call, frame);
  } else if (Handler handler = FindHandler(node.domain, node.op_type)) {
    handler(call);
  } else {
    emitter_.Unsupported("Plumb does not read this operator");
  }
  frame_ = outer_frame;
  scope_ = outer_scope;
  for (size_t i = 0; i < node.outputs.size() && emitter_.ok(); ++i) {
    if (node.outputs[i].empty()) continue;
    if (!call.outputs[i].present) return (void)emitter_.Unsupported(fmt::format("result {} is not read", i));
    scope.values[node.outputs[i]] = std::move(call.outputs[i]);
  }
}

bool Importer::CountStep() {
  if (++steps_ <= options_.steps_max) return true;
  emitter_.SetStatus(absl::ResourceExhaustedError("the model takes too many operators"));
  return false;
}

const OnnxFunction* Importer::FindFunction(const OnnxNode& node) const {
  auto found = functions_.find({node.domain, node.op_type});
  return found == functions_.end() ? nullptr : found->second;
}

void Importer::RunFunction(const OnnxFunction& function, Call& call, const Frame& frame) {
  if (depth_ >= limits::kOnnxCallDepthMax) return (void)emitter_.Fail("functions call each other too deeply");
  ++depth_;
  Scope scope;
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    if (call.has(i)) scope.values[function.inputs[i]] = call.in(i);
  }
  const Frame inner = {
      .opsets = OpsetMap(function.opsets), .caller = &call.node, .function = &function, .outer = &frame};
  RunNodes(function.nodes, inner, scope);
  for (size_t i = 0; i < function.outputs.size() && emitter_.ok(); ++i) {
    const Value* value = scope.Find(function.outputs[i]);
    if (value != nullptr) call.Out(i, *value);
  }
  --depth_;
}

std::vector<Value> Importer::RunBody(const OnnxGraph& body, std::vector<Value> arguments) {
  std::vector<Value> results(body.outputs.size());
  if (!emitter_.ok()) return results;
  if (depth_ >= limits::kOnnxCallDepthMax) return emitter_.Fail("control flow is nested too deeply"), results;
  if (!CountStep()) return results;
  ++depth_;
  Scope scope = {.outer = scope_};
  const Frame* frame = frame_;
  BindInitializers(body, scope);
  for (size_t i = 0; i < body.inputs.size() && i < arguments.size(); ++i) {
    scope.values[body.inputs[i].name] = std::move(arguments[i]);
  }
  RunNodes(body.nodes, *frame, scope);
  results = Collect(body.outputs, scope);
  --depth_;
  return results;
}

std::vector<Value> Importer::Collect(const std::vector<OnnxValueInfo>& outputs, const Scope& scope) {
  std::vector<Value> values;
  for (const OnnxValueInfo& output : outputs) {
    const Value* value = scope.Find(output.name);
    if (value == nullptr) emitter_.Fail(fmt::format("output \"{}\" is no value", output.name));
    values.push_back(value != nullptr ? *value : Value());
  }
  return values;
}

}  // namespace plumb::onnx
