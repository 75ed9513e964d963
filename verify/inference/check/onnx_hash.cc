#include "verify/inference/check/onnx_hash.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "plumb/base/status.h"
#include "verify/inference/check/feeder.h"

namespace plumb {
namespace {

constexpr char kPrefix[] = "plumb-onnx-1:";
constexpr uint64_t kElementsMax = 1024;

// The hashes of a graph's values by name.
struct Scope {
  std::map<std::string_view, Digest> values;
  const Scope* outer = nullptr;

  const Digest* Find(std::string_view name) const {
    auto found = values.find(name);
    if (found != values.end()) return &found->second;
    return outer != nullptr ? outer->Find(name) : nullptr;
  }
};

// Keeps the first error; hashes after it mean nothing.
class Hasher {
 public:
  explicit Hasher(const OnnxFile& file) : file_(file) {}

  const absl::Status& status() const { return status_; }

  // The hash of the outputs, with their names, of a graph or function.
  Digest HashGraph(const OnnxGraph& graph, const Scope* outer) {
    Scope scope = {.values = {}, .outer = outer};
    for (const OnnxValueInfo& input : graph.inputs) scope.values[input.name] = HashInput(input);
    for (const OnnxTensor& tensor : graph.initializers) scope.values[tensor.name] = HashTensor(tensor);
    for (const OnnxSparseTensor& sparse : graph.sparse_initializers) {
      scope.values[sparse.values.name] = HashSparse(sparse);
    }
    HashNodes(graph.nodes, scope);
    Feeder feeder;
    for (const OnnxValueInfo& output : graph.outputs) AddValue(output.name, scope, feeder);
    return feeder.Finish();
  }

  Digest HashFunction(const OnnxFunction& function) {
    Scope scope;
    for (size_t i = 0; i < function.inputs.size(); ++i) {
      Feeder input;
      input.Add(i);
      scope.values[function.inputs[i]] = input.Finish();
    }
    HashNodes(function.nodes, scope);
    Feeder feeder;
    feeder.Add(function.domain);
    feeder.Add(function.name);
    AddOpsets(function.opsets, feeder);
    AddAttributes(function.defaults, scope, feeder);
    for (std::string_view output : function.outputs) AddValue(output, scope, feeder);
    return feeder.Finish();
  }

  static void AddOpsets(const std::vector<OnnxOpset>& opsets, Feeder& feeder) {
    std::map<std::string_view, int64_t> sorted;
    for (const OnnxOpset& opset : opsets) sorted.emplace(opset.domain, opset.version);
    feeder.Add(sorted.size());
    for (const auto& [domain, version] : sorted) {
      feeder.Add(domain);
      feeder.Add(version);
    }
  }

 private:
  static Digest HashInput(const OnnxValueInfo& input) {
    Feeder feeder;
    feeder.Add(std::string_view("input"));
    feeder.Add(input.name);
    feeder.Add(input.type);
    return feeder.Finish();
  }

  Digest HashTensor(const OnnxTensor& tensor) {
    Feeder feeder;
    feeder.Add(std::string_view("tensor"));
    feeder.Add(tensor.type);
    feeder.Add(tensor.dims);
    if (tensor.elements > kElementsMax) {
      feeder.Add(tensor.name);
      return feeder.Finish();
    }
    if (tensor.type == OnnxType::kString) {
      feeder.Add(tensor.strings);
      return feeder.Finish();
    }
    absl::StatusOr<OnnxBytes> bytes = file_.Read(tensor);
    if (bytes.ok()) {
      feeder.AddBytes(bytes->bytes);
    } else if (status_.ok()) {
      status_ = bytes.status();
    }
    return feeder.Finish();
  }

  Digest HashSparse(const OnnxSparseTensor& sparse) {
    Feeder feeder;
    feeder.Add(sparse.dims);
    feeder.Add(HashTensor(sparse.values));
    feeder.Add(HashTensor(sparse.indices));
    return feeder.Finish();
  }

  void AddAttributes(const std::vector<OnnxAttribute>& attributes, const Scope& scope, Feeder& feeder) {
    std::vector<const OnnxAttribute*> sorted;
    for (const OnnxAttribute& attribute : attributes) sorted.push_back(&attribute);
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
    feeder.Add(sorted.size());
    for (const OnnxAttribute* attribute : sorted) {
      feeder.Add(attribute->name);
      feeder.Add(attribute->type);
      feeder.Add(attribute->reference);
      feeder.Add(attribute->f);
      feeder.Add(attribute->i);
      feeder.Add(attribute->s);
      feeder.Add(attribute->floats);
      feeder.Add(attribute->ints);
      feeder.Add(attribute->strings);
      if (attribute->tensor) feeder.Add(HashTensor(*attribute->tensor));
      if (attribute->sparse_tensor) feeder.Add(HashSparse(*attribute->sparse_tensor));
      if (attribute->graph) feeder.Add(HashGraph(*attribute->graph, &scope));
    }
  }

  void HashNodes(std::span<const OnnxNode> nodes, Scope& scope) {
    for (const OnnxNode& node : nodes) {
      Feeder feeder;
      feeder.Add(node.domain);
      feeder.Add(node.op_type);
      feeder.Add(node.inputs.size());
      for (std::string_view input : node.inputs) {
        const Digest* value = input.empty() ? nullptr : scope.Find(input);
        feeder.Add(value != nullptr);
        if (value != nullptr) feeder.Add(*value);
      }
      AddAttributes(node.attributes, scope, feeder);
      const Digest whole = feeder.Finish();
      for (size_t i = 0; i < node.outputs.size(); ++i) {
        Feeder output;
        output.Add(whole);
        output.Add(i);
        scope.values[node.outputs[i]] = output.Finish();
      }
    }
  }

  static void AddValue(std::string_view name, const Scope& scope, Feeder& feeder) {
    feeder.Add(name);
    const Digest* value = scope.Find(name);
    feeder.Add(value != nullptr);
    if (value != nullptr) feeder.Add(*value);
  }

  const OnnxFile& file_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<std::string> OnnxHash(const OnnxFile& file) {
  const OnnxModelProto& model = file.model();
  Hasher hasher(file);
  Feeder feeder;
  Hasher::AddOpsets(model.opsets, feeder);
  feeder.Add(model.functions.size());
  for (const OnnxFunction& function : model.functions) feeder.Add(hasher.HashFunction(function));
  feeder.Add(hasher.HashGraph(model.graph, nullptr));
  PLUMB_RETURN_IF_ERROR(hasher.status());
  return kPrefix + feeder.Finish().ToString();
}

}  // namespace plumb
